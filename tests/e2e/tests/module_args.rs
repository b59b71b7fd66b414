//! The module's arguments in a stack.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, password};

#[test]
fn r46_module_rejects_unknown_arguments_by_name_and_creates_no_file() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.types(password("alice"));
    let codes = |arguments: &str| {
        let stack = format!("auth required pam_plex.so {arguments}\naccount required pam_plex.so {arguments}\n");
        world.write("/etc/pam.d/arguments", 0o644, "root:root", &stack);
        let facts = world.observe("arguments", "alice", "auth,account", "typed");
        (facts.code("auth"), facts.code("account"))
    };
    for good in
        ["", "try_first_pass", "debug", "socket=/run/plex-auth/socket", "try_first_pass debug", "one_prompt nodelay"]
    {
        assert_eq!(codes(good), (Code::SUCCESS, Code::SUCCESS), "{good}");
    }
    for (bad, named) in [
        ("log=/tmp/written", "unknown argument 'log=/tmp/written'"),
        ("debug=/tmp/written", "unknown argument 'debug=/tmp/written'"),
        ("debug_file=/tmp/written", "unknown argument 'debug_file=/tmp/written'"),
        ("audit", "unknown argument 'audit'"),
        ("nullok", "unknown argument 'nullok'"),
        ("Debug", "unknown argument 'Debug'"),
        ("debug [socket=/tmp/a b]x", "unknown argument"),
        ("[log=\u{1b}\u{7}/tmp/written]", "unknown argument 'log=??/tmp/written'"),
        ("debug socket=run/plex-auth/socket", "argument socket= needs an absolute path"),
        ("one_prompt link", "so link cannot go with it"),
        ("socket=", "argument socket= needs an absolute path"),
        ("socket=../run/plex-auth/socket", "argument socket= needs an absolute path"),
    ] {
        let (both, log) = world.logged(|| codes(bad));
        assert_eq!(both, (Code::SERVICE_ERR, Code::SERVICE_ERR), "{bad}");
        for phase in ["auth", "account"] {
            let line = format!("pam_plex(arguments:{phase})");
            assert!(log.lines().any(|said| said.contains(&line) && said.contains(named)), "{bad}: {log}");
        }
        assert!(!log.contains("plex-authd"), "the daemon was asked: {log}");
    }
    // An absolute path other than the daemon's is only connected to, never created.
    for elsewhere in ["socket=/tmp/written", "socket=/run/written/socket", "socket=/run/../tmp/written"] {
        assert_eq!(codes(elsewhere), (Code::AUTHINFO_UNAVAIL, Code::AUTHINFO_UNAVAIL), "{elsewhere}");
    }
    let made = world.sh("find / /run /tmp /etc /home /dev -xdev -name 'written*' -newer /mnt/ready").stdout;
    assert_eq!(made, "");
}
