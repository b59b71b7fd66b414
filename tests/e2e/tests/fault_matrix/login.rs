//! Logins on the machine, in the middle of a fault and without one.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use e2e::{Code, password};
use fakeplex::Endpoint;

use crate::fault::Strike;
use crate::machine::Machine;

/// How a login ended.
#[derive(Debug)]
pub struct Login {
    pub code: Code,
    pub took: Duration,
    /// The daemon's line about it.
    pub log: String,
}

impl Machine {
    /// A login of Alice's with the password of `whose`.
    pub fn login(&self, whose: &str) -> Login {
        let number = self.logins.fetch_add(1, Ordering::Relaxed);
        // An address and no name, which libpam would have looked up for the audit.
        let host = format!("198.18.{}.{}", number / 256, number % 256);
        let start = Instant::now();
        let code = self.world.codes_from(&host, "alone", "alice", &password(whose)).of("auth");
        let took = start.elapsed();
        let mut log = String::new();
        let host = format!("rhost=\"{host}\"");
        until(Duration::from_secs(10), || {
            log.extend(self.syslog().lines().find(|line| line.contains(&host)).map(str::to_owned));
            !log.is_empty()
        });
        Login { code, took, log }
    }

    /// A login with the right password and, where plex.tv cannot say anything to it, one with a wrong one beside it.
    pub fn try_both(&self, strike: &Strike) -> (Login, Option<Login>) {
        let signed_in = || self.world.plex().counters().of(Endpoint::Signin);
        let before = signed_in();
        std::thread::scope(|scope| {
            let right = scope.spawn(|| self.login("alice"));
            let wrong = self.step.wrong().map(|_| scope.spawn(|| self.login("mallory")));
            if self.step.follows_sign_in() && matches!(strike, Strike::NoName | Strike::SilentNames) {
                // The answer to the sign-in is late, so that the name is lost behind its back.
                until(Duration::from_secs(2), || signed_in() > before);
                self.lose_name(strike);
            }
            (right.join().unwrap(), wrong.map(|wrong| wrong.join().unwrap()))
        })
    }

    /// How often the daemon complained about a sign-out.
    pub fn complaints(&self) -> usize {
        self.syslog().matches("could not be signed out").count()
    }

    /// Who plex-authd is.
    pub fn pid(&self) -> String {
        self.world.run(&["pgrep", "-x", "plex-authd"]).stdout
    }

    fn syslog(&self) -> String {
        fs::read_to_string(self.world.shared().join("upper/var/log/syslog")).unwrap()
    }
}

/// Waits for something, and says how long it took.
pub fn until(most: Duration, mut holds: impl FnMut() -> bool) -> Option<Duration> {
    let start = Instant::now();
    loop {
        if holds() {
            return Some(start.elapsed());
        }
        if start.elapsed() > most {
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
