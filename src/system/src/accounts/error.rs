//! Failures to read the account database.

use std::io;

use nix::errno::Errno;

use super::names::missing_group_fix;
use crate::command;

/// The account database did not answer. None of these means that an account or a group does not exist, except
/// [`Error::NoGroup`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name service failed to look up an account.
    #[error("{}", .0.desc())]
    NameService(Errno),
    /// The name service answers with an account that has another name, and does not confirm it under that one.
    #[error("the name is another spelling of an account that has no name of its own; see: getent passwd NAME")]
    NoCanonicalName,
    /// The name service failed to look up this user id.
    #[error("uid {}: {}", .0, .1.desc())]
    UserId(u32, Errno),
    /// The configured group does not exist, so that nobody can tell which accounts are its members.
    #[error("there is no group '{0}'; {fix}", fix = missing_group_fix(.0))]
    NoGroup(String),
    /// The name service failed to look up this group.
    #[error("the group '{}' cannot be read: {}", .0, .1.desc())]
    Group(String, Errno),
    /// This group's entry is too long for the C library, and is not in `/etc/group`: the limit in bytes.
    #[error("the group '{0}' cannot be read: its entry is longer than {1} bytes and is not in /etc/group")]
    LongGroup(String, usize),
    /// This group's entry is too long for the C library, and `/etc/group` cannot be read.
    #[error("the group '{0}' cannot be read: /etc/group: {1}")]
    GroupFile(String, io::Error),
    /// The groups of this user cannot be read.
    #[error("the groups of '{}' cannot be read: {}", .0, .1.desc())]
    GroupsOf(String, Errno),
    /// This file cannot be read.
    #[error("{0} cannot be read: {1}")]
    File(String, io::Error),
    /// `getent` did not list this database.
    #[error("the {0} database cannot be read: {1}")]
    List(String, command::Error),
}
