//! Ten friends, each of whom signs in from one place.

use std::time::{Duration, Instant};

use e2e::{Code, World, password};

use crate::SHARED;

/// A local account from which two friends use su.
const COUSIN: &str = "cousin";

/// A friend.
pub struct Friend {
    pub name: &'static str,
    place: Place,
}

/// Where a friend signs in.
enum Place {
    /// By sshd, from this address, with the password.
    Ssh(&'static str),
    /// By sshd, from this address, with a link code: an account without a password.
    Link(&'static str),
    /// By su, from another local account.
    Su,
    /// At a service that names no remote host.
    Shared,
}

/// All friends.
pub const FRIENDS: [Friend; 10] = [
    Friend { name: "anna", place: Place::Ssh("198.51.100.1") },
    Friend { name: "ben", place: Place::Ssh("198.51.100.2") },
    Friend { name: "cleo", place: Place::Ssh("198.51.100.3") },
    Friend { name: "dave", place: Place::Ssh("198.51.100.4") },
    Friend { name: "emma", place: Place::Ssh("198.51.100.5") },
    Friend { name: "finn", place: Place::Link("198.51.100.6") },
    Friend { name: "gina", place: Place::Link("198.51.100.7") },
    Friend { name: "hugo", place: Place::Su },
    Friend { name: "iris", place: Place::Su },
    Friend { name: "jack", place: Place::Shared },
];

/// Prepares the places.
pub fn prepare(world: &World) {
    world.add_user(COUSIN, false, None);
    let addresses: Vec<_> = FRIENDS
        .iter()
        .filter_map(|friend| match friend.place {
            Place::Ssh(address) | Place::Link(address) => Some(address),
            Place::Su | Place::Shared => None,
        })
        .collect();
    world.add_addresses(&addresses);
}

impl Friend {
    /// True if strangers can be behind the place where this friend signs in.
    pub fn shares_origin(&self) -> bool {
        matches!(self.place, Place::Shared)
    }

    /// Signs in, which must succeed. Returns how long it took.
    pub fn sign_in(&self, world: &World) -> Duration {
        let (name, password) = (self.name, password(self.name));
        let start = Instant::now();
        match self.place {
            Place::Ssh(address) => {
                let out = world.ssh_from(address, "keyboard-interactive", name, &password);
                assert_eq!(out.stdout, format!("{name}\n"), "{name}: {out:?}");
            }
            Place::Link(address) => {
                let mut ssh = world.ssh_terminal(address, name, 1);
                ssh.be_patient(Duration::from_secs(60));
                let code = ssh.ask_for_code();
                world.approve(&code, name);
                ssh.type_line("");
                assert_eq!(ssh.exit(), 0, "{name}: {}", ssh.contents());
            }
            Place::Su => {
                let out = world.su(COUSIN, name, &password, &[]);
                assert_eq!(out.stdout, format!("{name}\n"), "{name}: {out:?}");
            }
            Place::Shared => {
                let codes = world.codes(SHARED, name, "auth,acct", &format!("{password}\n"));
                assert_eq!(
                    (codes.of("auth"), codes.of("acct")),
                    (Code::SUCCESS, Code::SUCCESS),
                    "{name}: {}",
                    codes.text
                );
            }
        }
        start.elapsed()
    }
}
