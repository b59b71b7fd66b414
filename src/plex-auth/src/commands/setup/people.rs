//! Choice of people and their local accounts.

use std::collections::BTreeSet;

use policy::PlexUser;

use super::choice::AccountChoice;
use super::holders::Holders;
use crate::accounts::account_kind::{self, AccountKind};
use crate::accounts::local_accounts::canonical_name;
use crate::accounts::names::{self, Availability};
use crate::client::friends::{Friends, name};
use crate::error::Error;
use crate::ui::terminal::{ask, confirm, say, warn};

/// Inputs of a choice of people.
#[derive(Clone, Copy)]
pub(super) struct Choosing<'a> {
    /// The owner's friends.
    pub friends: &'a Friends,
    /// Entries of `[users]`: local account and reference.
    pub users: &'a [(String, String)],
    /// The group of managed accounts.
    pub group: Option<&'a str>,
    /// There is a terminal for questions.
    pub interactive: bool,
    /// Further accounts are permitted by the command line.
    pub another_account: bool,
}

/// The choices on the command line, each as `LOCAL=PLEX`.
///
/// # Errors
/// A choice is malformed, names no single friend, cannot be a friend's account, or is a further account of a person and not
/// confirmed.
pub(super) fn named(given: &[String], choosing: Choosing) -> Result<Vec<AccountChoice>, Error> {
    let friends = choosing.friends;
    let mapping = |given: &String| -> Result<AccountChoice, Error> {
        let wrong = |what: String| Error::new(format!("--user {}: {what}", protocol::printable(given, 80)));
        let (local, plex) = given.split_once('=').ok_or_else(|| {
            wrong("is not of the form LOCAL=PLEX".into()).hint("write for example --user alice=alice@example.org")
        })?;
        let account = judge(local, choosing.group).map_err(|error| wrong(error.to_string()))?;
        let person = friends.get(plex).ok_or_else(|| unknown(plex, friends))?;
        if let Err(why) = friends.is_permitted(person.id) {
            warn(format!("{} cannot sign in yet: {why}", name(person)));
        }
        Ok(AccountChoice { local: local.to_owned(), plex: person.id, name: name(person), account })
    };
    let mappings: Vec<AccountChoice> = given.iter().map(mapping).collect::<Result<_, Error>>()?;
    let twice =
        mappings.iter().enumerate().find(|(at, one)| mappings.iter().take(*at).any(|other| other.local == one.local));
    if let Some((_, one)) = twice {
        return Err(Error::new(format!("--user: {} cannot belong to two people", one.local)));
    }
    let mut holders = Holders::read(friends, choosing.users, choosing.group)?;
    for one in &mappings {
        confirm_another(one, &holders, choosing)?.ok_or_else(|| {
            let has = holders.account(one.plex).unwrap_or_default();
            Error::new(format!("--user {}={}: {} has the account {has} already", one.local, one.name, one.name)).hint(
                format!("to give them another one, too: --another-account; to replace it: plex-auth user remove {has}"),
            )
        })?;
        holders.add(Some(one.plex), &one.local);
    }
    Ok(mappings)
}

/// Asks before a person gets a further account; `None` if the answer is no.
fn confirm_another(one: &AccountChoice, holders: &Holders, choosing: Choosing) -> Result<Option<()>, Error> {
    let Some(has) = holders.other_than(one.plex, &one.local).filter(|_| !choosing.another_account) else {
        return Ok(Some(()));
    };
    let question = format!("{} has the account {has}. Give them the account {}, too?", one.name, one.local);
    let is_confirmed = choosing.interactive && confirm(&question, false)?;
    Ok(is_confirmed.then_some(()))
}

/// Error for a person who is not on the list.
fn unknown(who: &str, friends: &Friends) -> Error {
    let known: Vec<_> = permitted(friends).into_iter().take(20).map(name).collect();
    Error::new(format!("no person, or more than one, on the friend list is called {}", protocol::printable(who, 64)))
        .hint(format!("those who may sign in: {}", known.join(", ")))
}

/// The people who may sign in and have a name to sign in with, sorted by name, the owner last.
fn permitted(friends: &Friends) -> Vec<&PlexUser> {
    let named = |person: &&PlexUser| person.username.is_some() || person.email.is_some();
    let people = friends.friends().into_iter().filter(named).chain([friends.owner()]);
    people.filter(|person| friends.is_permitted(person.id).is_ok()).collect()
}

fn is_owner(friends: &Friends, person: &PlexUser) -> bool {
    person.id == friends.owner().id
}

/// Kind of account that a local name has, if it can be a friend's. A new name fulfils the rule of `plex-auth user add`.
fn judge(local: &str, group: Option<&str>) -> Result<AccountKind, Error> {
    config::local_name(local).map_err(|mistake| Error::new(format!("{}; {}", mistake.what(), mistake.hint())))?;
    let canonical = canonical_name(local);
    if canonical != local {
        return Err(Error::new(format!("{local} is another spelling of {canonical}; use that name")));
    }
    match account_kind::look_up(local)? {
        AccountKind::System => {
            Err(Error::new(format!("{local} is root or a system account, which cannot sign in with Plex")))
        }
        AccountKind::Free => match names::availability(local, group)? {
            Availability::Free => Ok(AccountKind::Free),
            Availability::Unsuitable(error) => Err(error),
            Availability::Exists => {
                Err(Error::new(format!("there is a group {local} already")).hint("use another name"))
            }
            Availability::Claimed(why) => Err(Error::new(why).hint("use another name")),
        },
        account => Ok(account),
    }
}

/// A person who may sign in, with a suggestion.
struct Row<'a> {
    person: &'a PlexUser,
    suggestion: Option<(String, AccountKind)>,
}

/// Asks who gets which local account. The default is no one.
///
/// # Errors
/// The input ends.
pub(super) fn ask_which(choosing: Choosing) -> Result<Vec<AccountChoice>, Error> {
    let friends = choosing.friends;
    let holders = Holders::read(friends, choosing.users, choosing.group)?;
    let rows = rows(choosing, &holders)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    say("");
    say("People with access, and the local account that each of them would have:");
    for (number, row) in (1..).zip(&rows) {
        say(format!("{number:>3}  {}", shown(row, friends)));
    }
    say("     Numbers (1,3), NUMBER=NAME for another local name, all, or none");
    loop {
        let answer = ask("Who should be able to sign in", Some("none"))?;
        match parse(&answer, &rows, choosing.group) {
            Ok(chosen) => {
                let all = chosen.iter().map(|one| confirm_another(one, &holders, choosing));
                if all.collect::<Result<Option<()>, Error>>()?.is_some() {
                    return Ok(chosen);
                }
            }
            Err(why) => warn(why),
        }
    }
}

/// The people without an entry in `[users]`.
fn rows<'a>(choosing: Choosing<'a>, holders: &Holders) -> Result<Vec<Row<'a>>, Error> {
    let (friends, users, group) = (choosing.friends, choosing.users, choosing.group);
    let taken: BTreeSet<_> = users.iter().map(|(local, _)| local.as_str()).collect();
    let have: BTreeSet<_> = users.iter().filter_map(|(_, plex)| Some(friends.get(plex)?.id)).collect();
    let row = |person: &'a PlexUser| {
        let theirs = holders.account(person.id).map(str::to_owned);
        let local = theirs.or_else(|| person.username.as_deref().and_then(names::local_name));
        let suggestion = match local.filter(|local| !taken.contains(local.as_str())) {
            Some(local) => Some((account_kind::look_up(&local)?, local)),
            None => None,
        };
        // A new account cannot have a name of the system's.
        let suggestion = match suggestion {
            Some((AccountKind::Free, local)) if !matches!(names::availability(&local, group)?, Availability::Free) => {
                None
            }
            other => other,
        };
        let suggestion = suggestion.map(|(account, local)| (local, account));
        let suggestion = suggestion.filter(|(_, account)| *account != AccountKind::System);
        Ok(Row { person, suggestion })
    };
    permitted(friends).into_iter().filter(|person| !have.contains(&person.id)).map(row).collect()
}

fn shown(row: &Row, friends: &Friends) -> String {
    let you = if is_owner(friends, row.person) { " (you)" } else { "" };
    let local = match &row.suggestion {
        Some((local, AccountKind::Free)) => format!("{local}, a new account"),
        Some((local, AccountKind::Powerful)) => format!("{local}, who can become root"),
        Some((local, _)) => format!("{local}, who is there"),
        None => "give a name".to_owned(),
    };
    let email = protocol::printable(row.person.email.as_deref().unwrap_or_default(), 30);
    format!("{:<16} {email:<30} → {local}", format!("{}{you}", name(row.person)))
}

/// Parses an answer.
fn parse(answer: &str, rows: &[Row], group: Option<&str>) -> Result<Vec<AccountChoice>, Error> {
    let every = (1..=rows.len()).map(|number| number.to_string()).collect::<Vec<_>>();
    let words: Vec<&str> = match answer.to_ascii_lowercase().as_str() {
        "none" | "no" | "-" => return Ok(Vec::new()),
        "all" => every.iter().map(String::as_str).collect(),
        _ => answer.split([',', ' ']).filter(|word| !word.is_empty()).collect(),
    };
    let mut chosen: Vec<AccountChoice> = Vec::new();
    for word in words {
        let (number, wanted) = word.split_once('=').map_or((word, None), |(number, local)| (number, Some(local)));
        let row = number.parse::<usize>().ok().and_then(|number| rows.get(number.checked_sub(1)?));
        let row =
            row.ok_or_else(|| Error::new(format!("{} is not a number in the list", protocol::printable(word, 40))))?;
        let who = name(row.person);
        let (local, account) = match (wanted, &row.suggestion) {
            (Some(local), _) => (local.to_owned(), judge(local, group)?),
            (None, Some((local, account))) => (local.clone(), *account),
            (None, None) => return Err(Error::new(format!("{who} needs a local name: {number}=NAME"))),
        };
        if chosen.iter().any(|other| other.plex == row.person.id) {
            return Err(Error::new(format!("{who} is chosen twice")));
        }
        if chosen.iter().any(|other| other.local == local) {
            return Err(Error::new(format!("{local} cannot belong to two people")));
        }
        chosen.push(AccountChoice { local, plex: row.person.id, name: who, account });
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use policy::PlexId;

    use super::*;

    fn person(id: u64, name: &str) -> PlexUser {
        PlexUser { id: PlexId(id), username: Some(name.into()), email: None }
    }

    #[test]
    fn answers_choose_rows_and_names_or_are_rejected_with_a_reason() {
        let (alice, erin, odd) = (person(2, "alice"), person(5, "erin"), person(9, "No Name"));
        let row = |person, local: Option<&str>| Row {
            person,
            suggestion: local.map(|local| (local.to_owned(), AccountKind::Free)),
        };
        let rows = [row(&alice, Some("alice")), row(&erin, Some("erin")), row(&odd, None)];
        let typed = |answer: &str| {
            parse(answer, &rows, Some("my-friends")).map(|chosen| {
                chosen.into_iter().map(|m| format!("{}={}", m.local, m.plex)).collect::<Vec<_>>().join(" ")
            })
        };
        for (answer, expected) in [
            ("1,2", "alice=2 erin=5"),
            ("2 1", "erin=5 alice=2"),
            ("none", ""),
            ("2=anna", "anna=5"),
            ("3=nemo, 1", "nemo=9 alice=2"),
        ] {
            assert_eq!(typed(answer).unwrap(), expected, "{answer}");
        }
        for (answer, why) in [
            ("4", "not a number in the list"),
            ("0", "not a number in the list"),
            ("x", "not a number in the list"),
            ("all", "No Name needs a local name: 3=NAME"),
            ("1=root", "root is root or a system account"),
            ("1=a:b", "no local name"),
            ("1=\u{d6}laf", "'\u{d6}laf' cannot be a local name"),
            ("1=docker", "'docker' is a name with a special meaning to the system"),
            ("1=my-friends", "'my-friends' is the name of the friends' group"),
            ("1,1=anna", "alice is chosen twice"),
            ("1,2=alice", "two people"),
        ] {
            assert!(typed(answer).unwrap_err().to_string().contains(why), "{answer}: {:?}", typed(answer));
        }
    }
}
