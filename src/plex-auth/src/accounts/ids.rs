//! Each user and group id is given once, so that files left by a removed account never get a new owner. A file of root's has
//! the highest ids ever seen, and new accounts get higher ones.

use nix::unistd::{Gid, Group, Uid, User};
use system::accounts::{all, all_group_ids, highest_subordinate, login_defs};

use super::expiry_locks::AccountsLock;
use super::state_file;
use crate::config_file::write::write_for_root;
use crate::error::Error;

/// File with the highest ids.
const FILE: &str = "/var/lib/plex-auth-sync/highest-ids";

/// First words of the file's lines, in this order.
const KINDS: [&str; 4] = ["uid", "gid", "subuid", "subgid"];

/// Default of `SUB_UID_MIN` and `SUB_GID_MIN`.
const SUB_MIN: u32 = 100_000;

/// Limit on the file's size: four lines of a word and a number.
const MAX_BYTES: u64 = 256;

/// The ids of a new account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ids {
    /// User id.
    pub uid: u32,
    /// Id of the user's own group.
    pub gid: u32,
    /// Lowest subordinate user id for this account.
    pub sub_user: u32,
    /// Lowest subordinate group id for this account.
    pub sub_group: u32,
}

/// Highest ids: of users, of groups, of subordinate users, of subordinate groups.
type Highest = [u32; 4];

/// Records the ids in use, so that they are not given again. Call before an account is removed.
///
/// # Errors
/// The file cannot be trusted or written.
pub(crate) fn note(turn: &AccountsLock) -> Result<(), Error> {
    highest(turn).map(drop)
}

/// Reserves ids that were never used. They are recorded before the account exists.
///
/// # Errors
/// As [`note`]; or no id is left.
pub(crate) fn next(turn: &AccountsLock) -> Result<Ids, Error> {
    let [uid, gid, sub_user, sub_group] = highest(turn)?;
    let uid = free("user", "UID", uid, |id| User::from_uid(Uid::from_raw(id)).map(|user| user.is_some()))?;
    let is_group = |id| Group::from_gid(Gid::from_raw(id)).map(|group| group.is_some());
    // The same number as the user's where possible, as useradd does.
    let same = uid > gid && uid <= range("GID").1 && matches!(is_group(uid), Ok(false));
    let gid = if same { uid } else { free("group", "GID", gid, is_group)? };
    keep([uid, gid, sub_user, sub_group])?;
    let above = |highest: u32, kind: &str| highest.saturating_add(1).max(login_defs(kind).unwrap_or(SUB_MIN));
    Ok(Ids { uid, gid, sub_user: above(sub_user, "SUB_UID_MIN"), sub_group: above(sub_group, "SUB_GID_MIN") })
}

/// The highest ids, updated with those in use.
fn highest(_turn: &AccountsLock) -> Result<Highest, Error> {
    let marked = read()?;
    let people = |ids: Vec<u32>, kind: &str| {
        let (min, max) = range(kind);
        ids.into_iter().filter(|id| (min..=max).contains(id)).max().unwrap_or(min.saturating_sub(1))
    };
    let in_use = [
        people(all()?.into_iter().map(|account| account.uid).collect(), "UID"),
        people(all_group_ids()?, "GID"),
        highest_subordinate("/etc/subuid"),
        highest_subordinate("/etc/subgid"),
    ];
    let mut highest = marked.unwrap_or_default();
    for (highest, in_use) in highest.iter_mut().zip(in_use) {
        *highest = in_use.max(*highest);
    }
    if marked != Some(highest) {
        keep(highest)?;
    }
    Ok(highest)
}

/// Range of ids for people, as useradd has it.
fn range(kind: &str) -> (u32, u32) {
    (login_defs(&format!("{kind}_MIN")).unwrap_or(1000), login_defs(&format!("{kind}_MAX")).unwrap_or(60_000))
}

/// First id above the highest that no source uses, listed or not.
fn free(what: &str, kind: &str, highest: u32, is_taken: impl Fn(u32) -> nix::Result<bool>) -> Result<u32, Error> {
    let (min, max) = range(kind);
    for id in highest.saturating_add(1).max(min)..=max {
        let taken = is_taken(id).map_err(|error| {
            Error::new(format!("the system cannot say whether the {what} id {id} is free: {}", error.desc()))
                .nothing_changed()
        })?;
        if !taken {
            return Ok(id);
        }
    }
    Err(Error::new(format!(
        "no {what} id is left: {highest} has been used, {kind}_MAX is {max}, and an id is never given twice"
    ))
    .nothing_changed()
    .hint(format!("raise {kind}_MAX in /etc/login.defs")))
}

fn keep(highest: Highest) -> Result<(), Error> {
    let lines: Vec<_> = KINDS.iter().zip(highest).map(|(kind, id)| format!("{kind} {id}\n")).collect();
    write_for_root(FILE.as_ref(), &lines.concat())
}

fn read() -> Result<Option<Highest>, Error> {
    let hint = "it keeps ids of removed accounts from being given again. Write it again, root's and with mode 0600: the lines \
                \"uid N\", \"gid N\", \"subuid N\" and \"subgid N\", with the highest ids ever used on this machine";
    state_file::read(FILE, MAX_BYTES, hint, parse)
}

/// Accepts only what [`keep`] writes.
fn parse(text: &str) -> Option<Highest> {
    let mut highest = Highest::default();
    let mut lines = text.lines();
    for (kind, id) in KINDS.iter().zip(&mut highest) {
        *id = lines.next()?.strip_prefix(kind)?.strip_prefix(' ')?.parse().ok()?;
    }
    (lines.next().is_none() && text.ends_with('\n')).then_some(highest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn a_damaged_file_of_highest_ids_is_rejected() {
        assert_eq!(parse("uid 1001\ngid 1002\nsubuid 165535\nsubgid 0\n"), Some([1001, 1002, 165_535, 0]));
        for damaged in [
            "",
            "uid 1\n",
            "uid 1\ngid 1\nsubuid 1\nsubgid 1",
            "uid 1\ngid 1\nsubuid 1\nsubgid 1\nmore 1\n",
            "gid 1\nuid 1\nsubuid 1\nsubgid 1\n",
            "uid -1\ngid 1\nsubuid 1\nsubgid 1\n",
            "uid 99999999999\ngid 1\nsubuid 1\nsubgid 1\n",
        ] {
            assert_eq!(parse(damaged), None, "{damaged:?}");
        }
    }

    #[test]
    fn the_first_free_id_is_above_the_highest_and_at_most_uid_max() {
        let (_, max) = range("UID");
        assert_eq!(free("user", "UID", max - 3, |id| Ok(id == max - 2)).unwrap(), max - 1);
        assert!(free("user", "UID", max, |_| Ok(false)).unwrap_err().to_string().contains("UID_MAX"));
        assert!(free("user", "UID", max - 1, |_| Ok(true)).is_err());
        assert!(free("user", "UID", max - 1, |_| Err(nix::Error::EIO)).is_err());
    }
}
