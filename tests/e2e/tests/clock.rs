//! Wall-clock steps of two days forward and back, while the daemon runs and across its restarts. Ages are measured with
//! a clock that cannot be set; only what outlives a restart depends on the wall clock.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

use std::fs;
use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password};
use fakeplex::{Endpoint, Fault};
use serde_json::Value;

/// The daemon's right time, and the steps of two days: none of them is earlier than the build of the daemon.
const RIGHT: &str = "+4d";
const JUMPS: [&str; 2] = ["+6d", "+2d"];

/// A clock that was never set.
const UNSET: &str = "2020-01-01 00:00:00";

/// A machine whose daemon has its own wall clock.
struct Clocked {
    world: World,
    config: String,
}

impl Clocked {
    fn new(further: &str) -> Option<Self> {
        let world = World::new()?;
        world.add_user("alice", true, None);
        world.start_plex(DEN);
        let clocked = Self { config: world.config(further), world };
        clocked.set(RIGHT);
        clocked.start();
        Some(clocked)
    }

    /// Sets the daemon's wall clock.
    fn set(&self, calendar: &str) {
        // Atomically: the daemon reads the file whenever it reads the time.
        let file = self.world.shared().join("calendar");
        fs::write(file.with_extension("new"), format!("{calendar}\n")).unwrap();
        fs::rename(file.with_extension("new"), file).unwrap();
    }

    fn start(&self) {
        let library = self.world.sh("find /usr/lib /usr/lib64 -name libfaketimeMT.so.1 2>/dev/null | grep .").stdout;
        let preload = format!("LD_PRELOAD={}", library.lines().next().unwrap());
        let calendar = ["FAKETIME_TIMESTAMP_FILE=/mnt/calendar", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1"];
        let before = [&["env", preload.as_str()], &calendar[..]].concat();
        self.world.start_authd_behind(&before, &self.config);
    }

    /// Restarts the daemon; the wall clock is set while it is stopped.
    fn restart(&self, calendar: &str) {
        self.world.stop_authd();
        self.set(calendar);
        self.start();
    }

    fn login(&self, whose: &str) -> Code {
        self.world.authenticate("alice", &password(whose))
    }

    fn sign_ins(&self) -> u64 {
        self.world.plex().counters().of(Endpoint::Signin)
    }

    fn outage(&self, endpoint: Endpoint) {
        self.world.plex().fault(endpoint, Fault::Status(503, String::new()));
    }
}

/// Waits until a login has this result. A daemon misled by the wall clock would need days, so a slow machine may take
/// its time.
fn until(code: Code, login: impl Fn() -> Code) {
    let start = Instant::now();
    loop {
        let now = login();
        if now == code {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(90), "still {now:?}");
        wait(0.1);
    }
}

fn wait(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

#[test]
fn daemon_under_test_uses_the_wall_clock_that_the_test_sets() {
    let Some(clocked) = Clocked::new("") else { return };
    for calendar in JUMPS {
        clocked.restart(calendar);
        assert_eq!(clocked.login("alice"), Code::SUCCESS);
        let logins: Value = serde_json::from_str(&clocked.world.sh("plex-auth logins -n 1 --json").stdout).unwrap();
        let kept = logins[0]["at"].as_i64().unwrap();
        let date = clocked.world.sh(&format!("date --date '{} days' +%s", &calendar[..2])).stdout;
        let expected: i64 = date.trim().parse().unwrap();
        assert!((kept - expected).abs() < 1800, "{calendar}: {kept}, not {expected}");
    }
}

#[test]
fn age_of_the_friend_list_ignores_wall_clock_steps() {
    let Some(mut clocked) = Clocked::new("") else { return };
    assert_eq!(clocked.login("alice"), Code::SUCCESS);
    clocked.outage(Endpoint::SharedServers);
    clocked.world.plex().reset();
    for calendar in [JUMPS[0], JUMPS[1], RIGHT] {
        clocked.set(calendar);
        assert_eq!(clocked.login("alice"), Code::SUCCESS, "{calendar}");
        assert_eq!(clocked.world.account("alice"), Code::SUCCESS, "{calendar}");
    }
    assert_eq!(clocked.world.plex().counters().of(Endpoint::SharedServers), 0, "the list is young");

    clocked.world.plex().clear_faults();
    clocked.config = clocked.world.config("[timeouts]\nfriend_list = \"1s\"\nknown_list = \"4s\"");
    let unshared = DEN.replace("shared_with = [\"alice\", ", "shared_with = [");
    assert_ne!(unshared, DEN);
    for calendar in JUMPS {
        clocked.restart(RIGHT);
        assert_eq!(clocked.login("alice"), Code::SUCCESS);
        clocked.set(calendar);
        clocked.world.plex().load(&unshared);
        until(Code::AUTH_ERR, || clocked.login("alice"));
        assert_eq!(clocked.world.account("alice"), Code::PERM_DENIED, "{calendar}");
        let begin = Instant::now();
        clocked.world.plex().load(DEN);
        until(Code::SUCCESS, || clocked.login("alice"));
        clocked.outage(Endpoint::SharedServers);
        until(Code::PERM_DENIED, || clocked.world.account("alice"));
        // The list that contains her again was fetched after `begin`.
        let took = begin.elapsed();
        assert!(took > Duration::from_secs(4), "{calendar}: {took:?}");
        clocked.world.plex().clear_faults();
    }
}

#[test]
fn r45_wall_clock_steps_do_not_change_the_lifetime_of_a_remembered_password() {
    let Some(clocked) = Clocked::new("[cache]\nremember = \"8s\"") else { return };
    for calendar in [JUMPS[0], RIGHT, JUMPS[1]] {
        clocked.world.plex().clear_faults();
        let begin = Instant::now();
        assert_eq!(clocked.login("alice"), Code::SUCCESS);
        clocked.outage(Endpoint::Signin);
        until(Code::SUCCESS, || clocked.login("alice"));
        clocked.set(calendar);
        until(Code::AUTHINFO_UNAVAIL, || clocked.login("alice"));
        let took = begin.elapsed();
        assert!(took > Duration::from_secs(8), "{calendar}: {took:?}");
    }
}

#[test]
fn r45_wall_clock_step_across_a_restart_deletes_cached_passwords() {
    let Some(clocked) = Clocked::new("[cache]\noffline = \"1h\"") else { return };
    for calendar in JUMPS {
        clocked.restart(RIGHT);
        assert_eq!(clocked.login("alice"), Code::SUCCESS);
        clocked.outage(Endpoint::Signin);
        clocked.restart(RIGHT);
        assert_eq!(clocked.login("alice"), Code::SUCCESS, "remembered");
        clocked.restart(calendar);
        assert_eq!(clocked.login("alice"), Code::AUTHINFO_UNAVAIL, "{calendar}");
        clocked.restart(RIGHT);
        assert_eq!(clocked.login("alice"), Code::AUTHINFO_UNAVAIL, "{calendar}, and set right again");
        clocked.world.plex().clear_faults();
        wait(2.1);
    }
}

#[test]
fn r45_grants_that_a_slow_wall_clock_made_young_expire_when_the_clock_is_set() {
    let Some(clocked) = Clocked::new("[cache]\noffline = \"1h\"") else { return };
    assert_eq!(clocked.login("alice"), Code::SUCCESS);
    clocked.outage(Endpoint::All);
    // As on a machine without a hardware clock that was off for two days.
    clocked.restart(RIGHT);
    assert_eq!((clocked.login("alice"), clocked.world.account("alice")), (Code::SUCCESS, Code::SUCCESS));
    clocked.set(JUMPS[0]);
    // R65: an undecidable case is an outage for a sign-in and a refusal in the account phase.
    let unknown = (Code::AUTHINFO_UNAVAIL, Code::PERM_DENIED);
    assert_eq!((clocked.login("alice"), clocked.world.account("alice")), unknown);
}

#[test]
fn r19_wall_clock_steps_neither_cancel_nor_extend_a_pause() {
    let Some(clocked) = Clocked::new(
        "[throttle]\nfree_tries = 1\nfirst_pause = \"9s\"\nlongest_pause = \"9s\"\nrejected_per_hour = 1000",
    ) else {
        return;
    };
    let jumps: [fn(&Clocked, &str); 2] = [Clocked::set, Clocked::restart];
    for jump in jumps {
        for calendar in JUMPS {
            assert_eq!(clocked.login("mallory"), Code::AUTH_ERR);
            jump(&clocked, calendar);
            assert_eq!(clocked.login("alice"), Code::AUTHINFO_UNAVAIL, "{calendar}");
            until(Code::SUCCESS, || clocked.login("alice"));
            jump(&clocked, RIGHT);
            until(Code::SUCCESS, || clocked.login("alice"));
        }
    }
}

#[test]
fn r60_wall_clock_steps_do_not_change_how_long_the_breaker_is_open() {
    let Some(clocked) = Clocked::new("") else { return };
    let jumps: [fn(&Clocked, &str); 2] = [Clocked::set, Clocked::restart];
    for jump in jumps {
        for calendar in JUMPS {
            clocked.world.plex().fault(Endpoint::Signin, Fault::TooMany(Some(6)));
            assert_eq!(clocked.login("alice"), Code::AUTHINFO_UNAVAIL);
            clocked.world.plex().clear_faults();
            let before = clocked.sign_ins();
            jump(&clocked, calendar);
            assert_eq!((clocked.login("alice"), clocked.sign_ins()), (Code::AUTHINFO_UNAVAIL, before), "{calendar}");
            until(Code::SUCCESS, || clocked.login("alice"));
            jump(&clocked, RIGHT);
            until(Code::SUCCESS, || clocked.login("alice"));
        }
    }
}

#[test]
fn clock_earlier_than_the_build_is_an_outage_until_it_is_set() {
    let link = "link_sign_in = true\nlink_services = [\"alone\"]\n[cache]\nremember = \"1h\"\noffline = \"1h\"\n";
    let Some(clocked) = Clocked::new(&format!("{link}[users]\nolga = \"olga\"\n")) else { return };
    clocked.world.add_user("olga", false, Some("LOCAL-SECRET"));
    let accounts = || ["alice", "olga"].map(|user| clocked.world.account(user));
    let usual = [Code::SUCCESS, Code::SUCCESS];
    assert_eq!((clocked.login("alice"), accounts()), (Code::SUCCESS, usual));
    let before = clocked.sign_ins();
    // R65: the owner's account needs no clock.
    let unset = [Code::PERM_DENIED, Code::SUCCESS];
    let steps: [fn(&Clocked, &str); 2] = [Clocked::set, Clocked::restart];
    for step in steps {
        step(&clocked, UNSET);
        assert_eq!(clocked.login("alice"), Code::AUTHINFO_UNAVAIL, "no cached password, whose age is unknown");
        assert_eq!(clocked.login("mallory"), Code::AUTHINFO_UNAVAIL, "and the same for a wrong password");
        assert_eq!(accounts(), unset);
        let mut linked = clocked.world.pam_terminal("alone", "alice", "192.0.2.1");
        linked.wait_for("assword");
        assert_eq!(linked.verdict(), Code::AUTHINFO_UNAVAIL);
        clocked.world.wait_for_log(&["unavailable", "user=\"alice\"", "phase=auth", "earlier than the build"]);
        clocked.world.wait_for_log(&["denied", "user=\"alice\"", "phase=account", "earlier than the build"]);
        step(&clocked, RIGHT);
        until(Code::SUCCESS, || clocked.login("alice"));
        assert_eq!(accounts(), usual);
    }
    assert!(clocked.sign_ins() <= before + 1, "nothing was sent with that clock");
    clocked.world.wait_for_log(&["earlier than the build of plex-authd: until it is set", "timedatectl set-ntp true"]);
}
