//! The lines of `/etc/passwd` and `/etc/shadow`.

use std::collections::BTreeMap;
use std::fs;

use policy::Account;

use super::error::Error;

const PASSWD: &str = "/etc/passwd";
const SHADOW: &str = "/etc/shadow";

/// A line of `/etc/passwd`, passwd(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswdLine {
    /// Account name.
    pub name: String,
    /// The password is in `/etc/shadow`.
    pub in_shadow: bool,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Home directory; empty where none is set.
    pub home: String,
}

/// The meaning of a line of `/etc/shadow`, shadow(5). Days are counted from 1970-01-01.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowLine {
    /// The password field, without its hash.
    pub password: LocalPassword,
    /// The day of the last password change; 0 demands a new password at the next login.
    pub changed: Option<i64>,
    /// The number of days after which the password must be changed.
    pub max_days: Option<i64>,
    /// The day on which the account expires.
    pub expires: Option<i64>,
}

/// The password field of a line of `/etc/shadow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalPassword {
    /// Empty: no password is needed.
    Empty,
    /// `!…`: locked; a hash behind the mark may be unlocked again.
    Locked,
    /// `*…`: no password matches.
    Impossible,
    /// A hash.
    Set,
}

impl PasswdLine {
    /// Parses a line; `None` for anything else.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let (name, password) = (fields.next()?.to_owned(), fields.next()?);
        let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let home = fields.nth(1).unwrap_or_default().to_owned();
        Some(Self { name, in_shadow: password == "x", uid, gid, home })
    }
}

impl ShadowLine {
    /// Parses a line into the account's name and the rest; `None` for anything else.
    #[must_use]
    pub fn parse(line: &str) -> Option<(String, Self)> {
        let fields: Vec<_> = line.split(':').collect();
        let number = |place: usize| fields.get(place).and_then(|field| field.parse().ok());
        let password = match fields.get(1)?.bytes().next() {
            None => LocalPassword::Empty,
            Some(b'!') => LocalPassword::Locked,
            Some(b'*') => LocalPassword::Impossible,
            Some(_) => LocalPassword::Set,
        };
        let line = Self { password, changed: number(2), max_days: number(4), expires: number(7) };
        Some(((*fields.first()?).to_owned(), line))
    }
}

/// The lines of `/etc/passwd`, other sources of the name service not included.
///
/// # Errors
/// [`Error::File`]
pub fn passwd_lines() -> Result<Vec<PasswdLine>, Error> {
    Ok(text(PASSWD)?.lines().filter_map(PasswdLine::parse).collect())
}

/// The account is the one that `/etc/passwd` has under its name, and not one of another source of the name service.
///
/// # Errors
/// [`Error::File`]
pub fn is_in_passwd(account: &Account) -> Result<bool, Error> {
    Ok(passwd_lines()?.iter().any(|line| line.name == account.name && line.uid == account.uid))
}

/// The lines of `/etc/shadow` by account; the first of each counts, as for the C library.
///
/// # Errors
/// [`Error::File`]
pub fn shadow_lines() -> Result<BTreeMap<String, ShadowLine>, Error> {
    Ok(by_account(&text(SHADOW)?))
}

fn by_account(shadow: &str) -> BTreeMap<String, ShadowLine> {
    let mut lines = BTreeMap::new();
    for (name, line) in shadow.lines().filter_map(ShadowLine::parse) {
        lines.entry(name).or_insert(line);
    }
    lines
}

/// The text of a file of the account database. Bytes that are not UTF-8, as in comments, are replaced.
///
/// # Errors
/// [`Error::File`]
pub(super) fn text(file: &str) -> Result<String, Error> {
    let bytes = fs::read(file).map_err(|error| Error::File(file.to_owned(), error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn passwd_lines_are_parsed_and_odd_ones_ignored() {
        let alice =
            PasswdLine { name: "alice".into(), in_shadow: true, uid: 1000, gid: 990, home: "/home/alice".into() };
        assert_eq!(PasswdLine::parse("alice:x:1000:990:,,:/home/alice:/bin/sh"), Some(alice));
        assert_eq!(PasswdLine::parse("alice::1000:990").unwrap().home, "");
        for odd in ["", "alice", "alice:x:many:1::/:/", "a:x:7", "+::::::"] {
            assert_eq!(PasswdLine::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn shadow_lines_give_the_password_and_the_days_and_the_first_counts() {
        let text = "alice:*:20000:0:99999:7:::\nbob:$y$x:20000:0:99999:7::1:\nerin::20000::::::\n\
                    frank:!$y$x:1:::::20000:\nodd\nalice:$y$x:1::::::\n";
        let lines = by_account(text);
        let line = |name: &str| lines.get(name).map(|line| (line.password, line.expires)).unwrap();
        assert_eq!(line("alice"), (LocalPassword::Impossible, None));
        assert_eq!(line("bob"), (LocalPassword::Set, Some(1)));
        assert_eq!(line("erin"), (LocalPassword::Empty, None));
        assert_eq!(line("frank"), (LocalPassword::Locked, Some(20000)));
        assert_eq!((lines["bob"].changed, lines["bob"].max_days), (Some(20000), Some(99999)));
        assert_eq!(lines.len(), 4);
    }
}
