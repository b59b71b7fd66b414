//! Synchronisation of SMB passwords with those that plex.tv accepts: conditions, timing, and failures.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, SYNC, Try, World, count, password};

/// The Den, with this password for Alice.
fn den_with(password: &str) -> String {
    let quoted = password.replace('\\', "\\\\").replace('"', "\\\"");
    DEN.replace("password = \"PASSWORD-SECRET-alice\"", &format!("password = \"{quoted}\""))
}

/// Number of times that plex-auth-samba logged setting an account's password.
fn times_set(world: &World, user: &str) -> usize {
    world.syslog().matches(&format!("\"{user}\": the SMB password is that of Plex now")).count()
}

/// Signs a user in; the password must be accepted.
fn sign_in(world: &World, user: &str, password: &str) {
    assert_eq!(world.authenticate(user, password), Code::SUCCESS, "{user} {password:?}");
}

#[test]
fn su_and_sudo_synchronise_the_smb_password() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    world.allow_sudo(&["alice"]);
    assert_eq!(world.sudo("alice", &password("alice"), &[]).stdout, "root\n");
    world.wait_for_smb("alice", &password("alice"), "ok");
    assert_eq!(world.su("local", "frank", &password("frank"), &[]).stdout, "frank\n");
    world.wait_for_smb("frank", &password("frank"), "ok");
    world.assert_no_secret_leaked();
}

#[test]
fn r39_smb_password_is_set_unchanged_or_not_at_all() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    let long = |bytes: usize| "PASSWORD-SECRET-\u{e4}".to_owned() + &"x".repeat(bytes - 18);
    let odd = [" PASSWORD-SECRET p\u{e4}ss\u{f6} % ' \" \\ $HOME `id` \u{1f642} ".to_owned(), long(253), long(254)];
    for good in &odd {
        world.plex().load(&den_with(good));
        sign_in(&world, "alice", good);
        world.wait_for_smb("alice", good, "ok");
        assert_eq!(world.smb_says("alice", good.trim_end_matches('x').trim()), "NT_STATUS_LOGON_FAILURE");
    }
    // One byte more than Samba supports: the login succeeds, and the share keeps the previous password.
    for bytes in [255, 256, 1000] {
        let too_long = long(bytes);
        world.plex().load(&den_with(&too_long));
        sign_in(&world, "alice", &too_long);
        world.wait_for_log(&["plex-authd[", "'alice' could not be set", &format!("{bytes} bytes")]);
    }
    assert_eq!(world.smb_says("alice", &long(254)), "ok");
    assert_eq!(world.smb_says("alice", ""), "NT_STATUS_LOGON_FAILURE");
    world.assert_no_secret_leaked();
}

#[test]
fn sixty_four_simultaneous_logins_synchronise_every_smb_password() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    // From many addresses, since identical attempts share a sign-in; 32 of each account, which are its slots.
    let tries: Vec<Try> = (0..64)
        .map(|n| {
            let user = if n % 2 == 0 { "alice" } else { "frank" };
            Try::new(user, &format!("192.0.2.{}", n / 2), &password(user))
        })
        .collect();
    let log_in = |together| {
        let outcomes = world.many(together, &tries);
        assert_eq!(count(&outcomes, Code::SUCCESS), 64, "{outcomes:?}");
        for user in ["alice", "frank"] {
            world.wait_for_smb(user, &password(user), "ok");
        }
    };
    log_in(32);
    world.sh("smbpasswd -x alice; smbpasswd -x frank");
    log_in(64);
    assert!(!world.syslog().contains("could not be set"), "{}", world.syslog());
}

#[test]
fn smb_password_is_set_again_only_after_a_change_by_another_tool() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    let both = || {
        for user in ["alice", "frank"] {
            sign_in(&world, user, &password(user));
        }
        // Synchronisation is sequential: it follows both logins.
        std::thread::sleep(Duration::from_millis(700));
    };
    both();
    for user in ["alice", "frank"] {
        world.wait_for_smb(user, &password(user), "ok");
    }
    let before = (times_set(&world, "alice"), times_set(&world, "frank"));
    both();
    both();
    assert_eq!((times_set(&world, "alice"), times_set(&world, "frank")), before);
    // Changed by another tool, and removed altogether.
    assert!(world.run_with(&["smbpasswd", "-s", "-a", "alice"], "OTHER-SECRET\nOTHER-SECRET\n").ok());
    assert_eq!(world.smb_says("alice", &password("alice")), "NT_STATUS_LOGON_FAILURE");
    both();
    world.wait_for_smb("alice", &password("alice"), "ok");
    world.sh("smbpasswd -x alice");
    both();
    world.wait_for_smb("alice", &password("alice"), "ok");
}

#[test]
fn r13_killed_samba_service_affects_no_login_and_the_next_one_synchronises() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    world.kill_samba_service();
    let start = Instant::now();
    sign_in(&world, "alice", &password("alice"));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    world.wait_for_log(&["'alice' could not be set", "systemctl status plex-auth-samba.socket"]);
    assert_eq!(world.smb_says("alice", &password("alice")), "NT_STATUS_LOGON_FAILURE");
    // Killed while it works, with a slow smbpasswd.
    world.sh("mv /usr/bin/smbpasswd /usr/bin/smbpasswd.real");
    let slow = "#!/bin/sh\ncase \"$*\" in *frank) : >/run/samba/at-work; sleep 2 ;; esac\n\
                exec /usr/bin/smbpasswd.real \"$@\"\n";
    world.write("/usr/bin/smbpasswd", 0o755, "root:root", slow);
    world.start_samba_service();
    sign_in(&world, "frank", &password("frank"));
    world.sh("until [ -e /run/samba/at-work ]; do sleep 0.02; done");
    world.kill_samba_service();
    world.wait_for_log(&["'frank' could not be set", "closed the connection"]);
    world.sh("sleep 2.5; mv /usr/bin/smbpasswd.real /usr/bin/smbpasswd");
    // Killing smbd during a sign-in has no effect either.
    world.start_samba_service();
    world.kill_smbd();
    for user in ["alice", "frank"] {
        sign_in(&world, user, &password(user));
    }
    world.start_smbd();
    for user in ["alice", "frank"] {
        world.wait_for_smb(user, &password(user), "ok");
    }
    world.assert_no_secret_leaked();
}

#[test]
fn only_passwords_just_accepted_by_plex_tv_are_synchronised() {
    let further = format!("[cache]\nremember = \"1h\"\n{SYNC}");
    let Some(world) = World::with_samba(DEN, &further) else { return };
    // Accepted from the cache, not by plex.tv.
    world.kill_samba_service();
    sign_in(&world, "alice", &password("alice"));
    world.wait_for_log(&["'alice' could not be set"]);
    world.start_samba_service();
    sign_in(&world, "alice", &password("alice"));
    world.wait_for_log(&["accepted", "user=\"alice\"", "cached password"]);
    // A verification code appended to the password is not part of it.
    sign_in(&world, "erin", &format!("{}314159", password("erin")));
    sign_in(&world, "frank", &password("frank"));
    world.wait_for_smb("frank", &password("frank"), "ok");
    assert_eq!((times_set(&world, "alice"), times_set(&world, "erin")), (0, 0));
    // A code entered at its own prompt leaves the password usable.
    let typed = format!("{}\n314159\n", password("erin"));
    assert_eq!(world.codes("alone", "erin", "auth", &typed).of("auth"), Code::SUCCESS);
    world.wait_for_smb("erin", &password("erin"), "ok");
    // A local password is not synchronised.
    assert!(world.run_with(&["chpasswd"], "erin:LOCAL-SECRET\n").ok());
    assert_eq!(world.codes("sshd", "erin", "auth", "LOCAL-SECRET\n").of("auth"), Code::SUCCESS);
    assert_eq!(world.smb_says("erin", "LOCAL-SECRET"), "NT_STATUS_LOGON_FAILURE");
}

#[test]
fn no_smb_password_is_set_by_default() {
    let Some(world) = World::with_samba(DEN, "") else { return };
    sign_in(&world, "alice", &password("alice"));
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(world.smb_says("alice", &password("alice")), "NT_STATUS_LOGON_FAILURE");
    assert!(!world.syslog().contains("could not be set"));
}
