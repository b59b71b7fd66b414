//! From nothing to a friend's first login: a Debian server that has just been installed, the package, and what its owner types.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed test may panic, and times are told"
)]

use std::time::Instant;

use e2e::{DEN, MACHINE, Terminal, World, password, screen};

/// What setup, the making of an account and the login itself may ask altogether.
const ANSWERS: usize = 5;

const PROMPT: &str = "root@den:~#";

/// What somebody types at a terminal, counted and timed.
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

    /// Runs what is typed at a prompt, with its questions, until the prompt is there again.
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
fn a_newcomer_types_at_most_five_answers_until_a_friend_logs_in() {
    for suite in ["bookworm", "trixie"] {
        let Some(world) = World::clean(suite) else { return };
        eprintln!("{suite}");
        world.start_internet(&DEN.replace("local = \"normal\"", "local = \"normal\"\nport = 32400"));
        world.preferences(MACHINE, "TOKEN-SECRET-olga");
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

        // Alice has never been here.
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
        a_stranger_stays_out(&world);
        world.assert_no_secret_leaked();
        if suite == "bookworm" {
            let shown = [owner.terminal.contents(), alice.terminal.contents()];
            let without_last = shown.map(|shown| shown.rsplit_once('\n').unwrap().0.to_owned());
            screen("newcomer", &without_last.join("\n\n"));
        }
    }
}

/// Nobody else comes in by it: no friend without access, no stranger, though they have local accounts; and Alice with nothing
/// but her password.
fn a_stranger_stays_out(world: &World) {
    world.add_user("bob", true, None);
    world.add_user("mallory", true, None);
    for (user, word) in [("bob", password("bob")), ("mallory", password("mallory")), ("alice", "wrong".to_owned())] {
        let refused = world.ssh("password", user, &word);
        assert!(!refused.ok() && refused.stderr.contains("Permission denied"), "{user}: {refused:?}");
    }
    let inside = world.ssh("password", "alice", &password("alice"));
    assert_eq!((inside.code, inside.stdout.as_str()), (0, "alice\n"), "{inside:?}");
}
