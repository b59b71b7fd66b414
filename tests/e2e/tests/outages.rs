//! Outages of the daemon, its socket, and plex.tv.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password, within};
use fakeplex::{Endpoint, Fault};

/// Asserts that both phases for a managed account are unavailable within two seconds each.
fn assert_unavailable(world: &World, what: &str) {
    within(Duration::from_secs(2), what, || {
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "{what}");
    });
    within(Duration::from_secs(2), what, || assert_eq!(world.account("alice"), Code::AUTHINFO_UNAVAIL, "{what}"));
}

/// Asserts that root and local accounts log in through the shipped stacks, and managed accounts do not.
fn assert_local_logins(world: &World, what: &str) {
    assert_eq!(world.ssh("password", "local", "LOCAL-SECRET").stdout, "local\n", "{what}");
    assert_eq!(world.ssh_key("local").stdout, "local\n", "{what}");
    assert_eq!(world.sudo("local", "LOCAL-SECRET", &[]).stdout, "root\n", "{what}");
    assert_eq!(world.run(&["su", "root", "-c", "id -un"]).stdout, "root\n", "{what}");
    assert_eq!(world.codes("sshd", "root", "auth,acct", "ROOT-SECRET\n").of("acct"), Code::SUCCESS, "{what}");
    assert!(!world.ssh("password", "alice", &password("alice")).ok(), "{what}");
    assert!(!world.ssh_key("alice").ok(), "{what}");
}

#[test]
fn r13_without_the_daemon_local_accounts_log_in_and_others_fail_quickly() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.start_sshd();
    world.allow_sudo(&["local"]);
    assert!(world.run_with(&["chpasswd"], "root:ROOT-SECRET\n").ok());

    world.sh("pkill -STOP -x plex-authd");
    assert_unavailable(&world, "hung");
    assert_local_logins(&world, "hung");
    world.sh("pkill -CONT -x plex-authd; sleep 0.2");
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);

    world.sh("pkill -KILL -x plex-authd; sleep 0.1");
    assert_unavailable(&world, "killed, so that no process listens at the socket");
    assert_local_logins(&world, "killed");
    world.sh("rm /run/plex-auth/socket");
    assert_unavailable(&world, "no socket");
    assert_local_logins(&world, "no socket");
    world.wait_for_log(&["pam_plex(alone:auth)", "systemctl status plex-authd"]);

    world.start_authd(&world.config(""));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.assert_no_secret_leaked();
}

#[test]
fn r20_login_is_unavailable_if_the_daemon_dies() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.plex().fault(Endpoint::Signin, Fault::Delay(4000));
    let code = std::thread::scope(|scope| {
        let login = scope.spawn(|| world.authenticate("alice", &password("alice")));
        std::thread::sleep(Duration::from_secs(1));
        world.sh("pkill -KILL -x plex-authd");
        login.join().unwrap()
    });
    assert_eq!(code, Code::AUTHINFO_UNAVAIL);
    world.plex().clear_faults();
    world.start_authd(&world.config(""));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn sigterm_lets_a_login_in_progress_finish() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.plex().fault(Endpoint::Signin, Fault::Delay(1500));
    let code = std::thread::scope(|scope| {
        let login = scope.spawn(|| world.authenticate("alice", &password("alice")));
        std::thread::sleep(Duration::from_millis(700));
        world.stop_authd();
        login.join().unwrap()
    });
    assert_eq!(code, Code::SUCCESS);
    assert_eq!(world.plex().counters().live_tokens, 0);
    assert!(!world.run(&["test", "-e", "/run/plex-auth/socket"]).ok());
}

#[test]
fn r18_r36_outage_of_plex_tv_is_neither_a_wrong_password_nor_a_success() {
    let further = "[timeouts]\nlogin = \"2s\"\nconnect = \"1s\"";
    let Some(world) = World::with_everything(DEN, further) else { return };
    let faults = [
        Fault::Silence,
        Fault::Drip,
        Fault::Cut,
        Fault::Reset,
        Fault::Captcha,
        Fault::Huge(9),
        Fault::Garbage,
        Fault::Truncated,
        Fault::Status(502, "<html>".into()),
        Fault::Status(404, String::new()),
        Fault::Redirect("https://localhost:1/".into()),
    ];
    for fault in faults {
        world.plex().fault(Endpoint::Signin, fault.clone());
        let start = Instant::now();
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "{fault:?}");
        // Without the daemon's limit, the module's would apply: over a minute.
        assert!(start.elapsed() < Duration::from_secs(20), "{fault:?}: {:?}", start.elapsed());
        assert_eq!(world.account("alice"), Code::SUCCESS, "the list is still young: {fault:?}");
        world.plex().clear_faults();
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "after {fault:?}");
    }
    // A failed sign-out changes nothing.
    world.plex().fault(Endpoint::Signout, Fault::Status(500, String::new()));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.assert_no_secret_leaked();
}

#[test]
fn account_phase_uses_the_last_friend_list_until_known_list_expires() {
    let further = "[timeouts]\nfriend_list = \"1s\"\nknown_list = \"5s\"\nlogin = \"2s\"\nconnect = \"1s\"";
    let Some(world) = World::with_everything(DEN, further) else { return };
    assert_eq!(world.account("alice"), Code::SUCCESS);
    world.plex().fault(Endpoint::SharedServers, Fault::Status(503, String::new()));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    assert_eq!(world.account("alice"), Code::SUCCESS);
    std::thread::sleep(Duration::from_secs(5));
    // R65: without a current list the account phase is a refusal.
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
    assert_eq!(world.account("bob"), Code::PERM_DENIED);
    world.plex().clear_faults();
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(world.account("alice"), Code::SUCCESS);
    assert_eq!(world.account("bob"), Code::PERM_DENIED);
}

#[test]
fn r35_managed_account_is_never_ignored_in_any_outage() {
    let Some(world) = World::with_everything(DEN, "[timeouts]\nlogin = \"1s\"\nconnect = \"1s\"\nfriend_list = \"1s\"")
    else {
        return;
    };
    // After a permissive module, IGNORE would grant access.
    world.write(
        "/etc/pam.d/open",
        0o644,
        "root:root",
        "account required pam_permit.so\naccount required pam_plex.so\n",
    );
    let account = |user: &str| world.codes("open", user, "acct", "").of("acct");
    assert_eq!((account("local"), account("alice"), account("bob")), (Code::SUCCESS, Code::SUCCESS, Code::PERM_DENIED));
    // R65: unavailable means that no daemon answered.
    let (refused, unanswered) = (Code::PERM_DENIED, Code::AUTHINFO_UNAVAIL);
    let breakages = [
        ("no group any more", "sed -i '/^plex-users:/d' /etc/group /etc/gshadow", refused),
        ("hung", "pkill -STOP -x plex-authd", unanswered),
        (
            "another listener",
            // The listener reads everything: if it closed early, its answer might be lost.
            "pkill -KILL -x plex-authd; rm /run/plex-auth/socket; \
             setsid --fork socat UNIX-LISTEN:/run/plex-auth/socket,fork SYSTEM:'echo hello; cat >/dev/null' \
             >/dev/null 2>&1; until [ -S /run/plex-auth/socket ]; do sleep 0.02; done",
            refused,
        ),
        ("no socket", "pkill socat; rm -f /run/plex-auth/socket", unanswered),
        ("no directory", "rm -rf /run/plex-auth", unanswered),
    ];
    for (what, command, expected) in breakages {
        world.sh(command);
        assert_eq!((account("alice"), account("bob")), (expected, expected), "{what}");
    }
    // Without any list from the start: plex.tv is down and no list is stored.
    world
        .sh("groupadd plex-users; usermod -aG plex-users alice; usermod -aG plex-users bob; rm -rf /var/lib/plex-auth");
    world.plex().fault(Endpoint::All, Fault::Status(503, String::new()));
    world.start_authd(&world.config("[timeouts]\nlogin = \"1s\"\nconnect = \"1s\""));
    assert_eq!((account("alice"), account("bob")), (refused, refused));
    assert_eq!(account("local"), Code::SUCCESS);
}

#[test]
fn daemon_started_with_a_stale_friend_list_waits_for_a_new_one() {
    let further = "[timeouts]\nfriend_list = \"1s\"\nknown_list = \"1s\"";
    let Some(world) = World::with_everything(DEN, further) else { return };
    assert_eq!(world.account("alice"), Code::SUCCESS);
    world.stop_authd();
    std::thread::sleep(Duration::from_millis(1500));
    world.plex().fault(Endpoint::SharedServers, Fault::Delay(1500));
    world.start_authd(&world.config(further));
    assert_eq!(world.account("alice"), Code::SUCCESS);
    assert_eq!(world.account("bob"), Code::PERM_DENIED);
}

/// The list is cached for five minutes, a password for ten seconds of an outage.
#[test]
fn r11_friend_list_fresh_enough_for_a_sign_in_is_valid_in_an_outage() {
    let Some(world) = World::with_everything(DEN, "[cache]\noffline = \"10s\"") else { return };
    std::thread::sleep(Duration::from_secs(11));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.plex().fault(Endpoint::Signin, Fault::Status(503, String::new()));
    // The password is hashed after the verdict.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(world.authenticate("alice", "another"), Code::AUTHINFO_UNAVAIL);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}
