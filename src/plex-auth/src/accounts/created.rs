//! List of the accounts that this command has created, in a file of root's. It ends the sessions of these alone.

use std::collections::BTreeMap;
use std::path::Path;

use super::expiry_locks::AccountsLock;
use super::state_file;
use crate::config_file::write::write_for_root;
use crate::error::Error;

const FILE: &str = "/var/lib/plex-auth-sync/created";

/// Limit on the file's size, in bytes: some 20 000 accounts.
const MAX_BYTES: u64 = 1024 * 1024;

/// User ids by name. A later account of the same name has another id.
pub(crate) type Created = BTreeMap<String, u32>;

/// Adds an account that is about to be created.
///
/// # Errors
/// The list cannot be read or written.
pub(crate) fn note(_turn: &AccountsLock, name: &str, uid: u32) -> Result<(), Error> {
    let mut created = read()?;
    created.insert(name.to_owned(), uid);
    keep(&created)
}

/// Removes an account that no longer exists.
///
/// # Errors
/// As [`note`].
pub(crate) fn forget(_turn: &AccountsLock, name: &str) -> Result<(), Error> {
    let mut created = read()?;
    if created.remove(name).is_none() {
        return Ok(());
    }
    keep(&created)
}

/// This command has created the account with this name and user id.
///
/// # Errors
/// As [`read`].
pub(crate) fn is_ours(name: &str, uid: u32) -> Result<bool, Error> {
    Ok(read()?.get(name) == Some(&uid))
}

/// The list.
///
/// # Errors
/// The list is damaged, cannot be read, or could have been changed by another user.
pub(crate) fn read() -> Result<Created, Error> {
    let hint = "it records the accounts whose sessions plex-auth may end. Write it again, root's and with mode 0600: a line \
                \"NAME UID\" for each account that plex-auth created";
    Ok(state_file::read(FILE, MAX_BYTES, hint, parse)?.unwrap_or_default())
}

fn keep(created: &Created) -> Result<(), Error> {
    let lines: Vec<_> = created.iter().map(|(name, uid)| format!("{name} {uid}\n")).collect();
    write_for_root(Path::new(FILE), &lines.concat())
}

fn parse(text: &str) -> Option<Created> {
    let line = |line: &str| {
        let (name, uid) = line.split_once(' ')?;
        Some((name.to_owned(), uid.parse().ok()?))
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_created_accounts_with_an_odd_line_is_damaged() {
        assert_eq!(parse("alice 1001\n"), Some(Created::from([("alice".into(), 1001)])));
        assert_eq!(parse(""), Some(Created::new()));
        for odd in ["odd\n", "alice 1001\nbob x\n", "alice 1001\n\n"] {
            assert_eq!(parse(odd), None, "{odd:?}");
        }
    }
}
