//! The managed accounts, as the account database shows them.

use config::Config;
use policy::{Account, PlexRef};
use system::accounts::{self, LocalPassword, ManagedAccounts, ShadowLine};

use super::names;
use crate::error::Error;

/// A managed account: in `[users]` or in the group, and neither root's nor the system's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Local {
    pub name: String,
    pub uid: u32,
    /// Reference to its Plex account.
    pub mapped_to: PlexRef,
    /// Its line in /etc/shadow. Accounts of other sources have none, and are never changed.
    pub shadow: Option<Shadow>,
}

/// The relevant fields of a line of /etc/shadow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shadow {
    /// The account can be opened with some password, or without one.
    pub password: bool,
    /// Expiry date, in days since 1970.
    pub expires: Option<i64>,
}

/// All managed accounts.
///
/// # Errors
/// The account database cannot be read.
pub(crate) fn managed(config: &Config) -> Result<Vec<Local>, Error> {
    let shadow = accounts::shadow_lines()?;
    let local = |(Account { name, uid, .. }, mapped_to)| {
        let shadow = shadow.get(&name).map(Shadow::of);
        Local { name, uid, mapped_to, shadow }
    };
    Ok(accounts_of(config).all().map_err(missing_group)?.into_iter().map(local).collect())
}

/// The managed account that answers to this name, under its canonical name.
///
/// # Errors
/// There is no such account, it is root's or the system's, or it is not managed.
pub(crate) fn one(config: &Config, name: &str) -> Result<Local, Error> {
    let shown = protocol::printable(name, 64);
    let managed = accounts_of(config);
    let account = managed.look_up(name)?;
    let mapped_to = managed
        .resolve(account.as_ref())
        .map_err(|reason| Error::new(format!("'{shown}' was not made for Plex: {reason}")).nothing_changed())?;
    let Account { name, uid, .. } =
        account.ok_or_else(|| Error::new(format!("there is no local account '{shown}'")))?;
    let shadow = accounts::shadow_lines()?.get(&name).map(Shadow::of);
    Ok(Local { name, uid, mapped_to, shadow })
}

/// The canonical name of the account that answers to this name; the name itself where no account does.
pub(crate) fn canonical_name(name: &str) -> String {
    // The daemon reports a failure of the name service where it matters.
    let account = accounts::user(name).ok().flatten();
    account.map_or_else(|| name.to_owned(), |account| account.name)
}

fn accounts_of(config: &Config) -> ManagedAccounts<'_> {
    ManagedAccounts::new(config.group.as_deref(), &config.users, accounts::uid_min())
}

fn missing_group(error: accounts::Error) -> Error {
    match error {
        accounts::Error::NoGroup(name) => match names::check_group(&name) {
            Ok(()) => Error::new(format!("there is no group {name}")).hint(format!("run: groupadd {name}")),
            Err(why) => why,
        },
        other => other.into(),
    }
}

impl Shadow {
    fn of(line: &ShadowLine) -> Self {
        let password = matches!(line.password, LocalPassword::Empty | LocalPassword::Set);
        Self { password, expires: line.expires }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn a_set_or_empty_password_opens_an_account_and_a_locked_one_does_not() {
        for (line, password) in [("a:*:1:", false), ("a:!$y$x:1:", false), ("a:$y$x:1:", true), ("a::1:", true)] {
            assert_eq!(Shadow::of(&ShadowLine::parse(line).unwrap().1).password, password, "{line}");
        }
    }
}
