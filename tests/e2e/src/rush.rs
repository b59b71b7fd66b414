//! Many logins, one after the other or at once, by a program that does nothing else.

use crate::pamcode::Code;
use crate::world::World;
use crate::{DEN, password};

/// Eight people who may come in.
pub const EIGHT: [&str; 8] = ["alice", "bob", "carol", "erin", "frank", "mallory", "olga", "zoe"];

/// A world in which they may, with these further lines of configuration.
pub const EIGHT_USERS: &str = "[users]\nzoe = \"2\"\n";

/// One login.
#[derive(Debug, Clone, Copy)]
pub struct Rushed {
    /// When it began, in milliseconds since the machine's start.
    pub began: u64,
    /// What the authentication answered.
    pub auth: Code,
    /// How many milliseconds it took.
    pub auth_took: u64,
    /// What the account phase answered, if it came to that.
    pub account: Option<Code>,
    /// How many milliseconds that took.
    pub account_took: u64,
}

impl Rushed {
    /// Whether both phases went well.
    #[must_use]
    pub fn is_in(&self) -> bool {
        (self.auth, self.account) == (Code::SUCCESS, Some(Code::SUCCESS))
    }
}

/// All logins, and what the processes that made them held: kilobytes and descriptors, after a tenth and at the end.
#[derive(Debug)]
pub struct Rush {
    /// The logins.
    pub logins: Vec<Rushed>,
    /// What was held.
    pub held: Vec<(u64, u64)>,
}

impl World {
    /// A machine on which each of the [`EIGHT`] may come in.
    #[must_use]
    pub fn with_eight(further: &str) -> Option<Self> {
        let shared = "shared_with = [\"alice\", \"erin\", \"frank\"]\ninvited = [\"carol\"]";
        let all = "shared_with = [\"alice\", \"bob\", \"carol\", \"erin\", \"frank\", \"mallory\"]";
        assert!(DEN.contains(shared));
        Self::with_everything(&DEN.replace(shared, all), &format!("{EIGHT_USERS}{further}"))
    }

    /// Logs the [`EIGHT`] in: so many, or for so long ("10s"), in each of so many processes.
    pub fn rush(&self, together: usize, how_many: &str) -> Rush {
        let program = self.c_program("rush");
        let together = together.to_string();
        let line = [&[program.as_str(), &together, how_many, "alone"], &EIGHT[..]].concat();
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
