//! `state.db` on a full, read-only or damaged disk, and after the daemon dies while writing: logins continue, and
//! refusals stay in force.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::thread::sleep;
use std::time::Duration;

use e2e::{Code, DEN, Try, World, password};

const ONE_SECOND: &str = "[throttle]\nsign_ins_per_hour = 1000\n[timeouts]\nfriend_list = \"1s\"";

/// Alice has renamed herself to Alicia and has no access any more, and Mallory, a friend with access, took the name: only
/// the identity binding tells.
fn renamed() -> String {
    DEN.replace("username = \"alice\"", "username = \"alicia\"")
        .replace("username = \"mallory\"", "username = \"alice\"")
        .replace("account = \"mallory\"", "account = \"alice\"")
}

/// Asserts that the new holder of the name is refused, because of the first login's identity binding.
fn assert_identity_is_bound(world: &World, when: &str) {
    assert_eq!(world.authenticate("alice", &password("mallory")), Code::AUTH_ERR, "{when}");
    assert_eq!(world.account("alice"), Code::PERM_DENIED, "{when}");
}

/// Asserts that the usual logins have their usual results.
fn assert_logins_go_on(world: &World, when: &str) {
    assert_eq!(world.authenticate("frank", &password("frank")), Code::SUCCESS, "{when}");
    assert_eq!(world.authenticate("frank", "wrong"), Code::AUTH_ERR, "{when}");
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR, "{when}");
    assert_eq!(world.account("frank"), Code::SUCCESS, "{when}");
    assert_eq!(world.account("bob"), Code::PERM_DENIED, "{when}");
}

#[test]
fn damaged_state_file_is_set_aside_and_logged() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let damages = [
        "head -c 30000 /dev/urandom >state.db",
        "printf 'some notes of mine' >state.db",
        // A page in the middle of an otherwise valid file.
        "head -c 4000 /dev/urandom | dd of=state.db bs=1 seek=4096 conv=notrunc status=none",
        "sqlite3 state.db 'DROP TABLE pin; CREATE TABLE pin (x)'",
        "truncate -s 5000 state.db",
    ];
    for (number, damage) in (1..).zip(damages) {
        assert_logins_go_on(&world, damage);
        world.stop_authd();
        world.sh(&format!("cd /var/lib/plex-auth; {damage}"));
        world.start_authd(&world.config(""));
        assert_logins_go_on(&world, damage);
        assert_eq!(world.sql("PRAGMA integrity_check").trim(), "ok", "{damage}");
        let aside = world.sh("ls /var/lib/plex-auth | grep -cE '^state.db.broken-[0-9]+$'").stdout;
        assert_eq!(aside.trim(), number.to_string(), "{damage}");
        assert_eq!(
            world.syslog().matches("; moved to /var/lib/plex-auth/state.db.broken-").count(),
            number,
            "{damage}"
        );
        // The file name contains the time in seconds.
        sleep(Duration::from_millis(1100));
    }
}

#[test]
fn full_disk_stops_no_login_and_grants_no_access() {
    let Some(world) = World::with_everything(DEN, ONE_SECOND) else { return };
    world.stop_authd();
    world.sh("mount -t tmpfs -o size=512k,mode=700,uid=plex-auth,gid=plex-auth tmpfs /var/lib/plex-auth");
    world.start_authd(&world.config(ONE_SECOND));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("pin WHERE account = 'alice'", 1);
    let fill = "dd if=/dev/zero of=/var/lib/plex-auth/filler bs=1k 2>/dev/null; \
                while printf xxxxxxxx >>/var/lib/plex-auth/filler; do :; done 2>/dev/null; true";
    world.sh(fill);
    world.plex().load(&renamed());
    sleep(Duration::from_millis(1300));
    // Enough logins that the rows to write exceed the space already allocated.
    let tries: Vec<Try> = (0..200).map(|n| Try::new("frank", &format!("192.0.2.{n}"), &password("frank"))).collect();
    assert!(world.many(8, &tries).iter().all(|answers| answers.code == Code::SUCCESS));
    world.wait_for_log(&["state.db cannot be written", "logins continue", "check the free space"]);
    assert_logins_go_on(&world, "full");
    assert_identity_is_bound(&world, "full");
    let said = |what: &str| world.syslog().matches(what).count();
    let (failed, mended) = (said("state.db cannot be written"), said("state.db can be written again"));
    assert!(failed <= mended + 1, "it is said {failed} times, and {mended} times that it is over");
    world.kill_authd();
    world.start_authd(&world.config(ONE_SECOND));
    assert_logins_go_on(&world, "full at the start");
    assert_identity_is_bound(&world, "full at the start");
    world.sh("rm /var/lib/plex-auth/filler");
    world.stop_authd();
    world.start_authd(&world.config(ONE_SECOND));
    assert_identity_is_bound(&world, "room again");
    assert_logins_go_on(&world, "room again");
    world.wait_for_rows("pin WHERE account IN ('alice', 'frank')", 2);
    assert_eq!(world.sql("PRAGMA integrity_check").trim(), "ok");
}

#[test]
fn read_only_state_file_is_still_used() {
    for how in [World::kill_authd, World::stop_authd] {
        let Some(world) = World::with_everything(DEN, ONE_SECOND) else { return };
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
        world.wait_for_rows("pin WHERE account = 'alice'", 1);
        let ids = [world.sql("SELECT client_id FROM installation").trim().to_owned(), world.sign_in_id()];
        how(&world);
        world.sh("mount --bind /var/lib/plex-auth /var/lib/plex-auth && mount -o remount,ro,bind /var/lib/plex-auth");
        assert!(!world.run(&["touch", "/var/lib/plex-auth/x"]).ok(), "it is read-only");
        world.plex().load(&renamed());
        world.plex().reset();
        world.start_authd(&world.config(ONE_SECOND));
        world.wait_for_log(&["state.db", "continuing without it"]);
        sleep(Duration::from_millis(1300));
        assert_identity_is_bound(&world, "read-only");
        assert_logins_go_on(&world, "read-only");
        let seen: Vec<_> = world.plex().seen().into_iter().filter_map(|seen| seen.client_id).collect();
        assert!(ids.iter().all(|id| seen.contains(id)), "{seen:?}");
        assert!(seen.iter().all(|seen| ids.contains(seen)), "a new client id would cost everybody a mail");
        world.sh("umount /var/lib/plex-auth");
    }
}

#[test]
fn daemon_killed_while_writing_leaves_a_valid_state_file() {
    let numbers = "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000\n[cache]\nremember = \"1s\"";
    let Some(world) = World::with_everything(DEN, numbers) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("pin WHERE account = 'alice'", 1);
    let id = world.sql("SELECT client_id FROM installation");
    for round in 0..5 {
        std::thread::scope(|scope| {
            let people = ["alice", "frank", "olga"].iter().cycle().zip(0..400);
            let tries = people.map(|(user, n)| {
                let typed = if n % 4 == 0 { "wrong".into() } else { password(user) };
                Try::new(user, &format!("192.0.{round}.{}", n % 250), &typed)
            });
            let (world, tries): (_, Vec<Try>) = (&world, tries.collect());
            let logins = scope.spawn(move || world.many(16, &tries));
            sleep(Duration::from_millis(300 + 150 * round));
            world.kill_authd();
            let answers = logins.join().unwrap();
            let known = [Code::SUCCESS, Code::AUTH_ERR, Code::AUTHINFO_UNAVAIL];
            assert!(answers.iter().all(|one| known.contains(&one.code)), "{answers:?}");
            assert!(answers.iter().any(|one| one.code == Code::AUTHINFO_UNAVAIL), "it died too late");
        });
        assert_eq!(world.sql("PRAGMA integrity_check").trim(), "ok", "round {round}");
        world.start_authd(&world.config(numbers));
        assert!(!world.syslog().contains("set aside"), "round {round}");
        assert_eq!(world.sql("SELECT client_id FROM installation"), id);
        assert_eq!(world.rows("pin WHERE account = 'alice' AND plex_id = 2"), 1);
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    }
    assert!(world.rows("tries") > 100, "hardly anything was written: {}", world.rows("tries"));
}
