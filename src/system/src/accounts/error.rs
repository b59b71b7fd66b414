//! Failures to read the account database.

use std::fmt;
use std::io;

use nix::errno::Errno;

use crate::command;

/// The account database did not answer. None of these means that an account or a group does not exist, except
/// [`Error::NoGroup`].
#[derive(Debug)]
pub enum Error {
    /// The name service failed to look up an account.
    NameService(Errno),
    /// The name service failed to look up this user id.
    UserId(u32, Errno),
    /// The configured group does not exist, so that nobody can tell which accounts are its members.
    NoGroup(String),
    /// The name service failed to look up this group.
    Group(String, Errno),
    /// This group's entry is too long for the C library, and is not in `/etc/group`: the limit in bytes.
    LongGroup(String, usize),
    /// This group's entry is too long for the C library, and `/etc/group` cannot be read.
    GroupFile(String, io::Error),
    /// The groups of this user cannot be read.
    GroupsOf(String, Errno),
    /// This file cannot be read.
    File(String, io::Error),
    /// `getent` did not list this database.
    List(String, command::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameService(error) => f.write_str(error.desc()),
            Self::UserId(uid, error) => write!(f, "uid {uid}: {}", error.desc()),
            Self::NoGroup(name) => write!(f, "there is no group '{name}'; create it: groupadd {name}"),
            Self::Group(name, error) => write!(f, "the group '{name}' cannot be read: {}", error.desc()),
            Self::LongGroup(name, limit) => {
                write!(
                    f,
                    "the group '{name}' cannot be read: its entry is longer than {limit} bytes and is not in /etc/group"
                )
            }
            Self::GroupFile(name, error) => write!(f, "the group '{name}' cannot be read: /etc/group: {error}"),
            Self::GroupsOf(user, error) => write!(f, "the groups of '{user}' cannot be read: {}", error.desc()),
            Self::File(file, error) => write!(f, "{file} cannot be read: {error}"),
            Self::List(database, error) => write!(f, "the {database} database cannot be read: {error}"),
        }
    }
}

impl std::error::Error for Error {}
