//! Local groups and their members. A group that cannot be read is an error, never an empty group.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{Gid, Group, User, getgrouplist};

use super::error::Error;
use super::files::{PasswdLine, passwd_lines};

const GROUP: &str = "/etc/group";

/// The largest buffer that nix offers the C library for one entry, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Space that the C library needs besides the line itself, in bytes: a pointer for each member and for the end, and alignment.
const POINTER: usize = 8;
const SLACK: usize = 4096;

/// The rest of an entry, roughly: password, id, separators, and the pointer for the end.
const FIXED: usize = 32;

/// The group with this name, or `None` when every source of the name service says that there is none.
///
/// # Errors
/// [`Error::Group`], [`Error::LongGroup`], [`Error::GroupFile`]
pub fn group(name: &str) -> Result<Option<Group>, Error> {
    match Group::from_name(name) {
        Ok(group) => Ok(group),
        // The entry is too long for the C library's caller, not for the file.
        Err(Errno::ERANGE) => match long_entry(Path::new(GROUP), name) {
            Ok(Some(group)) => Ok(Some(group)),
            Ok(None) => Err(Error::LongGroup(name.to_owned(), LARGEST)),
            Err(error) => Err(Error::GroupFile(name.to_owned(), error)),
        },
        Err(error) => Err(Error::Group(name.to_owned(), error)),
    }
}

/// A group with this name exists.
///
/// # Errors
/// As [`group`].
pub fn group_exists(name: &str) -> Result<bool, Error> {
    group(name).map(|group| group.is_some())
}

/// The group's entry is longer than libpam reads for its modules, such as `pam_succeed_if`: 256 KiB, measured with Linux-PAM
/// 1.5.2. A longer group has no members for them.
#[must_use]
pub fn is_too_long_for_pam(group: &Group) -> bool {
    let members: usize = group.mem.iter().map(|member| member.len() + 1 + POINTER).sum();
    group.name.len() + members + FIXED > 256 * 1024
}

/// The user is in the group, as a member or by their primary group.
///
/// # Errors
/// [`Error::GroupsOf`]
pub fn is_member(user: &User, group: &Group) -> Result<bool, Error> {
    // Usually the entry itself shows it. Reading all groups of a user asks every source of the name service.
    if user.gid == group.gid || group.mem.contains(&user.name) {
        return Ok(true);
    }
    Ok(groups_of(user)?.contains(&group.gid))
}

/// All groups of a user, the primary one included.
///
/// # Errors
/// [`Error::GroupsOf`]
pub fn groups_of(user: &User) -> Result<Vec<Gid>, Error> {
    let failed = |error| Error::GroupsOf(user.name.clone(), error);
    let name = CString::new(user.name.as_str()).map_err(|_| failed(Errno::EINVAL))?;
    getgrouplist(&name, user.gid).map_err(failed)
}

/// The names in a group's entry, and those of the accounts in `/etc/passwd` whose primary group it is.
///
/// # Errors
/// [`Error::File`]
pub fn members(group: &Group) -> Result<BTreeSet<String>, Error> {
    let passwd = passwd_lines()?;
    Ok(group.mem.iter().cloned().chain(by_primary_group(&passwd, group.gid.as_raw())).collect())
}

fn by_primary_group(passwd: &[PasswdLine], gid: u32) -> impl Iterator<Item = String> {
    passwd.iter().filter(move |line| line.gid == gid).map(|line| line.name.clone())
}

/// The first entry with this name, if it is long enough to be the one that the C library could not return: another source
/// may have a long group of the same name.
fn long_entry(file: &Path, name: &str) -> io::Result<Option<Group>> {
    let mut lines = BufReader::new(File::open(file)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line);
        let fields: Vec<_> = text.trim_end_matches('\n').split(':').collect();
        let [found, _, gid, members] = fields.as_slice() else { continue };
        let (true, Ok(gid)) = (*found == name, gid.parse()) else { continue };
        let mem: Vec<_> = members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect();
        let needed = line.len() + (mem.len() + 1) * POINTER + SLACK;
        let group = Group { name: name.to_owned(), passwd: CString::default(), gid: Gid::from_raw(gid), mem };
        return Ok(Some(group).filter(|_| needed > LARGEST));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::io::Write;

    use super::*;

    fn entry(text: &[u8], name: &str) -> Option<Group> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        long_entry(file.path(), name).unwrap()
    }

    #[test]
    fn r65_an_entry_that_is_too_long_for_the_c_library_is_read_from_the_file() {
        let names: Vec<_> = (0..80_000).map(|number| format!("member{number:05}")).collect();
        let text = format!("short:x:7:alice\nodd\nfriends:x:990:{}\nlast:x:8:\n", names.join(","));
        let mut bytes = b"latin:x:5:\xe9\n".to_vec();
        bytes.extend(text.as_bytes());
        let found = entry(&bytes, "friends").unwrap();
        assert_eq!((found.gid.as_raw(), found.mem.len()), (990, 80_000));
        for name in ["short", "last", "nobodys", "friend", ""] {
            assert!(entry(&bytes, name).is_none(), "{name}");
        }
        assert!(long_entry(Path::new("/no/such/file"), "friends").is_err());
    }

    #[test]
    fn accounts_are_members_of_their_primary_group() {
        let passwd = ["root:x:0:0::/root:/bin/sh", "alice:x:1000:990::/home/alice:/bin/sh", "odd:x:7"];
        let passwd: Vec<_> = passwd.into_iter().filter_map(PasswdLine::parse).collect();
        assert_eq!(by_primary_group(&passwd, 990).collect::<Vec<_>>(), ["alice"]);
        assert_eq!(by_primary_group(&passwd, 7).count(), 0);
    }

    #[test]
    fn r65_existing_groups_are_found_with_their_members() {
        assert!(group_exists("root").unwrap());
        assert!(!group_exists("no-such-group").unwrap());
        let (root, group) = (User::from_name("root").unwrap().unwrap(), group("root").unwrap().unwrap());
        assert!(is_member(&root, &group).unwrap());
        assert!(members(&group).unwrap().contains("root"));
    }
}
