//! The accounts that belong to Plex accounts: those in `[users]`, and the members of the configured group.

use std::collections::{BTreeMap, BTreeSet};

use policy::{Account, PlexRef, Reason, resolve_account};

use super::error::Error;
use super::look_up::{account, user};
use super::{group, members};

/// The settings that decide which accounts are managed.
#[derive(Debug, Clone, Copy)]
pub struct ManagedAccounts<'a> {
    group: Option<&'a str>,
    users: &'a BTreeMap<String, PlexRef>,
    uid_min: u32,
}

impl<'a> ManagedAccounts<'a> {
    /// By the configured `group`, the accounts of `[users]`, and the first user id of people.
    #[must_use]
    pub fn new(group: Option<&'a str>, users: &'a BTreeMap<String, PlexRef>, uid_min: u32) -> Self {
        Self { group, users, uid_min }
    }

    /// The account that answers to this name, under its canonical name, which `[users]` and the group have to use.
    /// `[users]` takes precedence over the group: for an account listed there, the group is not read, so that a missing or
    /// unreadable group does not matter.
    ///
    /// # Errors
    /// As [`look_up`](super::look_up()).
    pub fn look_up(&self, name: &str) -> Result<Option<Account>, Error> {
        let Some(user) = user(name)? else { return Ok(None) };
        let group = self.group.filter(|_| !self.users.contains_key(&user.name));
        account(user, group, self.uid_min).map(Some)
    }

    /// The Plex account of a local one, by the policy's rules.
    ///
    /// # Errors
    /// [`Reason::NoLocalAccount`], [`Reason::SystemAccount`], [`Reason::NotManaged`].
    pub fn resolve(&self, account: Option<&Account>) -> Result<PlexRef, Reason> {
        resolve_account(account, self.uid_min, self.users)
    }

    /// All managed accounts, by name.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NoGroup`] also when `[users]` lists every account.
    pub fn all(&self) -> Result<Vec<(Account, PlexRef)>, Error> {
        let mut names: BTreeSet<_> = self.users.keys().cloned().collect();
        if let Some(name) = self.group {
            let group = group(name)?.ok_or_else(|| Error::NoGroup(name.to_owned()))?;
            names.extend(members(&group)?);
        }
        let mut all = BTreeMap::new();
        for name in names {
            let account = self.look_up(&name)?;
            if let (Ok(mapped_to), Some(account)) = (self.resolve(account.as_ref()), account) {
                all.insert(account.name.clone(), (account, mapped_to));
            }
        }
        Ok(all.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn users_takes_precedence_over_a_group_that_does_not_exist() {
        let users = BTreeMap::from([("daemon".to_owned(), PlexRef::Name("alice".into()))]);
        let managed = ManagedAccounts::new(Some("no-such-group"), &users, 1);
        let daemon = managed.look_up("daemon").unwrap();
        assert_eq!(managed.resolve(daemon.as_ref()), Ok(PlexRef::Name("alice".into())));
        assert!(matches!(managed.look_up("bin"), Err(Error::NoGroup(name)) if name == "no-such-group"));
        assert!(matches!(managed.all(), Err(Error::NoGroup(_))));
    }

    #[test]
    fn members_and_users_are_listed_without_root_and_missing_accounts() {
        let users = ["bin", "root", "no-such-account"].map(|name| (name.to_owned(), PlexRef::Name(name.into())));
        let users = BTreeMap::from(users);
        let all = ManagedAccounts::new(Some("daemon"), &users, 1).all().unwrap();
        let names: Vec<_> = all.iter().map(|(account, _)| account.name.as_str()).collect();
        assert_eq!(names, ["bin", "daemon"]);
    }
}
