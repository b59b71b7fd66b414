//! A private machine with everything that is compared.

use std::time::{Duration, Instant};

use e2e::{World, built};
use fakeplex::{Command, Control, Reissue};

use crate::friends;
use crate::network;
use crate::scenario::{Scenario, Throttle};
use crate::ways::{self, Way};

/// Time limit for the revocation of tokens.
const REVOKED: Duration = Duration::from_secs(30);

/// A private machine with a plex.tv, plex-authd, the script and the cold client.
pub(crate) struct Machine {
    pub world: World,
}

/// One measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// Time until the last login has ended, in milliseconds.
    pub time: f64,
    /// Number of logins that failed.
    pub failed: usize,
}

impl Machine {
    /// A machine with this number of friends; plex-authd does not run yet. `None` where there are no private machines.
    pub(crate) fn new(friends: usize) -> Option<Self> {
        let world = World::new()?;
        friends::add_accounts(&world, friends);
        world.start_plex(&friends::at_plex(friends));
        // The script and the cold client sign in as one device each and do not wait their turn: simultaneous logins would
        // revoke each other's tokens.
        world.plex().send(&Command::Tokens(Reissue::Keep)).unwrap();
        world.write("/usr/local/sbin/plex-script", 0o755, "root:root", include_str!("script"));
        world.write("/etc/plex-script.curl", 0o600, "root:root", "header = \"X-Plex-Token: TOKEN-SECRET-olga\"\n");
        world.copy(&built("cold-sign-in"), "/mnt/cold-sign-in", 0o755);
        Some(Self { world })
    }

    pub(crate) fn plex(&self) -> Control {
        self.world.plex()
    }

    /// Starts plex-authd for a scenario, and logs in once by each way, so that connections, lists, bindings and caches exist
    /// when measuring starts.
    pub(crate) fn prepare(&self, scenario: &Scenario) {
        let world = &self.world;
        let (nearest, address) = (network::address(world, 0), network::address(world, scenario.round_trip));
        for (service, stack) in ways::stacks(&address) {
            world.write(&format!("/etc/pam.d/{service}"), 0o644, "root:root", &stack);
        }
        if world.run(&["pgrep", "-x", "plex-authd"]).ok() {
            world.stop_authd();
        }
        world.start_authd(&world.config(&scenario.configuration()).replace(&nearest, &address));
        world.wait_for_members();
        // With the default limits, first logins are a part of what is measured.
        let together = if scenario.throttle == Throttle::Default { 1 } else { scenario.together };
        let taken = self.log_in(scenario.ways, scenario.round_trip, together, 0);
        assert!(taken.iter().all(|taken| taken.failed == 0), "{taken:?}");
        self.wait_for_revocations();
    }

    /// Logs in by each of these ways, in turn.
    pub(crate) fn log_in(&self, ways: &[Way], round_trip: u64, together: usize, typing: u64) -> Vec<Taken> {
        let address = network::address(&self.world, round_trip);
        let logins: Vec<[String; 3]> = ways.iter().map(|way| way.login(&address)).collect();
        let out = self.pambench(together, typing, &logins);
        let taken = out.stdout.lines().map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            Taken { time: fields[1].parse::<f64>().unwrap() / 1e6, failed: fields[2].parse().unwrap() }
        });
        let taken: Vec<Taken> = taken.collect();
        assert_eq!(taken.len(), ways.len(), "{out:?}");
        taken
    }

    fn pambench(&self, together: usize, typing: u64, logins: &[[String; 3]]) -> e2e::Out {
        let program = self.world.c_program("pambench");
        let (together, typing) = (together.to_string(), typing.to_string());
        let mut line = vec![program.as_str(), "1", &together, &typing];
        line.extend(logins.iter().flat_map(|[service, user, _]| [service.as_str(), user]));
        let typed: String = logins.iter().flat_map(|[.., password]| [password.as_str(), "\n"]).collect();
        let out = self.world.run_with(&line, &typed);
        assert!(out.ok(), "{out:?}");
        out
    }

    /// Checks that each way lets in who has access, with the right password alone.
    pub(crate) fn check(&self, scenario: &Scenario) {
        self.prepare(scenario);
        let address = network::address(&self.world, scenario.round_trip);
        let succeeds = |login: [String; 3]| self.pambench(1, 0, &[login]).stdout.trim_end().ends_with(" 0");
        for &way in ways::ALL {
            let [service, user, password] = way.login(&address);
            assert!(succeeds([service.clone(), user.clone(), password]), "{} does not accept {user}", way.name());
            let wrong = succeeds([service, user, "wrong".into()]);
            assert!(wrong == (way == Way::Permit), "{} accepts a wrong password", way.name());
        }
        for way in [Way::Plex, Way::Script] {
            let [service, _, password] = way.login(&address);
            assert!(
                !succeeds([service, "stranger".into(), password]),
                "{} accepts a friend without access",
                way.name()
            );
        }
    }

    /// Number of tokens that logins were issued and that are still valid.
    pub(crate) fn live_tokens(&self) -> u64 {
        // The cold client signs nobody out.
        self.plex().send(&Command::KillTokens("cold".into())).unwrap();
        self.plex().counters().live_tokens
    }

    /// Waits until plex-authd has revoked all tokens.
    pub(crate) fn wait_for_revocations(&self) {
        let start = Instant::now();
        while self.live_tokens() > 0 {
            assert!(start.elapsed() < REVOKED, "tokens are not revoked");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Age of plex-authd's friend list in seconds.
    pub(crate) fn list_age(&self) -> u64 {
        let status = self.world.sh("plex-auth status --json").stdout;
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        status["friend_list"]["age"].as_u64().unwrap_or_else(|| panic!("no list: {status}"))
    }

    /// The values of `[throttle]` that are in force, by key.
    pub(crate) fn limits(&self) -> Vec<(String, String)> {
        let shown = self.world.sh("plex-auth config show").stdout;
        let settings = shown.lines().filter_map(|line| line.strip_prefix("throttle."));
        let values = settings.map(|setting| {
            let mut words = setting.split_whitespace();
            (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned())
        });
        values.collect()
    }
}
