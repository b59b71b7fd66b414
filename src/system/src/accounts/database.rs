//! All accounts and groups that the sources of the name service list, and the ranges of subordinate ids.

use std::collections::BTreeSet;

use super::error::Error;
use super::files::{PasswdLine, text};
use crate::command::{Command, NAME_SERVICE_LIMIT, NAME_SERVICE_OUTPUT, find};

/// All accounts that are listed. A source may list none, as SSSD by default, and still answer for single ones.
///
/// # Errors
/// [`Error::File`], [`Error::List`]
pub fn all() -> Result<Vec<PasswdLine>, Error> {
    Ok(lines("passwd")?.iter().filter_map(|line| PasswdLine::parse(line)).collect())
}

/// All group ids that are listed.
///
/// # Errors
/// [`Error::File`], [`Error::List`]
pub fn all_group_ids() -> Result<Vec<u32>, Error> {
    Ok(lines("group")?.iter().filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect())
}

/// The lines of the file on this machine and those of `getent`.
fn lines(database: &str) -> Result<BTreeSet<String>, Error> {
    let file = text(&format!("/etc/{database}"))?;
    let mut all: BTreeSet<_> = file.lines().map(str::to_owned).collect();
    if let Some(getent) = find(&["/usr/bin/getent", "/bin/getent"]) {
        let arguments = [database];
        let getent = Command::tool(getent, &arguments).limit(NAME_SERVICE_LIMIT).max_output(NAME_SERVICE_OUTPUT);
        let listed = getent.stdout().map_err(|error| Error::List(database.to_owned(), error))?;
        all.extend(listed.lines().map(str::to_owned));
    }
    Ok(all)
}

/// The end of the highest range of subordinate ids in `/etc/subuid` or `/etc/subgid`; 0 where there is none.
#[must_use]
pub fn highest_subordinate(file: &str) -> u32 {
    text(file).unwrap_or_default().lines().filter_map(end_of_range).max().unwrap_or(0)
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
    fn ranges_of_subordinate_ids_are_parsed_and_odd_lines_ignored() {
        assert_eq!(end_of_range("alice:100000:65536"), Some(165_535));
        for odd in ["", "alice:100000", "alice:100000:0", "alice:4294967295:2", "alice:x:1"] {
            assert_eq!(end_of_range(odd), None, "{odd}");
        }
    }
}
