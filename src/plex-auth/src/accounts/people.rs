//! Friends and their accounts by Plex id, in a file of root's: who has been given an account, ever, and for whom the owner has
//! seen the name of a new one. Friends choose their names, so that `user sync` alone creates no account whose name nobody has
//! seen, and none for a friend who had one.

use std::collections::BTreeMap;
use std::path::Path;

use nix::unistd::User;
use policy::PlexId;

use super::expiry_locks::AccountsLock;
use super::{comment, created, state_file};
use crate::config_file::write::write_for_root;
use crate::error::Error;

const FILE: &str = "/var/lib/plex-auth-sync/people";

/// Limit on the file's size, in bytes: some 20 000 people.
const MAX_BYTES: u64 = 1024 * 1024;

/// History of the account of a friend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// A run without the owner has not created it: they have not seen its name.
    Waiting,
    /// The owner has agreed to it.
    Seen,
    /// It was created, or an existing account was given to the friend. The account may be gone since.
    Account,
}

/// The latest stage of a friend's account, and its local name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub local: String,
    pub stage: Stage,
}

/// People by Plex id.
pub(crate) type People = BTreeMap<PlexId, Person>;

impl Stage {
    const WORDS: [(Self, &'static str); 3] =
        [(Self::Waiting, "waiting"), (Self::Seen, "seen"), (Self::Account, "account")];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(stage, _)| *stage == self).map_or("", |(_, word)| word)
    }

    fn named(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(stage, _)| *stage)
    }
}

/// All people, with those whose account an earlier version has created.
///
/// # Errors
/// The file is damaged, cannot be read, or could have been changed by another user.
pub(crate) fn read() -> Result<People, Error> {
    let mut people = stored()?;
    for (name, uid) in created::read()? {
        let user = User::from_name(&name).ok().flatten().filter(|user| user.uid.as_raw() == uid);
        if let Some(id) = user.and_then(|user| comment::id_in(&user.gecos.to_string_lossy())) {
            people.entry(id).or_insert(Person { local: name, stage: Stage::Account });
        }
    }
    Ok(people)
}

/// Records the account of a friend, who gets no other one from `user sync`.
///
/// # Errors
/// As [`read`], or the file cannot be written.
pub(crate) fn note_account(turn: &AccountsLock, id: PlexId, local: &str) -> Result<(), Error> {
    change(turn, |people| {
        people.insert(id, Person { local: local.to_owned(), stage: Stage::Account });
    })
}

/// Removes the record of an account whose creation is taken back.
///
/// # Errors
/// As [`note_account`].
pub(crate) fn forget(turn: &AccountsLock, id: PlexId, local: &str) -> Result<(), Error> {
    change(turn, |people| people.retain(|known, person| *known != id || person.local != local))
}

/// Records the names that the owner has agreed to, the accounts in use, and, in place of earlier ones, those that wait for the
/// owner.
///
/// # Errors
/// As [`note_account`].
pub(crate) fn note_run(
    turn: &AccountsLock,
    seen: &[(PlexId, String)],
    in_use: &BTreeMap<PlexId, String>,
    waiting: &[(PlexId, String)],
) -> Result<(), Error> {
    let stages = [(Stage::Waiting, waiting), (Stage::Seen, seen)];
    change(turn, |people| {
        people.retain(|_, person| person.stage != Stage::Waiting);
        for (stage, list) in stages {
            for (id, local) in list {
                let person = people.entry(*id).or_insert_with(|| Person { local: local.clone(), stage });
                if person.stage < Stage::Account {
                    *person = Person { local: local.clone(), stage };
                }
            }
        }
        for (id, local) in in_use {
            people.insert(*id, Person { local: local.clone(), stage: Stage::Account });
        }
    })
}

/// Local names and Plex ids of the accounts that wait for the owner.
///
/// # Errors
/// As [`read`].
pub(crate) fn waiting() -> Result<Vec<(String, PlexId)>, Error> {
    let waiting = stored()?.into_iter().filter(|(_, person)| person.stage == Stage::Waiting);
    Ok(waiting.map(|(id, person)| (person.local, id)).collect())
}

fn change(_turn: &AccountsLock, change: impl FnOnce(&mut People)) -> Result<(), Error> {
    let before = stored()?;
    let mut people = before.clone();
    change(&mut people);
    if people == before { Ok(()) } else { write_for_root(Path::new(FILE), &shown(&people)) }
}

fn stored() -> Result<People, Error> {
    let hint = "it records who has had an account, so that `user sync` gives nobody a second one. Write it again, root's and with \
                mode 0600: a line \"PLEX-ID NAME account\" for each friend who had one";
    Ok(state_file::read(FILE, MAX_BYTES, hint, parse)?.unwrap_or_default())
}

fn shown(people: &People) -> String {
    people
        .iter()
        .map(|(id, person)| format!("{id} {} {}\n", person.local, person.stage.word()))
        .collect::<Vec<_>>()
        .concat()
}

/// Accepts only what [`shown`] writes.
fn parse(text: &str) -> Option<People> {
    let line = |line: &str| {
        let mut words = line.split(' ');
        let (id, local, stage) = (words.next()?.parse().ok()?, words.next()?, Stage::named(words.next()?)?);
        (words.next().is_none() && !local.is_empty()).then(|| (PlexId(id), Person { local: local.to_owned(), stage }))
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r73_people_are_read_again_and_an_odd_line_is_damage() {
        let person = |local: &str, stage| Person { local: local.into(), stage };
        let people = People::from([
            (PlexId(2), person("alice", Stage::Account)),
            (PlexId(5), person("erin", Stage::Seen)),
            (PlexId(u64::MAX), person("plex-frank", Stage::Waiting)),
        ]);
        assert_eq!(shown(&people), "2 alice account\n5 erin seen\n18446744073709551615 plex-frank waiting\n");
        assert_eq!(parse(&shown(&people)), Some(people));
        assert_eq!(parse(""), Some(People::new()));
        for odd in
            ["odd\n", "2 alice\n", "x alice account\n", "2 alice gone\n", "2 alice account more\n", "2  account\n"]
        {
            assert_eq!(parse(odd), None, "{odd:?}");
        }
    }
}
