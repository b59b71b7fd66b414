//! R85: several machines behind one public address, each with a plex-authd of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, Try, World, count, den_with_friends, password};
use fakeplex::{Command, Control};

const FRIENDS: [&str; 10] = ["anna", "ben", "cleo", "dave", "emma", "finn", "gina", "hugo", "iris", "jack"];

/// Failed sign-ins from one address after which plex.tv blocks it: what one machine may cause.
const BLOCKED_AFTER: u64 = 30;

/// Guesses at each machine.
const GUESSES: usize = 400;

/// A household: three machines behind one address, and ten friends who have signed in on each of them from home.
struct Household {
    machines: [World; 3],
}

impl Household {
    fn new(throttle: &str) -> Option<Self> {
        let first = World::new()?;
        first.start_plex(&den_with_friends(&FRIENDS));
        let household = Self { machines: [first.beside()?, first.beside()?, first] };
        for machine in &household.machines {
            for friend in FRIENDS {
                machine.add_user(friend, true, None);
            }
        }
        let [first, second, third] = &household.machines;
        // Without the owner's token.
        first.start_authd(&member(first, throttle));
        second.start_authd(&second.config(throttle));
        third.start_authd(&third.config(throttle));
        second.wait_for_members();
        third.wait_for_members();
        household.plex().send(&Command::BlockAfter(BLOCKED_AFTER)).unwrap();
        assert_eq!(household.friends_who_get_in(), 30, "before the attack");
        Some(household)
    }

    fn plex(&self) -> Control {
        let [.., last] = &self.machines;
        last.plex()
    }

    /// Number of friends who sign in from home, on all machines together.
    fn friends_who_get_in(&self) -> usize {
        let tries = FRIENDS.map(|friend| Try::new(friend, &home(friend), &password(friend)));
        self.on_all(|machine| count(&machine.many(10, &tries), Code::SUCCESS)).into_iter().sum()
    }

    /// Strangers guess at every machine, from 100 addresses each, with the names of all friends.
    fn attack(&self) {
        let guess = |number: usize| {
            let friend = FRIENDS.iter().cycle().nth(number).unwrap();
            Try::new(friend, &format!("203.0.113.{}", number % 100 + 1), &format!("guess{number}"))
        };
        let guesses: Vec<_> = (0..GUESSES).map(guess).collect();
        for came_in in self.on_all(|machine| count(&machine.many(48, &guesses), Code::SUCCESS)) {
            assert_eq!(came_in, 0);
        }
    }

    fn on_all<T: Send>(&self, act: impl Fn(&World) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = self.machines.iter().map(|machine| scope.spawn(|| act(machine))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// Failed sign-ins of each machine within the hour, as it counts them itself, and its limit.
    fn failed(&self) -> Vec<(u64, u64)> {
        let failed = |machine: &World| {
            let text = machine.sh("plex-auth status --json").stdout;
            let status: serde_json::Value = serde_json::from_str(&text).unwrap();
            let number = |name: &str| {
                status.pointer(&format!("/failed_sign_ins/{name}")).and_then(serde_json::Value::as_u64).unwrap()
            };
            (number("last_hour"), number("limit"))
        };
        self.machines.iter().map(failed).collect()
    }

    fn is_blocked(&self) -> bool {
        self.machines.iter().any(|machine| machine.syslog().contains("(1031)"))
    }
}

fn home(friend: &str) -> String {
    format!("198.51.100.{}", FRIENDS.iter().position(|other| *other == friend).unwrap() + 1)
}

/// The configuration of a machine without the owner's token.
fn member(world: &World, further: &str) -> String {
    world.config(further).replace("token = \"TOKEN-SECRET-olga\"\n", "owner_id = 1\n")
}

#[test]
fn r85_three_attacked_hosts_behind_one_address_are_not_blocked_and_ten_friends_get_in() {
    let Some(household) = Household::new("[throttle]\nhosts = 3\n") else { return };
    household.attack();
    assert!(!household.is_blocked(), "{:?}", household.failed());
    // Each has spent its part for strangers, 6 of 20, and no more.
    assert_eq!(household.failed(), [(6, 10); 3]);
    for machine in &household.machines {
        machine.wait_for_log(&["throttled", "nothing was sent (see rejected_per_hour)"]);
    }
    assert_eq!(household.friends_who_get_in(), 30, "after the attack");
    for machine in &household.machines {
        machine.assert_no_secret_leaked();
    }
}

/// What `hosts` is for: each machine alone stays within what one address may cause.
#[test]
fn r85_three_attacked_hosts_that_do_not_divide_the_number_are_blocked_and_lock_all_friends_out() {
    let Some(household) = Household::new("") else { return };
    household.attack();
    assert!(household.is_blocked(), "{:?}", household.failed());
    assert_eq!(household.friends_who_get_in(), 0);
}

#[test]
fn r85_host_without_a_part_for_strangers_says_so_and_sends_nothing_for_them() {
    let Some(world) = World::with_everything(e2e::DEN, "") else { return };
    let from_home = |user: &str| world.many(1, &[Try::new(user, "198.51.100.1", &password(user))]);
    assert_eq!(count(&from_home("alice"), Code::SUCCESS), 1);
    world.stop_authd();
    world.start_authd(&world.config("[throttle]\nhosts = 40\n"));
    let warning =
        "hosts = 40 leaves this host, of rejected_per_hour = 30, a part for strangers of 0, so nobody can sign in";
    world.wait_for_log(&[warning, "set rejected_per_hour = 120 or more on every host"]);
    for command in ["plex-auth config check", "plex-auth doctor"] {
        let out = world.run(&["sh", "-c", &format!("{command} 2>&1 | tr -s ' \\n' ' '")]).stdout;
        assert!(out.contains(warning), "{command}: {out}");
    }
    let sent = || world.plex().counters().of(fakeplex::Endpoint::Signin);
    let before = sent();
    assert_eq!(count(&from_home("frank"), Code::SUCCESS), 0, "Frank has not signed in before");
    assert_eq!(sent(), before);
    assert_eq!(count(&from_home("alice"), Code::SUCCESS), 1, "Alice has");
}
