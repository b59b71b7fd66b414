//! Many logins, sequential or simultaneous, by a program that does nothing else.

use crate::pamcode::Code;
use crate::world::World;
use crate::{DEN, password};

/// Eight accounts with access in the world of [`World::with_eight`].
pub const EIGHT: [&str; 8] = ["alice", "bob", "carol", "erin", "frank", "mallory", "olga", "zoe"];

/// Lines of configuration that give the eight access.
pub const EIGHT_USERS: &str = "[users]\nzoe = \"2\"\n";

/// One login.
#[derive(Debug, Clone, Copy)]
pub struct Rushed {
    /// Start, in milliseconds since boot.
    pub began: u64,
    /// Return code of the authentication.
    pub auth: Code,
    /// Its duration in milliseconds.
    pub auth_took: u64,
    /// Return code of the account phase, if it ran.
    pub account: Option<Code>,
    /// Its duration in milliseconds.
    pub account_took: u64,
}

impl Rushed {
    /// True if both phases succeeded.
    #[must_use]
    pub fn is_in(&self) -> bool {
        (self.auth, self.account) == (Code::SUCCESS, Some(Code::SUCCESS))
    }
}

/// All logins, and the memory (kilobytes) and descriptors that the processes held after a tenth of the logins and at
/// the end.
#[derive(Debug)]
pub struct Rush {
    /// One entry per login.
    pub logins: Vec<Rushed>,
    /// Kilobytes and descriptors.
    pub held: Vec<(u64, u64)>,
}

impl World {
    /// A machine on which each of the [`EIGHT`] has access.
    #[must_use]
    pub fn with_eight(further: &str) -> Option<Self> {
        let shared = "shared_with = [\"alice\", \"erin\", \"frank\"]\ninvited = [\"carol\"]";
        let all = "shared_with = [\"alice\", \"bob\", \"carol\", \"erin\", \"frank\", \"mallory\"]";
        assert!(DEN.contains(shared));
        Self::with_everything(&DEN.replace(shared, all), &format!("{EIGHT_USERS}{further}"))
    }

    /// Logs the [`EIGHT`] in, a number of times or for a duration ("10s"), in each of `together` processes.
    pub fn rush(&self, together: usize, how_many: &str) -> Rush {
        self.rush_as(&[], together, how_many)
    }

    /// [`Self::rush`] through another command, such as `setpriv`.
    pub fn rush_as(&self, before: &[&str], together: usize, how_many: &str) -> Rush {
        let program = self.c_program("rush");
        let together = together.to_string();
        let line = [before, &[program.as_str(), &together, how_many, "alone"], &EIGHT[..]].concat();
        let typed = |name| match name {
            "erin" => format!("{}314159\n", password("erin")),
            "zoe" => format!("{}\n", password("alice")),
            other => format!("{}\n", password(other)),
        };
        let out = self.run_with(&line, &EIGHT.map(typed).concat());
        assert!(out.ok(), "{:?}: {}", out.code, out.stderr);
        let mut rush = Rush { logins: Vec::new(), held: Vec::new() };
        for line in out.stdout.lines() {
            let numbers: Vec<i64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
            let natural = |number: i64| u64::try_from(number).unwrap_or_default();
            let code = |number: i64| Code(i32::try_from(number).unwrap());
            match numbers[..] {
                [began, auth, auth_took, account, account_took] => rush.logins.push(Rushed {
                    began: natural(began),
                    auth: code(auth),
                    auth_took: natural(auth_took),
                    account: (account >= 0).then(|| code(account)),
                    account_took: natural(account_took),
                }),
                [kilobytes, descriptors] => rush.held.push((natural(kilobytes), natural(descriptors))),
                _ => panic!("{line}"),
            }
        }
        rush
    }
}
