//! The quick start, from a freshly installed Debian server to a friend's first login: the package, and the owner's
//! input.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed test may panic, and times are printed"
)]

use std::time::Instant;

use e2e::{DEN, MACHINE, SERVER_TOKEN, Terminal, World, password, screen, with_server_token};

/// Maximum number of answers in setup, account creation and the login together.
const ANSWERS: usize = 5;

const PROMPT: &str = "root@den:~#";

/// A user at a terminal, with a count of answers and a start time.
struct Sitting {
    terminal: Terminal,
    answers: usize,
    start: Instant,
}

impl Sitting {
    fn new(terminal: Terminal) -> Self {
        Self { terminal, answers: 0, start: Instant::now() }
    }

    fn answer(&mut self, question: &str, answer: &str) {
        self.terminal.wait_for(question);
        self.terminal.type_line(answer);
        self.answers += 1;
    }

    /// Runs a command with its questions, until the shell prompt appears again.
    fn command(&mut self, line: &str, questions: &[(&str, &str)]) {
        let start = Instant::now();
        self.terminal.type_line(line);
        for (question, answer) in questions {
            self.answer(question, answer);
        }
        self.terminal.wait_for(PROMPT);
        eprintln!("{:>6} ms  {line}", start.elapsed().as_millis());
    }
}

#[test]
fn quick_start_needs_at_most_five_answers_until_a_friend_logs_in() {
    for suite in ["bookworm", "trixie"] {
        let Some(world) = World::clean(suite) else { return };
        eprintln!("{suite}");
        world.start_internet(&with_server_token(DEN).replace("local = \"normal\"", "local = \"normal\"\nport = 32400"));
        world.preferences(MACHINE, SERVER_TOKEN);
        let package = world.bring_package();

        let mut owner = Sitting::new(world.terminal(&["env", "-C", "/root", "HOME=/root", "USER=root", "bash"]));
        owner.terminal.wait_for(PROMPT);
        owner.command(&format!("apt-get install ./{package}"), &[]);
        owner.command(
            "plex-auth setup",
            &[
                ("Only friends with whom Den is shared?", ""),
                ("approve a code at plex.tv/link", ""),
                ("Who is to sign in here", "1"),
            ],
        );

        // Alice has never logged in here.
        let laptop = ["env", "HOME=/nonexistent", "PS1=alice@laptop:~$ ", "bash", "--norc"];
        let mut alice = Sitting::new(world.terminal(&laptop));
        alice.terminal.wait_for("alice@laptop:~$");
        let asked = Instant::now();
        alice.terminal.type_line("ssh alice@den");
        alice.answer("Are you sure you want to continue connecting", "yes");
        alice.answer("alice@den's password:", &password("alice"));
        // The prompt of her shell.
        alice.terminal.wait_for("permitted by applicable law.\n$");
        eprintln!("{:>6} ms  ssh alice@den", asked.elapsed().as_millis());
        alice.terminal.type_line("id");
        alice.terminal.wait_for("uid=1000(alice)");
        alice.terminal.type_line("exit");
        alice.terminal.wait_for("alice@laptop:~$");

        let answers = owner.answers + alice.answers;
        eprintln!("{:>6} ms  from the package to the login, with {answers} answers", owner.start.elapsed().as_millis());
        assert!(answers <= ANSWERS, "{answers} answers");
        assert_strangers_are_refused(&world);
        world.assert_no_secret_leaked();
        if suite == "bookworm" {
            let shown = [owner.terminal.contents(), alice.terminal.contents()];
            let without_last = shown.map(|shown| shown.rsplit_once('\n').unwrap().0.to_owned());
            screen("newcomer", &without_last.join("\n\n"));
        }
    }
}

/// Asserts that a friend without access and a stranger cannot log in, although they have local accounts, and Alice only
/// with her password.
fn assert_strangers_are_refused(world: &World) {
    world.add_user("bob", true, None);
    world.add_user("mallory", true, None);
    for (user, word) in [("bob", password("bob")), ("mallory", password("mallory")), ("alice", "wrong".to_owned())] {
        let refused = world.ssh("password", user, &word);
        assert!(!refused.ok() && refused.stderr.contains("Permission denied"), "{user}: {refused:?}");
    }
    let inside = world.ssh("password", "alice", &password("alice"));
    assert_eq!((inside.code, inside.stdout.as_str()), (0, "alice\n"), "{inside:?}");
}
