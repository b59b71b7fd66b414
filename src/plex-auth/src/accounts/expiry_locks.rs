//! The accounts that `sync` has locked, with their previous expiry dates: locks by others are never removed.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use super::state_file;
use crate::config_file::write::write;
use crate::error::Error;

/// A directory of root's: plex-authd, which owns its own, must not be able to unlock an account.
const DIRECTORY: &str = "/var/lib/plex-auth-sync";

/// Limit on the file's size, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Lock of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lock {
    /// The account's user id: a later account of the same name has another.
    pub uid: u32,
    /// The previous expiry date, in days since 1970.
    pub expires: Option<i64>,
}

/// Locks by account name.
pub(crate) type Locks = BTreeMap<String, Lock>;

/// Lock that all commands which change accounts hold; released when dropped.
pub(crate) struct AccountsLock(#[expect(dead_code, reason = "held for its end")] Flock<File>);

/// Waits for the lock.
///
/// # Errors
/// The directory cannot be created or locked, or others can write to it.
pub(crate) fn lock_accounts() -> Result<AccountsLock, Error> {
    let failed = |error: String| Error::new(format!("{DIRECTORY}: {error}")).nothing_changed();
    match DirBuilder::new().mode(0o700).create(DIRECTORY) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error.to_string())),
        _ => {}
    }
    let directory = File::open(DIRECTORY).map_err(|error| failed(error.to_string()))?;
    let about = directory.metadata().map_err(|error| failed(error.to_string()))?;
    if about.uid() != 0 || about.mode() & 0o022 != 0 {
        return Err(failed("others can write to it".into())
            .hint(format!("run: chown root {DIRECTORY} && chmod 0700 {DIRECTORY}")));
    }
    Flock::lock(directory, FlockArg::LockExclusive)
        .map(AccountsLock)
        .map_err(|(_, error)| failed(error.desc().to_owned()))
}

/// The recorded locks.
///
/// # Errors
/// The list is damaged, cannot be read, or could have been changed by another user.
pub(crate) fn read() -> Result<Locks, Error> {
    let hint = "it records the accounts that sync has locked, and may unlock. Write it again, root's and with mode 0600: a line \
                \"NAME UID DAY\" for each, with the day of expiry before, or -";
    let file = file();
    Ok(state_file::read(&file.to_string_lossy(), MAX_BYTES, hint, parse)?.unwrap_or_default())
}

/// Writes the locks.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn keep(locks: &Locks) -> Result<(), Error> {
    write(&file(), &shown(locks))
}

fn file() -> PathBuf {
    Path::new(DIRECTORY).join("locked")
}

/// Format: one line for each account, with its name, its user id, and the previous expiry date or `-`.
fn parse(text: &str) -> Option<Locks> {
    let line = |line: &str| {
        let mut words = line.split(' ');
        let (name, uid, day) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
        let expires = if day == "-" { None } else { Some(day.parse().ok()?) };
        Some((name.to_owned(), Lock { uid, expires }))
    };
    text.lines().map(line).collect()
}

fn shown(locks: &Locks) -> String {
    let line = |(name, lock): (&String, &Lock)| {
        let day = lock.expires.map_or_else(|| "-".to_owned(), |day| day.to_string());
        format!("{name} {} {day}\n", lock.uid)
    };
    locks.iter().map(line).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_locks_are_read_again_and_an_odd_line_is_damage() {
        let lock = |uid, expires| Lock { uid, expires };
        let locks = Locks::from([("alice".into(), lock(1000, None)), ("bob".into(), lock(1001, Some(20_000)))]);
        assert_eq!(shown(&locks), "alice 1000 -\nbob 1001 20000\n");
        assert_eq!(parse(&shown(&locks)), Some(locks));
        assert_eq!(parse(""), Some(Locks::new()));
        for odd in ["odd\n", "alice x -\n", "bob 1 y\n", "alice 1000 -\n\n"] {
            assert_eq!(parse(odd), None, "{odd:?}");
        }
    }
}
