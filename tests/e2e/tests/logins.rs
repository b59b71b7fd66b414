//! The main use case: a Plex password opens an SSH session, sudo and su, through the shipped stacks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, World, password};
use fakeplex::Endpoint;

const QUICK: &str = "[timeouts]\nfriend_list = \"1s\"";

#[test]
fn friend_can_log_in_over_ssh_and_a_stranger_cannot() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    world.start_sshd();
    for method in ["password", "keyboard-interactive"] {
        let alice = world.ssh(method, "alice", &password("alice"));
        assert_eq!(alice.stdout, "alice\n", "{method}: {alice:?}");
        for (who, typed) in [
            ("alice", "wrong".into()),
            ("bob", password("bob")),
            ("carol", password("carol")),
            ("mallory", password("mallory")),
            ("root", "x".into()),
        ] {
            let refused = world.ssh(method, who, &typed);
            assert!(!refused.ok() && refused.stdout.is_empty(), "{method} {who}: {refused:?}");
        }
    }
    world.assert_no_secret_leaked();
}

#[test]
fn r37_unknown_user_at_sshd_sends_nothing_to_plex_tv() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.start_sshd();
    world.plex().reset();
    for method in ["password", "keyboard-interactive"] {
        assert!(!world.ssh(method, "nobody-here", &password("alice")).ok());
    }
    assert_eq!(world.plex().counters().total(), 0);
}

#[test]
fn local_password_works_and_sends_nothing_to_plex_tv() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.start_sshd();
    world.add_user("alfred", true, Some("LOCAL-SECRET"));
    world.plex().reset();
    assert_eq!(world.ssh("password", "local", "LOCAL-SECRET").stdout, "local\n");
    assert_eq!(world.codes("sshd", "alfred", "auth", "LOCAL-SECRET\n").of("auth"), e2e::Code::SUCCESS);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
}

#[test]
fn r55_key_of_a_removed_friend_is_refused() {
    let Some(world) = World::with_everything(DEN, QUICK) else { return };
    world.start_sshd();
    assert_eq!(world.ssh_key("alice").stdout, "alice\n");
    assert_eq!(world.ssh_key("local").stdout, "local\n");
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    std::thread::sleep(std::time::Duration::from_millis(2500));
    let removed = world.ssh_key("alice");
    assert!(!removed.ok() && removed.stdout.is_empty(), "{removed:?}");
    world.wait_for_log(&["denied", "user=\"alice\"", "phase=account"]);
}

#[test]
fn sudo_and_su_accept_the_plex_password() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.allow_sudo(&["alice", "bob", "local"]);
    assert_eq!(world.sudo("alice", &password("alice"), &[]).stdout, "root\n");
    assert_eq!(world.sudo("local", "LOCAL-SECRET", &[]).stdout, "root\n");
    assert_eq!(world.su("local", "alice", &password("alice"), &[]).stdout, "alice\n");
    assert_eq!(world.run(&["su", "alice", "-c", "id -un"]).stdout, "alice\n");
    assert!(!world.sudo("bob", &password("bob"), &[]).ok());
    assert!(!world.su("local", "bob", &password("bob"), &[]).ok());
    assert!(!world.su("local", "alice", "wrong", &[]).ok());
    assert!(!world.su("local", "root", &password("alice"), &[]).ok());
    world.assert_no_secret_leaked();
}
