//! Which accounts this command has created, in a list of root's: their sessions are its to end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::expiry_locks::AccountsLock;
use crate::config_file::write::write_for_root;
use crate::error::Error;

const FILE: &str = "/var/lib/plex-auth-sync/created";

/// User ids by name: a later account of the same name is another one.
type Created = BTreeMap<String, u32>;

/// Writes down that an account is being created.
///
/// # Errors
/// When it cannot be written down.
pub(crate) fn note(_turn: &AccountsLock, name: &str, uid: u32) -> Result<(), Error> {
    let mut created = read();
    created.insert(name.to_owned(), uid);
    keep(&created)
}

/// Strikes out an account that is gone.
///
/// # Errors
/// As [`note`].
pub(crate) fn forget(_turn: &AccountsLock, name: &str) -> Result<(), Error> {
    let mut created = read();
    if created.remove(name).is_none() {
        return Ok(());
    }
    keep(&created)
}

/// Whether this command has created that very account.
pub(crate) fn is_ours(name: &str, uid: u32) -> bool {
    read().get(name) == Some(&uid)
}

fn read() -> Created {
    fs::read_to_string(FILE).map(|text| parse(&text)).unwrap_or_default()
}

fn keep(created: &Created) -> Result<(), Error> {
    let lines: Vec<_> = created.iter().map(|(name, uid)| format!("{name} {uid}\n")).collect();
    write_for_root(Path::new(FILE), &lines.concat())
}

fn parse(text: &str) -> Created {
    let line = |line: &str| {
        let (name, uid) = line.split_once(' ')?;
        Some((name.to_owned(), uid.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_an_id() {
        assert_eq!(parse("alice 1001\nodd\nbob x\n\n"), Created::from([("alice".into(), 1001)]));
    }
}
