//! The account database as a whole: every account and group that its sources list, and the ranges of ids.

use std::collections::BTreeSet;
use std::fs;

use system::command::{Command, NAME_SERVICE_LIMIT, NAME_SERVICE_OUTPUT, find};

use crate::error::Error;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    /// Its name.
    pub name: String,
    /// Its user id.
    pub uid: u32,
    /// Its home, as the database has it.
    pub home: String,
}

/// Every account that is listed. Sources that do not list theirs, as SSSD by default, answer for single ids only.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn accounts() -> Result<Vec<Account>, Error> {
    Ok(lines("passwd")?.iter().filter_map(|line| account(line)).collect())
}

/// Every group id that is listed.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn group_ids() -> Result<Vec<u32>, Error> {
    Ok(lines("group")?.iter().filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect())
}

fn account(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let (name, uid) = (fields.next()?, fields.nth(1)?.parse().ok()?);
    Some(Account { name: name.to_owned(), uid, home: fields.nth(2)?.to_owned() })
}

/// The lines of the file on this machine and of what every source lists.
fn lines(database: &str) -> Result<BTreeSet<String>, Error> {
    let failed = |why: String| Error::new(format!("the {database} database cannot be read: {why}"));
    let file = fs::read(format!("/etc/{database}")).map_err(|error| failed(error.to_string()))?;
    let mut all: BTreeSet<_> = String::from_utf8_lossy(&file).lines().map(str::to_owned).collect();
    if let Some(getent) = find(&["/usr/bin/getent", "/bin/getent"]) {
        let arguments = [database];
        let getent = Command::tool(getent, &arguments).limit(NAME_SERVICE_LIMIT).max_output(NAME_SERVICE_OUTPUT);
        all.extend(getent.stdout().map_err(|error| failed(error.to_string()))?.lines().map(str::to_owned));
    }
    Ok(all)
}

/// The end of the highest range of subordinate ids in /etc/subuid or /etc/subgid, 0 where there is none.
pub(super) fn highest_subordinate(file: &str) -> u32 {
    let bytes = fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().filter_map(end_of_range).max().unwrap_or(0)
}

fn end_of_range(line: &str) -> Option<u32> {
    let mut fields = line.split(':');
    let (start, count): (u32, u32) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
    start.checked_add(count.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_ranges_are_read_and_odd_lines_are_none() {
        let alice = Account { name: "alice".into(), uid: 1000, home: "/home/alice".into() };
        assert_eq!(account("alice:x:1000:990:,,:/home/alice:/bin/sh"), Some(alice));
        for odd in ["", "alice", "alice:x:many:1::/:/", "a:x:7", "+::::::"] {
            assert_eq!(account(odd), None, "{odd}");
        }
        assert_eq!(end_of_range("alice:100000:65536"), Some(165_535));
        for odd in ["", "alice:100000", "alice:100000:0", "alice:4294967295:2", "alice:x:1"] {
            assert_eq!(end_of_range(odd), None, "{odd}");
        }
    }
}
