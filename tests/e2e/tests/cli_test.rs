//! `plex-auth test`: explains why an account can or cannot log in.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

use std::time::Duration;

use e2e::{Code, DEN, World, password};
use fakeplex::{Endpoint, Fault};

const QUICK: &str = "[timeouts]\nfriend_list = \"1s\"";

/// Screen and exit code of the command on a terminal.
fn test(world: &World, line: &str) -> (String, i32) {
    let mut terminal = world.terminal(&words(line));
    let code = terminal.exit();
    (terminal.contents(), code)
}

fn words(line: &str) -> Vec<&str> {
    ["plex-auth", "test"].into_iter().chain(line.split(' ')).collect()
}

/// [`test`] with these answers typed at its prompts.
fn typed(world: &World, line: &str, answers: &[(&str, &str)]) -> (String, i32) {
    let mut terminal = world.terminal(&words(line));
    for (prompt, answer) in answers {
        terminal.wait_for(prompt);
        terminal.type_line(answer);
    }
    let code = terminal.exit();
    (terminal.contents(), code)
}

/// The line for a member of the group that the first list has bound.
fn bound(user: &str, id: u64) -> String {
    format!("✓ binding: {user} belongs to Plex id {id}\n")
}

/// The line for a member of the group whose name no Plex account had.
fn unbound(user: &str) -> String {
    format!(
        "✗ binding: no Plex account had the name {user} when it joined the group, or it had an entry in [users], or the group does \
         not list it; one that has the name now does not get the account\n    if you know whose it is: plex-auth user link {user} WHO\n"
    )
}

/// First lines for an account in the group.
fn begin(world: &World, user: &str) -> String {
    let uid = world.sh(&format!("id -u {user}")).stdout;
    format!(
        "✓ configuration: /etc/plex-auth.toml can be read\n\
         ✓ local account: {user}, uid {}\n\
         ✓ managed: a member of the group plex-users, so the Plex username '{user}'\n",
        uid.trim()
    )
}

const TOKEN: &str = "✓ token: plex.tv accepts it; the owner is olga, olga@example.org (Plex id 1)\n";
const SHARED: &str = "✓ access: the server is shared with them, and they accepted\n";
const ON_LIST: &str = "✓ account phase: accepted: on the list\n";
/// People on the list of the server's shares.
const LISTED: u32 = 4;
const SHARING: &str = "https://app.plex.tv/desktop/#!/settings/manage-library-access";

#[test]
fn test_explains_each_kind_of_user_step_by_step_without_a_sign_in() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    let nobody = "no friend with this name has access";
    let cases = [
        (
            "alice",
            format!(
                "✓ friend list: alice, alice@example.org (Plex id 2)\n{SHARED}{}\
                 ✓ decision: may sign in with the Plex password of alice@example.org\n{ON_LIST}\
                 alice would be let in with the right password.",
                bound("alice", 2)
            ),
            0,
        ),
        (
            "olga",
            format!(
                "✓ friend list: olga, olga@example.org (Plex id 1)\n\
                 ✓ access: the owner, whom admin_account names\n{}\
                 ✓ decision: may sign in with the Plex password of olga@example.org\n\
                 ✓ account phase: accepted: the owner's own account, which needs no list\n\
                 olga would be let in with the right password.",
                bound("olga", 1)
            ),
            0,
        ),
        (
            "bob",
            format!(
                "✗ friend list: none of the {LISTED} people on it is called 'bob'\n    \
                 see who there is: plex-auth friends; invite them: {SHARING}\n{}\
                 ✗ decision: {nobody}\n✗ account phase: denied: {nobody}\nbob would not be let in.",
                unbound("bob")
            ),
            1,
        ),
        (
            "carol",
            format!(
                "✓ friend list: carol, carol@example.org (Plex id 4)\n\
                 ✗ access: the invitation has not been accepted\n    \
                 they accept the invitation in the mail from Plex, or at https://app.plex.tv\n{}\
                 ✗ decision: the invitation has not been accepted\n\
                 ✗ account phase: denied: the invitation has not been accepted\ncarol would not be let in.",
                bound("carol", 4)
            ),
            1,
        ),
        (
            "mallory",
            format!(
                "✗ friend list: none of the {LISTED} people on it is called 'mallory'\n    \
                 see who there is: plex-auth friends; invite them: {SHARING}\n{}\
                 ✗ decision: {nobody}\n✗ account phase: denied: {nobody}\nmallory would not be let in.",
                unbound("mallory")
            ),
            1,
        ),
    ];
    for (user, rest, expected) in cases {
        let (shown, code) = test(&world, user);
        assert_eq!(shown, format!("{}{TOKEN}{rest}", begin(&world, user)), "{user}");
        assert_eq!(code, expected, "{user}");
    }
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    assert_eq!((world.rows("pin"), world.rows("last_login")), (5, 0), "nobody has logged in");
    // A friend takes the name of one of them: the account stays nobody's, and the way to change that has their id.
    world.plex().load(
        &DEN.replace("username = \"frank\"", "username = \"mallory2\"")
            .replace("\"mallory\"", "\"other\"")
            .replace("mallory2", "mallory")
            .replace("\"frank\"]", "\"mallory\"]"),
    );
    std::thread::sleep(Duration::from_millis(2500));
    let (shown, code) = test(&world, "mallory");
    let hint = "if you know whose it is: plex-auth user link mallory 6\n";
    assert!(
        code == 1
            && shown.contains(hint)
            && shown.contains(
                "✗ decision: the account belongs to no Plex account: none had its name when it joined the group"
            ),
        "{shown}"
    );
    world.assert_no_secret_leaked();
}

#[test]
fn r15_test_explains_unmanaged_accounts_without_asking_plex_tv() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    world.sh("useradd --system daemonic");
    world.plex().reset();
    let account = |user: &str| format!("✓ local account: {user}, uid {}", world.sh(&format!("id -u {user}")).stdout);
    let system = "root and system accounts never sign in with Plex";
    let cases = [
        (
            "local",
            format!(
                "{}✗ managed: neither in [users] nor in the group\n    run: gpasswd --add local plex-users\n\
                 ✗ account phase: not managed: neither in [users] nor in the group\n",
                account("local")
            ),
        ),
        ("root", format!("{}✗ managed: {system}\n✗ account phase: not managed: {system}\n", account("root"))),
        ("daemonic", format!("{}✗ managed: {system}\n✗ account phase: not managed: {system}\n", account("daemonic"))),
        (
            "nobody-here",
            "✗ local account: there is no 'nobody-here' on this machine\n    \
             if it is for a friend: plex-auth user add nobody-here --plex WHO\n\
             ✗ account phase: not managed: no such local account\n"
                .into(),
        ),
    ];
    for (user, middle) in cases {
        let (shown, code) = test(&world, user);
        let begin = "✓ configuration: /etc/plex-auth.toml can be read\n";
        assert_eq!((shown, code), (format!("{begin}{middle}{user} would not be let in."), 1));
    }
    // The daemon refreshes its list; no request is about these accounts.
    let asked = world.plex().seen().into_iter().filter(|seen| seen.endpoint != Endpoint::SharedServers);
    assert!(asked.clone().all(|seen| seen.endpoint == Endpoint::User), "{:?}", asked.collect::<Vec<_>>());
}

#[test]
fn test_with_a_password_shows_the_verdict_without_a_login() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nfree_tries = 20") else { return };
    let prompt = |user: &str| format!("Plex password of {user}:");
    let ask = |user: &str, answers: &[(&str, &str)]| typed(&world, &format!("{user} --password"), answers);

    let (shown, code) = ask("alice", &[(&prompt("alice"), &password("alice"))]);
    let end = "Plex password of alice:\n✓ sign-in: accepted: plex.tv accepted the sign-in\n\
               alice would have been let in with this password.";
    assert!(shown.ends_with(end) && code == 0, "{code} {shown}");
    assert!(!shown.contains("SECRET"), "{shown}");
    world.wait_for_log(&["accepted", "user=\"alice\"", "service=\"plex-auth\"", "phase=auth"]);

    let (shown, code) = ask("alice", &[(&prompt("alice"), "wrong")]);
    let end = "✗ sign-in: denied: wrong password\nalice would not have been let in.";
    assert!(shown.ends_with(end) && code == 1, "{code} {shown}");
    assert!(shown.contains("✓ binding: alice belongs to Plex id 2\n"), "{shown}");

    let (shown, code) = ask("alice", &[(&prompt("alice"), "")]);
    assert!(shown.contains("✗ sign-in: denied: empty password\n") && code == 1, "{code} {shown}");
    let (shown, code) = ask("alice", &[(&prompt("alice"), &"x".repeat(1025))]);
    assert!(shown.contains("✗ sign-in: denied: password longer than 1024 bytes\n") && code == 1, "{code} {shown}");

    let code_prompt = "Plex verification code:";
    let (shown, code) = ask("erin", &[(&prompt("erin"), &password("erin")), (code_prompt, "314159")]);
    assert!(shown.contains("✓ sign-in: accepted: plex.tv accepted the sign-in\n") && code == 0, "{code} {shown}");
    let codes = ["314158", "x", "000000"].map(|typed| (code_prompt, typed));
    let (asked, secret) = (prompt("erin"), password("erin"));
    let wrong = [&[(asked.as_str(), secret.as_str())], &codes[..]].concat();
    let (shown, code) = ask("erin", &wrong);
    assert!(shown.contains("✗ sign-in: denied: wrong verification code\n") && code == 1, "{code} {shown}");

    // The prompt is shown as at a login, but the password is not sent.
    world.plex().reset();
    let (shown, code) = ask("bob", &[(&prompt("bob"), &password("bob"))]);
    assert!(shown.contains("✗ sign-in: denied: no friend with this name has access") && code == 1, "{code} {shown}");
    let (shown, code) = test(&world, "local --password");
    assert!(shown.contains("✗ sign-in: not managed: neither in [users] nor in the group\n") && code == 1, "{shown}");
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);

    // Without a terminal, neither an argument nor standard input is accepted instead.
    let piped = world.run_with(&["setsid", "plex-auth", "test", "alice", "--password"], &password("alice"));
    assert!(piped.code == 1 && piped.stdout.contains("✗ sign-in: there is no terminal for questions"), "{piped:?}");
    world.wait_for_rows("login WHERE phase = 'auth'", 7);
    assert_eq!(world.rows("last_login"), 0, "a test is no login");
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0);
    world.assert_no_secret_leaked();
}

#[test]
fn test_with_a_service_counts_failures_only_for_itself() {
    let Some(world) =
        World::with_everything(DEN, "[throttle]\nfree_tries = 1\nfirst_pause = \"60s\"\nlongest_pause = \"60s\"")
    else {
        return;
    };
    let prompt = "Plex password of alice:";
    let line = "alice --password --service sshd";
    assert_eq!(typed(&world, line, &[(prompt, "wrong")]).1, 1);
    world.wait_for_log(&["denied", "user=\"alice\"", "service=\"sshd\""]);
    let (shown, code) = typed(&world, line, &[(prompt, &password("alice"))]);
    let throttled = "✗ sign-in: throttled: too many failed attempts from this origin; the password was not checked\n    \
                     see what happened: plex-auth logins\n";
    assert!(shown.contains(throttled) && code == 1, "{shown}");
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn test_says_that_plex_authd_is_stopped() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    world.stop_authd();
    let shown = "✓ configuration: /etc/plex-auth.toml can be read\n\
                 ✗ account phase: plex-authd is not running: no process listens at /run/plex-auth/socket\n    \
                 run: systemctl start plex-authd.socket\nalice would not be let in.";
    for line in ["alice", "alice --password"] {
        assert_eq!(test(&world, line), (shown.to_owned(), 1), "{line}");
    }
}

#[test]
fn test_works_while_plex_tv_is_unavailable() {
    let Some(world) = World::with_everything(DEN, &format!("{QUICK}\n[cache]\noffline = \"24h\"")) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("remembered", 1);
    world.plex().fault(Endpoint::All, Fault::Status(503, String::new()));
    // The list grows too old for a sign-in.
    std::thread::sleep(Duration::from_millis(1500));
    let (shown, code) = test(&world, "alice");
    let rest = format!(
        "✗ friend list: the friend list: plex.tv: answered 503 and nothing that can be read\n    run: plex-auth doctor\n{ON_LIST}\
         alice would not be let in."
    );
    assert_eq!((shown, code), (begin(&world, "alice") + &rest, 1));
    // The cache lets her log in, and the command says so when her password is tried.
    let (shown, code) = typed(&world, "alice --password", &[("Plex password of alice:", &password("alice"))]);
    let end = "✓ sign-in: accepted: cached password, since plex.tv was not available; the friend list: plex.tv: answered 503 \
               and nothing that can be read\nalice would have been let in with this password.";
    assert!(shown.ends_with(end) && code == 0, "{code} {shown}");
}

#[test]
fn test_reports_configuration_errors_first() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    let right = world.config(QUICK);
    let begin = |found: &str| format!("✗ configuration: /etc/plex-auth.toml{found}");
    for (config, found) in [
        (
            right.replace("group", "gruop"),
            ":4:1: there is no key 'gruop'\n    did you mean 'group'?\n✓ local account: alice",
        ),
        ("token = \"x\"\n".into(), ": strict_friends needs machine_id\n    add machine_id = "),
    ] {
        world.write_config(&config);
        let (shown, code) = test(&world, "alice");
        assert!(shown.starts_with(&begin(found)) && shown.contains(ON_LIST.trim_end()) && code == 1, "{shown}");
    }
    // plex-authd reports the age of its configuration in whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    // The current file maps the account; the daemon, which decides, was started with another one.
    world.write_config(&format!("{right}[users]\nlocal = \"alice\"\ngone = \"frank\"\n"));
    let (shown, code) = test(&world, "local");
    let old = "! configuration: /etc/plex-auth.toml has changed since plex-authd read it\n    run: systemctl reload plex-authd\n";
    assert!(shown.starts_with(old), "{shown}");
    assert!(
        shown.contains("✗ account phase: not managed: neither in [users] nor in the group\n") && code == 1,
        "{shown}"
    );
    let (shown, _) = test(&world, "gone");
    let lacking =
        "✗ local account: there is no 'gone' on this machine\n    run: plex-auth user add gone --plex frank\n";
    assert!(shown.contains(lacking), "{shown}");
    world.sh("rm /etc/plex-auth.toml");
    let (shown, code) = test(&world, "alice");
    let not_set_up =
        "✗ configuration: plex-auth is not set up: there is no /etc/plex-auth.toml\n    run: plex-auth setup\n";
    assert!(shown.starts_with(not_set_up) && code == 1, "{shown}");
    // Before setup plex-authd is not running either, for the same reason: said once.
    world.stop_authd();
    assert_eq!(test(&world, "alice"), (format!("{not_set_up}alice would not be let in."), 1));
    world.assert_no_secret_leaked();
}

#[test]
fn test_explains_a_reassigned_username_with_both_solutions() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.plex().load(&DEN.replace("id = 2\n", "id = 22\n"));
    std::thread::sleep(Duration::from_millis(2500));
    let (shown, code) = test(&world, "alice");
    let why = "the name belonged to Plex id 2 at the first login, but now belongs to 22; if that is the right \
               person, put 22 into [users]";
    let rest = format!(
        "✓ friend list: alice, alice@example.org (Plex id 22)\n\
         ✓ binding: alice belongs to Plex id 2\n\
         ✗ decision: {why}\n    or forget who it was: plex-auth forget alice\n\
         ✗ account phase: denied: {why}\nalice would not be let in."
    );
    assert_eq!((shown, code), (format!("{}{TOKEN}{rest}", begin(&world, "alice")), 1));
    // A user who has changed their username is found by their id.
    world.plex().load(&DEN.replace("\"alice\"", "\"alicia\""));
    std::thread::sleep(Duration::from_millis(2500));
    let (shown, code) = test(&world, "alice");
    assert!(shown.contains("✓ friend list: alicia, alice@example.org (Plex id 2)\n") && code == 0, "{shown}");
}

#[test]
fn test_without_a_token_leaves_access_to_the_sign_in() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    world.stop_authd();
    world.sh("rm /var/lib/plex-auth/state.db");
    let config = world.config(QUICK).replace("token = \"TOKEN-SECRET-olga\"\n", "owner_id = 1\n");
    world.start_authd(&config);
    let (shown, code) = test(&world, "alice");
    let token = "✓ token: there is none: whether they reach the server is asked once they have signed in\n\
                 ✓ decision: may sign in with the Plex password of alice\n";
    let phase = "! account phase: refused before their first sign-in: without a token, the user must first sign in with a \
                 password or a link code; there was no recent sign-in\n\
                 alice would be let in with the right password.";
    assert_eq!((shown, code), (format!("{}{token}{phase}", begin(&world, "alice")), 0));
    world.stop_authd();
    world.start_authd(&format!("{config}\n[users]\nalice = \"2\"\n"));
    let (shown, code) = test(&world, "alice");
    assert!(
        shown.contains("✗ decision: without a token, [users] must name the user by username") && code == 1,
        "{shown}"
    );
}

#[test]
fn test_without_strict_friends_accepts_every_friend() {
    let Some(world) = World::with_everything(DEN, &format!("strict_friends = false\n{QUICK}")) else { return };
    let (shown, code) = test(&world, "bob");
    let access = "✓ access: a friend of the owner, which is enough here\n";
    assert!(shown.contains(access) && shown.contains(ON_LIST) && code == 0, "{shown}");
    let (shown, code) = test(&world, "carol");
    assert!(shown.contains("✗ access: the invitation has not been accepted\n") && code == 1, "{shown}");
}

#[test]
fn test_reports_the_same_steps_as_json() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    for (user, let_in) in [("alice", true), ("carol", false)] {
        let out = world.run(&words(&format!("{user} --json")));
        let told: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
        assert_eq!((&told["user"], &told["let_in"], out.ok()), (&user.into(), &let_in.into(), let_in), "{out:?}");
        assert!(out.stderr.is_empty(), "{out:?}");
        let steps: Vec<_> =
            told["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
        let checks = [
            "configuration",
            "local account",
            "managed",
            "token",
            "friend list",
            "access",
            "binding",
            "decision",
            "account phase",
        ];
        assert_eq!(steps, checks);
        let access = &told["checks"][5];
        assert_eq!(access["status"], if let_in { "ok" } else { "error" });
        assert_eq!(access["hint"].is_string(), !let_in, "{access}");
    }
}
