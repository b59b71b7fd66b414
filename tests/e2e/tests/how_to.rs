//! The how-to pages for a machine with the package, followed to the letter on a freshly installed Debian server. Each
//! ends in the state that the page promises, with the right logins accepted and refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed test may panic, and times are printed"
)]

use std::time::{Duration, Instant};

use e2e::{
    DEN, MACHINE, Out, SERVER_TOKEN, Terminal, World, as_user, den_with_friends, page_commands, password,
    with_server_token,
};

const SSH: &str = "docs/how-to/ssh.md";

const QUIET: &str = "-oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oLogLevel=ERROR";

/// The name of a page, and the function that follows it.
type Page = (&'static str, fn(&World));

/// Changes plex.tv's data and waits until the cached friend list has expired.
fn set_plex_world(world: &World, plex: &str) {
    world.plex().load(&internet(plex));
    world.sh("sleep 1.2");
}

fn internet(plex: &str) -> String {
    with_server_token(plex).replace("local = \"normal\"", "local = \"normal\"\nport = 32400")
}

/// The Den without Alice.
fn without_alice(world: &World) {
    set_plex_world(world, &DEN.replace("[\"alice\", ", "["));
}

/// Follows commands that end with a reload of sshd, which is not finished when systemctl returns.
fn follow_and_reload(world: &World, commands: &str) {
    assert!(commands.ends_with("systemctl reload ssh\n"), "{commands}");
    let listens = || world.syslog().matches("Server listening on 0.0.0.0").count();
    let before = listens();
    world.follow(commands);
    while listens() == before {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends what remains of a user's logins: systemd keeps their manager running for a while.
fn log_out(world: &World, user: &str) {
    world.sh(&format!("loginctl terminate-user {user}; while pgrep -u {user} >/dev/null; do sleep 0.05; done"));
}

fn can_log_in(world: &World, user: &str, typed: &str) -> bool {
    world.ssh("password", user, typed).stdout == format!("{user}\n")
}

/// Asserts that none of these logins succeeds. A refusal is delayed, so all run at once.
fn assert_refused(world: &World, logins: &[(&str, &str)]) {
    std::thread::scope(|scope| {
        for (user, typed) in logins {
            scope.spawn(move || {
                let out = world.ssh("password", user, typed);
                assert!(!out.ok() && out.stderr.contains("Permission denied"), "{user}: {out:?}");
            });
        }
    });
}

#[test]
fn r55_how_to_pages_work_to_the_letter_on_a_clean_machine() {
    let Some(world) = World::clean("bookworm") else { return };
    world.start_internet(&internet(DEN));
    world.preferences(MACHINE, SERVER_TOKEN);
    world.install_package();
    world.add_user("local", false, Some("LOCAL-SECRET"));
    let pages: [Page; 8] = [
        ("set-up", set_up),
        ("ssh", ssh),
        ("link-sign-in", link),
        ("sudo", sudo),
        ("sftp-only", sftp),
        ("friends", friends),
        ("troubleshooting", troubleshooting),
        ("by hand", by_hand),
    ];
    for (page, follow) in pages {
        let start = Instant::now();
        follow(&world);
        eprintln!("{:>6} ms  {page}", start.elapsed().as_millis());
    }
    world.assert_no_secret_leaked();
    tutorial(&world);
}

fn set_up(world: &World) {
    let page = |heading| page_commands("docs/how-to/set-up.md", heading);
    world.sh("mkdir -m 700 /run/secrets");
    world.write("/run/secrets/plex", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    world.follow(&page("In a script"));
    // The command that asks can be repeated to change an answer.
    let mut again = world.terminal(&["sh", "-c", page("On the machine of the Plex server").trim()]);
    again.wait_for("Who should be able to sign in");
    drop(again);
    let changes = world.follow(&page("Change a setting"));
    assert!(changes.contains("+strict_friends = false") && changes.contains("Nothing was changed"), "{changes}");
    world.sh("printf '\\n[timeouts]\\nfriend_list = \"1s\"\\n[throttle]\\nfree_tries = 20\\n' >>/etc/plex-auth.toml");
    media_server(world);
    let means = world.follow(&page("By hand"));
    assert!(means.contains("removed friends   lose access within 1s"), "{means}");
}

/// The command asks, and Enter keeps every other answer.
fn media_server(world: &World) {
    let command = page_commands("docs/how-to/set-up.md", "Let the media server refuse people too");
    let lines = || world.sh("grep '^server_url' /etc/plex-auth.toml; true").stdout;
    assert_eq!(lines(), "");
    let questions = ["Who should be able to sign in", "Apply?"];
    // The token was pasted, so plex.tv does not show the address. The error says what the page says.
    let mut terminal = world.terminal(&["sh", "-c", command.trim()]);
    assert_eq!(terminal.exit(), 1, "{}", terminal.contents());
    assert!(terminal.contents().contains("a token that was pasted shows none: add --sign-in link; or write it"));
    assert_eq!(lines(), "");
    let address = world.media_server("Den");
    let mut terminal = world.terminal(&["sh", "-c", &command.trim().replace("auto", &address)]);
    for question in questions {
        terminal.wait_for(question);
        terminal.type_line("");
    }
    assert_eq!(terminal.exit(), 0, "{}", terminal.contents());
    assert_eq!(lines(), format!("server_url = \"{address}\"\n"));
    // The other pages are followed without it.
    world.follow("plex-auth setup --yes --server-url ''\n");
    assert_eq!(lines(), "");
}

fn ssh(world: &World) {
    let page = |heading| page_commands(SSH, heading);
    let said = world.follow(&page("With the package"));
    assert!(said.contains("alice would be let in with the right password"), "{said}");
    assert!(can_log_in(world, "alice", &password("alice")) && can_log_in(world, "local", "LOCAL-SECRET"));
    assert_refused(world, &[("alice", "wrong"), ("mallory", &password("mallory")), ("local", &password("alice"))]);
    let by_prompt = world.ssh("keyboard-interactive", "alice", &password("alice"));
    assert_eq!(by_prompt.stdout, "alice\n", "it is off in Debian, and setup has turned it on");
    follow_and_reload(world, &page("Verification codes and links"));
    assert_eq!(world.ssh("keyboard-interactive", "alice", &password("alice")).stdout, "alice\n");
    assert_eq!(world.ssh_key("alice").stdout, "alice\n");
    without_alice(world);
    assert_refused(world, &[("alice", &password("alice"))]);
    assert!(!world.ssh_key("alice").ok());
    set_plex_world(world, DEN);
    assert_eq!(world.ssh_key("alice").stdout, "alice\n");
}

fn link(world: &World) {
    let page = |heading| page_commands("docs/how-to/link-sign-in.md", heading);
    world.follow(&page("Turn it on"));
    world.sh("systemctl restart plex-authd");
    let approve = |mut terminal: Terminal| {
        let code = terminal.ask_for_code();
        world.approve(&code, "alice");
        terminal.type_line("");
        terminal
    };
    let mut ssh = approve(world.ssh_terminal("127.0.0.1", "alice", 1));
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
    world.follow(&page("For other services"));
    world.allow_sudo(&["alice"]);
    let mut sudo = approve(world.terminal(&as_user("alice", &["sudo", "id", "-un"])));
    assert_eq!(sudo.exit(), 0, "{}", sudo.contents());
    world.sh("rm /etc/sudoers.d/test");
}

fn sudo(world: &World) {
    let page = |heading| page_commands("docs/how-to/sudo.md", heading);
    assert!(!world.sudo("alice", &password("alice"), &[]).ok(), "nobody has let her yet");
    world.follow(&page("With the package"));
    assert!(!world.sudo("alice", "wrong", &[]).ok());
    let mut shell = world.terminal(&as_user("alice", &["env", "PS1=$ ", "sh"]));
    shell.wait_for("$ ");
    shell.type_line("sudo id -un");
    shell.wait_for("password for alice");
    shell.type_line(&password("alice"));
    shell.wait_for("\nroot\n$");
    shell.type_line("sudo -n id -un");
    shell.wait_for("\nroot\n$");
    // A removed friend is refused immediately, although sudo has cached the password.
    without_alice(world);
    shell.type_line("sudo -n id -un; echo done");
    shell.wait_for("account");
    shell.wait_for("\ndone\n$");
    set_plex_world(world, DEN);
    shell.type_line("sudo -n id -un; echo again");
    shell.wait_for("\nroot\nagain\n$");
    world.follow(&page("Password timeout"));
    shell.type_line("sudo -n id -un");
    shell.wait_for("a password is required");
    world.sh("gpasswd -d alice sudo");
}

/// An SFTP session with a password, or with the existing key.
fn session(world: &World, login: &str, user: &str, commands: &str) -> Out {
    let line = format!("cd /root && {login} {QUIET} {user}@127.0.0.1");
    world.run_with(&["sh", "-c", &line], commands)
}

fn sftp(world: &World) {
    let page = |heading| page_commands("docs/how-to/sftp-only.md", heading);
    // One prompt: the verification code is behind the password.
    let typed = format!("{}314159", password("erin"));
    follow_and_reload(world, &page("Restrict the group in sshd"));
    let said = world.follow(&page("An account"));
    assert!(said.contains("bea transfers files by SFTP, and nothing else: into /srv/plex-auth/bea/upload"), "{said}");
    world.sh("mkdir -p /srv/films && echo film >/srv/films/film && echo mine >/root/mine");
    world.choose("files", Some("/srv/films"));
    world.follow(&page("A media folder"));
    let by_password = |user: &str, typed: &str, commands: &str| {
        world.write("/run/typed", 0o600, "root:root", &format!("{typed}\n"));
        let login = "sshpass -f /run/typed sftp -oPreferredAuthentications=password -oNumberOfPasswordPrompts=1";
        session(world, login, user, commands)
    };
    let inside = by_password("bea", &typed, "ls /\nget /media/film got\nput mine\n");
    assert!(inside.ok() && inside.stdout.contains("/media"), "{inside:?}");
    world.sh("grep -qx film /root/got && grep -qx mine /srv/plex-auth/bea/upload/mine && rm /root/got");
    // Access to one directory only.
    let beyond = by_password("bea", &typed, "-get /etc/passwd got\n-put mine /media/new\n-put mine /.forward\n");
    assert!(beyond.stderr.contains("not found") && !world.run(&["test", "-e", "/root/got"]).ok(), "{beyond:?}");
    world.sh("test ! -e /srv/films/new && test ! -e /srv/plex-auth/bea/.forward");
    // No shell, no command, no tunnel.
    let command = world.ssh("password", "bea", &typed);
    assert!(!command.ok() && !command.stdout.contains("bea"), "{command:?}");
    let tunnel = format!(
        "sshpass -f /run/typed ssh {QUIET} -oPreferredAuthentications=password -oExitOnForwardFailure=yes -W 127.0.0.1:22 bea@127.0.0.1"
    );
    let tunnel = world.run(&["sh", "-c", &tunnel]);
    assert!(!tunnel.ok() && !tunnel.stdout.contains("SSH-2.0"), "{tunnel:?}");
    for (user, typed) in [("bea", "wrong".to_owned()), ("mallory", password("mallory"))] {
        assert!(!by_password(user, &typed, "ls /\n").ok(), "{user}");
    }
    world.sh("install -d -m 755 /srv/plex-auth/bea/.ssh && install -m 644 /run/key.pub /srv/plex-auth/bea/.ssh/authorized_keys");
    let by_key = || session(world, "sftp -i /run/key -oPreferredAuthentications=publickey", "bea", "ls /\n");
    assert!(by_key().ok(), "{:?}", by_key());
    set_plex_world(world, &DEN.replace("\"erin\", ", ""));
    assert!(!by_key().ok() && !by_password("bea", &typed, "ls /\n").ok());
    set_plex_world(world, DEN);
    assert!(can_log_in(world, "local", "LOCAL-SECRET"), "others have what they had");
    world.follow(&page("Remove access").replace("\nplex-auth user unlink bea", ""));
    world.sh(
        "cat /srv/films/film && test ! -e /srv/plex-auth/.removed-bea-*/media && ! grep /srv/plex-auth/ /proc/mounts",
    );
    world.choose("shell", None);
}

fn friends(world: &World) {
    let page = |heading| page_commands("docs/how-to/friends.md", heading);
    assert!(world.follow(&page("List friends")).contains("frank@example.org"));
    let one = page("One account").replace("user add al ", "user add al2 ").replace("user remove al", "user remove al2");
    let one = one.replace("alice", "erin");
    world.follow(&one);
    world.sh("! id al2 2>/dev/null && test -d /home/.removed-al2-* && ! grep -q '^local' /etc/plex-auth.toml");
    // Another friend, who has had no account yet: `sync` gives none to erin and frank, who have.
    let invited = den_with_friends(&["grace"]);
    set_plex_world(world, &invited);
    let commands = page("All accounts");
    let (dry_run, sync) = commands.trim().split_once('\n').unwrap();
    let done = world.follow(&format!("{dry_run}\n"));
    assert!(done.contains("add grace: for grace"), "{done}");
    for (friend, local) in [("erin", "al2"), ("frank", "local")] {
        let had =
            format!("the account '{local}' was theirs, and sync creates no second one: plex-auth user add NAME --plex");
        assert!(done.lines().any(|line| line.contains(friend) && line.contains(&had)), "{friend}: {done}");
    }
    let mut terminal = world.terminal(&["sh", "-c", sync.trim()]);
    terminal.wait_for("Create this new account? [y/N]");
    terminal.type_line("y");
    assert_eq!(terminal.exit(), 0, "{}", terminal.contents());
    assert!(can_log_in(world, "grace", &password("grace")));
    log_out(world, "grace");
    world.follow(&page("Every hour"));
    world.sh("systemctl is-active plex-auth-sync.timer");
    set_plex_world(world, &invited.replace("[\"alice\", ", "["));
    world.sh("systemctl start plex-auth-sync");
    assert!(!world.ssh_key("alice").ok());
    world.sh("chage -l alice | grep -q 'Account expires.*1970'");
    set_plex_world(world, &invited);
    world.sh("systemctl start plex-auth-sync");
    assert!(can_log_in(world, "alice", &password("alice")));
    world.sh("plex-auth user remove grace");
    set_plex_world(world, DEN);
}

fn troubleshooting(world: &World) {
    let page = |heading| page_commands("docs/how-to/troubleshooting.md", heading);
    let said = world.follow(&page("Diagnose").replace("plex-auth doctor", "plex-auth doctor || test $? = 3"));
    assert!(said.contains("alice would be let in") && said.contains("on the list"), "{said}");
    assert!(world.follow(&page("Read the log")).contains("plex-authd"));
    let (out, back) =
        page("Disable Plex authentication").split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    world.follow(&out);
    assert!(!can_log_in(world, "alice", &password("alice")) && can_log_in(world, "local", "LOCAL-SECRET"));
    world.follow(&back);
    assert!(can_log_in(world, "alice", &password("alice")) && can_log_in(world, "local", "LOCAL-SECRET"));
}

fn by_hand(world: &World) {
    let sudo = page_commands("docs/how-to/sudo.md", "By hand");
    world.sh("cp -a /etc/pam.d /root/pam.d");
    world.follow(&page_commands(SSH, "By hand"));
    world.sh("! grep -q plex /etc/pam.d/common-auth /etc/pam.d/common-account");
    assert!(can_log_in(world, "alice", &password("alice")) && can_log_in(world, "local", "LOCAL-SECRET"));
    assert_refused(world, &[("alice", "wrong"), ("mallory", &password("mallory"))]);
    world.allow_sudo(&["alice", "local"]);
    world.sh("! grep -q plex /etc/pam.d/sudo");
    world.follow(&sudo);
    assert_eq!(world.sudo("alice", &password("alice"), &[]).stdout, "root\n");
    assert_eq!(world.sudo("local", "LOCAL-SECRET", &[]).stdout, "root\n");
    assert_eq!(world.su("local", "alice", &password("alice"), &[]).stdout, "alice\n");
    assert!(!world.su("local", "alice", "wrong", &[]).ok());
    follow_and_reload(world, &page_commands(SSH, "Allow only Plex friends"));
    assert!(can_log_in(world, "alice", &password("alice")) && !can_log_in(world, "local", "LOCAL-SECRET"));
    assert_eq!(world.ssh_key("local").stdout, "local\n");
    // Restores the package's configuration. The common stacks belong to pam-auth-update.
    world.sh("cp -a /root/pam.d/sshd /root/pam.d/sudo /root/pam.d/su /etc/pam.d && rm /etc/pam.d/plex-auth");
    world.sh("rm /etc/ssh/sshd_config.d/10-friends.conf");
    follow_and_reload(world, "pam-auth-update --package\nsystemctl reload ssh\n");
}

fn tutorial(world: &World) {
    let page = |heading| page_commands("docs/tutorial.md", heading);
    let why = world.follow(&page("See why").replace("plex-auth doctor", "plex-auth doctor || test $? = 3"));
    assert!(why.contains("alice would be let in with the right password"), "{why}");
    world.follow(&page("Add another friend"));
    assert!(can_log_in(world, "frank", &password("frank")));
    world.start(&["systemd-run", "--quiet", "--uid=frank", "sleep", "600"]);
    world.follow(&page("Undo everything"));
    assert!(!world.run(&["id", "frank"]).ok() && world.run(&["sh", "-c", "ls -d /home/.removed-frank-*"]).ok());
    let left = world
        .run(&["sh", "-c", "grep -rw 'pam_plex.so\\|plex-users' /etc/pam.d; ls /etc/plex-auth.toml 2>/dev/null"])
        .stdout;
    assert_eq!(left, "");
    assert!(!can_log_in(world, "alice", &password("alice")) && can_log_in(world, "local", "LOCAL-SECRET"));
}
