//! Choice of local accounts for friends.

use std::collections::BTreeSet;

use policy::PlexUser;

use super::choice::AccountChoice;
use crate::accounts::account_kind::{self, AccountKind};
use crate::accounts::local_accounts::canonical_name;
use crate::accounts::names::{self, Availability};
use crate::client::friends::{Friends, name};
use crate::error::Error;
use crate::ui::terminal::{ask, say, warn};

/// The choices on the command line, each as `LOCAL=PLEX`.
///
/// # Errors
/// A choice is malformed, names no single friend, or cannot be a friend's account.
pub(crate) fn named(users: &[String], friends: &Friends) -> Result<Vec<AccountChoice>, Error> {
    let mapping = |given: &String| -> Result<AccountChoice, Error> {
        let wrong = |what: String| Error::new(format!("--user {}: {what}", protocol::printable(given, 80)));
        let (local, plex) = given
            .split_once('=')
            .ok_or_else(|| wrong("is no LOCAL=PLEX".into()).hint("write for example --user alice=alice@example.org"))?;
        let account = judge(local).map_err(|error| wrong(error.to_string()))?;
        let person = friends.get(plex).ok_or_else(|| unknown(plex, friends))?;
        if let Err(why) = friends.is_permitted(person.id) {
            warn(format!("{} cannot sign in yet: {why}", name(person)));
        }
        Ok(AccountChoice { local: local.to_owned(), plex: person.id, name: name(person), account })
    };
    let mappings: Vec<AccountChoice> = users.iter().map(mapping).collect::<Result<_, Error>>()?;
    let twice =
        mappings.iter().enumerate().find(|(at, one)| mappings.iter().take(*at).any(|other| other.local == one.local));
    match twice {
        Some((_, one)) => Err(Error::new(format!("--user: {} cannot belong to two people", one.local))),
        None => Ok(mappings),
    }
}

/// Error for a person who is not on the list.
fn unknown(who: &str, friends: &Friends) -> Error {
    let known: Vec<_> = permitted(friends).into_iter().take(20).map(name).collect();
    Error::new(format!("not exactly one person on the owner's list is called {}", protocol::printable(who, 64)))
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

/// Kind of account that a local name has, if it can be a friend's.
fn judge(local: &str) -> Result<AccountKind, Error> {
    config::local_name(local).map_err(|mistake| Error::new(format!("{}; {}", mistake.what(), mistake.hint())))?;
    let canonical = canonical_name(local);
    if canonical != local {
        return Err(Error::new(format!("{local} is another spelling of {canonical}; use that name")));
    }
    match account_kind::look_up(local)? {
        AccountKind::System => {
            Err(Error::new(format!("{local} is root's or the system's, and nobody signs in to it with Plex")))
        }
        account => Ok(account),
    }
}

/// A person who may sign in and has no local account, with a suggestion.
struct Row<'a> {
    person: &'a PlexUser,
    suggestion: Option<(String, AccountKind)>,
    /// Part of the default answer.
    usual: bool,
}

/// Asks who gets which local account. On a first run, the default is everyone with a suitable suggestion; later it is no one.
///
/// # Errors
/// The input ends.
pub(crate) fn ask_which(
    friends: &Friends,
    users: &[(String, String)],
    first: bool,
) -> Result<Vec<AccountChoice>, Error> {
    let rows = rows(friends, users, first)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    say("");
    say("Who could sign in here, and as which local account:");
    for (number, row) in rows.iter().enumerate() {
        say(format!("{:>3}  {}", number + 1, shown(row, friends)));
    }
    say("     Numbers (1,3), NUMBER=NAME for another local name, all, or none");
    let usual: Vec<_> = (1..).zip(&rows).filter(|(_, row)| row.usual).map(|(number, _)| number.to_string()).collect();
    let default = match usual.len() {
        0 => "none".to_owned(),
        all if all == rows.len() => "all".to_owned(),
        _ => usual.join(","),
    };
    loop {
        let answer = ask("Who is to sign in here", Some(&default))?;
        match parse(&answer, &rows) {
            Ok(chosen) => return Ok(chosen),
            Err(why) => warn(why),
        }
    }
}

fn rows<'a>(friends: &'a Friends, users: &[(String, String)], first: bool) -> Result<Vec<Row<'a>>, Error> {
    let taken: BTreeSet<_> = users.iter().map(|(local, _)| local.as_str()).collect();
    let have: BTreeSet<_> = users.iter().filter_map(|(_, plex)| Some(friends.get(plex)?.id)).collect();
    let row = |person: &'a PlexUser| {
        let local = person.username.as_deref().and_then(names::local_name);
        let local = local.filter(|local| !taken.contains(local.as_str()));
        let suggestion = match local {
            Some(local) => Some((account_kind::look_up(&local)?, local)),
            None => None,
        };
        // A new account cannot have a name of the system's.
        let suggestion = match suggestion {
            Some((AccountKind::Free, local)) if !matches!(names::availability(&local, None)?, Availability::Free) => {
                None
            }
            other => other,
        };
        let suggestion = suggestion.map(|(account, local)| (local, account));
        let suggestion = suggestion.filter(|(_, account)| *account != AccountKind::System);
        // Not by default: a new account for the owner, who has one already, and accounts that can become root.
        let usual = match &suggestion {
            Some((_, AccountKind::Person)) => first,
            Some((_, AccountKind::Free)) => first && !is_owner(friends, person),
            _ => false,
        };
        Ok(Row { person, suggestion, usual })
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
fn parse(answer: &str, rows: &[Row]) -> Result<Vec<AccountChoice>, Error> {
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
            row.ok_or_else(|| Error::new(format!("{} is no number of the list", protocol::printable(word, 40))))?;
        let who = name(row.person);
        let (local, account) = match (wanted, &row.suggestion) {
            (Some(local), _) => (local.to_owned(), judge(local)?),
            (None, Some((local, account))) => (local.clone(), *account),
            (None, None) => return Err(Error::new(format!("{who} needs a local name: {number}=NAME"))),
        };
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
            usual: true,
        };
        let rows = [row(&alice, Some("alice")), row(&erin, Some("erin")), row(&odd, None)];
        let typed = |answer: &str| {
            parse(answer, &rows).map(|chosen| {
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
            ("4", "no number"),
            ("0", "no number"),
            ("x", "no number"),
            ("all", "No Name needs a local name: 3=NAME"),
            ("1=root", "root's"),
            ("1=a:b", "no local name"),
            ("1,2=alice", "two people"),
        ] {
            assert!(typed(answer).unwrap_err().to_string().contains(why), "{answer}: {:?}", typed(answer));
        }
    }
}
