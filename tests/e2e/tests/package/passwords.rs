//! R35: changes of passwords with the distribution's own tools, through the stack that pam-auth-update generates.

use e2e::{Out, World};

use crate::machine::Machine;

/// Part of the message to the user.
const WHERE: &str = "https://app.plex.tv";

/// A new password, typed twice.
const NEW: &str = "Fresh-SECRET-99\nFresh-SECRET-99\n";

/// Accounts with access, without it, and with a local password as well.
const FRIENDS: [&str; 3] = ["alice", "bob", "annie"];

fn shadow(world: &World, user: &str) -> String {
    world.sh(&format!("getent shadow {user} | cut -d: -f2")).stdout
}

/// Runs both of root's tools, and asserts that they change the password or refuse to.
fn assert_root_changes(world: &World, user: &str, changes: bool) {
    let tools: [(&str, &dyn Fn() -> Out); 2] = [
        ("passwd", &|| world.run_with(&["passwd", user], NEW)),
        ("chpasswd", &|| world.run_with(&["chpasswd"], &format!("{user}:Fresh-SECRET-99\n"))),
    ];
    for (tool, run) in tools {
        let before = shadow(world, user);
        let out = run();
        assert_eq!((out.ok(), shadow(world, user) != before), (changes, changes), "{tool} {user}: {out:?}");
    }
}

pub fn r35_no_tool_gives_a_friend_a_local_password(machine: &Machine) {
    let (world, stacks) = (&machine.world, machine.stacks());
    let modules = world.sh("sed -n 's/^password.*\\(pam_[a-z_]*\\)\\.so.*/\\1/p' /etc/pam.d/common-password").stdout;
    assert_eq!(modules, "pam_unix\npam_deny\npam_permit\npam_plex\npam_succeed_if\npam_deny\n");
    for user in FRIENDS {
        assert_root_changes(world, user, false);
        let said = world.run_with(&["passwd", user], NEW).stderr;
        assert_eq!(said.matches(WHERE).count(), 1, "{said}");
    }
    // A friend's own passwd has pam_unix's prompt first.
    for (user, typed, says) in [("alice", "x", "Current password"), ("annie", "ANNIE-SECRET", WHERE)] {
        let before = shadow(world, user);
        let own = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "passwd"];
        let out = world.run_with(&own, &format!("{typed}\n{NEW}"));
        assert!(!out.ok() && (out.stdout.clone() + &out.stderr).contains(says), "{user}: {out:?}");
        assert_eq!(shadow(world, user), before, "{user}");
    }
    for user in ["local", "root"] {
        assert_root_changes(world, user, true);
    }
    // Without the daemon, the group decides.
    world.sh("systemctl stop plex-authd.socket plex-authd.service");
    assert_root_changes(world, "alice", false);
    assert_root_changes(world, "local", true);
    world.sh("systemctl start plex-authd.socket");
    // The owner of the machine can deselect this profile alone.
    let choose =
        |how: &str| world.sh(&format!("DEBIAN_FRONTEND=noninteractive pam-auth-update {how} plex-auth-password"));
    choose("--disable");
    let before = shadow(world, "alice");
    assert_root_changes(world, "alice", true);
    assert!(world.run(&["usermod", "--password", before.trim(), "alice"]).ok());
    choose("--enable");
    assert_eq!(machine.stacks(), stacks);
    assert!(world.run_with(&["chpasswd"], "root:ROOT-SECRET\nlocal:LOCAL-SECRET\n").ok());
    machine.assert_local_logins("passwords");
}
