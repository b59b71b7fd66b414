//! Causes faults on a machine, and removes them.

use std::fs;
use std::time::Duration;

use fakeplex::{Command, Connections, Endpoint, Fault};

use crate::fault::Strike;
use crate::machine::{Machine, NOBODY};
use crate::step::Step;

/// Longer than the friend lists of these machines are fresh.
const STALE: Duration = Duration::from_millis(1100);

impl Machine {
    /// Causes a fault at the machine's step.
    pub fn strike(&self, strike: &Strike) {
        let is_at_start = self.is_at_start(strike);
        if is_at_start {
            self.world.stop_authd();
        }
        match strike {
            Strike::Answer(fault) => {
                self.step.endpoints().iter().for_each(|endpoint| self.world.plex().fault(*endpoint, fault.clone()));
            }
            _ if self.step == Step::Server => self.lead_astray(strike),
            Strike::Connection(bad) if self.step.follows_sign_in() => self.send(&Command::Turn(Endpoint::Signin, *bad)),
            Strike::Connection(bad) => self.send(&Command::Connections(*bad)),
            _ if self.step.follows_sign_in() => self.world.plex().fault(Endpoint::Signin, Fault::Delay(800)),
            _ => self.lose_name(strike),
        }
        if self.step.is_list() {
            std::thread::sleep(STALE);
        }
        if is_at_start {
            self.world.start_authd(&self.step.config(&self.world, self.cache, ""));
        }
    }

    /// True for a fault that only a daemon notices that has just started: the owner's account is requested then, and addresses
    /// are kept for a minute.
    fn is_at_start(&self, strike: &Strike) -> bool {
        let sends_first = !self.step.follows_sign_in() && self.step != Step::Server;
        self.step == Step::Owner || strike.is_about_names() && sends_first
    }

    /// Removes the fault.
    pub fn unstrike(&self, strike: &Strike) {
        self.names(true, NOBODY);
        self.clear_faults(!strike.is_answer());
        if self.step == Step::Server && !strike.is_answer() {
            self.restart(&self.address(".pms.Den"));
        }
    }

    /// Removes every fault of plex.tv; with `once`, every request opens a connection of its own.
    pub fn clear_faults(&self, once: bool) {
        self.world.plex().clear_faults();
        if once {
            self.send(&Command::Connections(Connections::Once));
        }
    }

    /// Makes plex.tv's name unresolvable.
    pub fn lose_name(&self, strike: &Strike) {
        self.names(false, name_server(strike));
    }

    /// Writes hosts and resolv.conf: whether plex.tv's name is known locally, and the name server for all other names.
    pub fn names(&self, known: bool, server: &str) {
        let etc = format!("/proc/{}/root/etc", self.world.process());
        let plex = if known { "127.0.0.1 fakeplex.test plex.tv\n" } else { "" };
        fs::write(format!("{etc}/resolv.conf"), format!("nameserver {server}\n")).unwrap();
        fs::write(format!("{etc}/hosts"), format!("127.0.0.1 localhost\n{plex}")).unwrap();
    }

    /// Restarts the daemon with this media server.
    pub fn restart(&self, server_url: &str) {
        self.world.stop_authd();
        self.world.start_authd(&self.step.config(&self.world, self.cache, server_url));
    }

    /// Address of the machine's plex.tv with this suffix.
    pub fn address(&self, ending: &str) -> String {
        let file = self.world.shared().join(format!("plex/address{ending}"));
        fs::read_to_string(file).unwrap().trim_end().to_owned()
    }

    fn send(&self, command: &Command) {
        self.world.plex().send(command).unwrap();
    }

    /// Configures a media server that cannot be reached properly.
    fn lead_astray(&self, strike: &Strike) {
        self.names(true, name_server(strike));
        self.restart(&match strike {
            Strike::Connection(Connections::Silence) => "http://127.0.0.1:1111".into(),
            Strike::Connection(Connections::Expired) => self.address(".expired"),
            Strike::Connection(Connections::WrongName) => self.address(".wrong-name"),
            Strike::Connection(Connections::SelfSigned) => self.address(".self-signed"),
            Strike::Connection(Connections::UnknownCa) => self.address(".unknown-ca"),
            Strike::Connection(_) | Strike::Answer(_) => "http://127.0.0.1:9".into(),
            Strike::NoName | Strike::SilentNames => "https://no-such-server.test".into(),
        });
    }
}

fn name_server(strike: &Strike) -> &'static str {
    if matches!(strike, Strike::SilentNames) { "127.0.0.1" } else { NOBODY }
}
