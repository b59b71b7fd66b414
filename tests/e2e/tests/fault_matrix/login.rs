//! Logins on the machine, during a fault and without one.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use e2e::{Code, password};
use fakeplex::Endpoint;

use crate::fault::Strike;
use crate::machine::Machine;

/// Result of a login.
#[derive(Debug)]
pub struct Login {
    pub code: Code,
    pub took: Duration,
    /// The daemon's log line.
    pub log: String,
}

impl Machine {
    /// Alice's login with the password of `whose`.
    pub fn login(&self, whose: &str) -> Login {
        let number = self.logins.fetch_add(1, Ordering::Relaxed);
        // An address, not a name: libpam would resolve a name for the audit log.
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

    /// A login with the right password and, where plex.tv cannot answer, a simultaneous one with a wrong password.
    pub fn try_both(&self, strike: &Strike) -> (Login, Option<Login>) {
        let signed_in = || self.world.plex().counters().of(Endpoint::Signin);
        let before = signed_in();
        std::thread::scope(|scope| {
            let right = scope.spawn(|| self.login("alice"));
            let wrong = self.step.wrong(strike).map(|_| scope.spawn(|| self.login("mallory")));
            if self.step.follows_sign_in() && strike.is_about_names() {
                // The answer to the sign-in is delayed, so that the name disappears while it is awaited.
                until(Duration::from_secs(2), || signed_in() > before);
                self.lose_name(strike);
            }
            (right.join().unwrap(), wrong.map(|wrong| wrong.join().unwrap()))
        })
    }

    /// Number of failed sign-outs in the daemon's log.
    pub fn complaints(&self) -> usize {
        self.syslog().matches("could not be revoked").count()
    }

    /// Process id of plex-authd.
    pub fn pid(&self) -> String {
        self.world.run(&["pgrep", "-x", "plex-authd"]).stdout
    }

    fn syslog(&self) -> String {
        fs::read_to_string(self.world.shared().join("upper/var/log/syslog")).unwrap()
    }
}

/// Waits until `holds`; returns the time it took, or `None` after `most`.
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
