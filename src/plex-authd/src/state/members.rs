//! Members of the configured group without an entry in `[users]`, who map to the Plex account of their name (R74). The first
//! list that is read after a member joined binds it to that account, or leaves it unbound: then no account gets it by a name.
//! A member that the group does not list, but its own groups show, is never bound by its name, and neither is one that has had an
//! entry. Without an owner's token there is no list: the first login binds each member by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use policy::FriendList;
use system::accounts::{self, ListedMembers};

use crate::lock::lock;
use crate::log::Log;
use crate::settings::Settings;
use crate::state::absences::Absences;
use crate::state::identities::Identities;

/// The most lines about unbound members that one list causes.
const MAX_LINES: usize = 20;

/// The most names that are looked up for these lines, apart from those of `/etc/passwd`.
const MAX_LOOKUPS: usize = 100;

/// The group of one configuration, and the bindings of its members.
pub(crate) struct Members {
    settings: Arc<Settings>,
    identities: Arc<Identities>,
    log: Log,
    /// Bound and unbound accounts that the last readings did not find in the group.
    absences: Mutex<Absences>,
}

impl Members {
    pub(crate) fn new(settings: Arc<Settings>, identities: Arc<Identities>, log: Log) -> Self {
        if let Some(group) = &settings.config.group {
            identities.record_group(group);
        }
        Self { settings, identities, log, absences: Mutex::default() }
    }

    /// The listed members that no list has decided about. The list that decides has to be requested after this call. Empty while
    /// the group cannot be read.
    pub(crate) fn undecided(&self) -> BTreeSet<String> {
        let Some(mut members) = self.listed() else { return BTreeSet::new() };
        self.release_missing(&members);
        self.leave_entries_unbound(&members);
        members.names.retain(|member| self.is_undecided(member));
        members.names
    }

    /// Leaves the members that have an entry in `[users]` unbound. The entry decides while it is there. Without it, the
    /// person who has the member's name at Plex by then must not get the account.
    fn leave_entries_unbound(&self, members: &ListedMembers) {
        let entries = self.settings.config.users.keys();
        let undecided = entries.filter(|name| members.names.contains(*name) && self.identities.is_undecided(name));
        self.identities.leave_unbound(undecided.cloned().collect());
    }

    /// The next list decides about this member at its login, since the group lists it. One that it does not list is left unbound:
    /// nobody knows when it joined, and who had its name then. Neither happens while the name service does not answer.
    pub(crate) fn awaits_list(&self, member: &str) -> bool {
        match self.listed() {
            Some(members) if members.names.contains(member) => true,
            Some(members) if members.is_complete && self.is_undecided(member) => {
                self.identities.leave_unbound(vec![member.to_owned()]);
                let (shown, group) = (protocol::printable(member, 64), self.group());
                self.log.warning(format!(
                    "the group {group} does not list its member '{shown}', so it is not matched by its name; to map it to a Plex \
                     account: plex-auth user link {shown} WHO"
                ));
                false
            }
            _ => false,
        }
    }

    /// No list has decided yet whom this member belongs to.
    pub(crate) fn is_undecided(&self, member: &str) -> bool {
        !self.settings.config.users.contains_key(member) && self.identities.is_undecided(member)
    }

    /// Decides about new members.
    pub(crate) fn decide(&self, list: &FriendList, members: &BTreeSet<String>) {
        let mut unbound = Vec::new();
        for member in members.iter().filter(|member| self.is_undecided(member)) {
            let Some(binding) = self.settings.rules.first_binding(list, member) else {
                unbound.push(member.clone());
                continue;
            };
            let (group, shown) = (self.group(), protocol::printable(member, 64));
            self.log.info(format!(
                "'{shown}', a member of the group {group}, belongs to Plex id {} from now on",
                binding.id
            ));
            self.identities.bind(member, binding);
        }
        self.identities.leave_unbound(unbound.clone());
        self.warn(&unbound);
    }

    fn listed(&self) -> Option<ListedMembers> {
        let group = accounts::group(self.settings.config.group.as_deref()?).ok()??;
        accounts::listed_members(&group).ok()
    }

    /// Forgets whom former members belong to, or that they belong to nobody: when an account of the name joins again, which may
    /// be another one, the next list decides; without an owner's token, the first login. A member of an earlier configuration's
    /// group has not left: another `group` in the file neither changes whom it belongs to nor ends its session in progress. An
    /// entry in `[users]` does not depend on the group. Does nothing while the group cannot be read. A single look may be an
    /// incomplete answer of a name service, after which the account would belong to the person who has its name by then: two have
    /// to agree.
    pub(crate) fn release_former(&self) {
        if let Some(members) = self.listed() {
            self.release_missing(&members);
        }
    }

    fn release_missing(&self, members: &ListedMembers) {
        let mut missing: BTreeSet<_> =
            self.identities.unbound().into_iter().chain(self.identities.bound_members()).collect();
        missing.retain(|account| !members.names.contains(account) && !self.settings.config.users.contains_key(account));
        if !missing.is_empty() {
            let Ok(passwd) = accounts::passwd_lines() else { return };
            missing.retain(|account| {
                let found = accounts::look_up(account, self.settings.config.group.as_deref(), self.settings.uid_min);
                match found {
                    // Under another name, it is another account's record.
                    Ok(Some(found)) if found.name != *account => true,
                    Ok(Some(found)) => !found.in_group && !self.is_in_earlier_group(account),
                    Ok(None) => members.is_complete && !passwd.iter().any(|line| line.name == *account),
                    Err(_) => false,
                }
            });
        }
        let former =
            lock(&self.absences).confirm(missing, Instant::now(), self.settings.config.timeouts.friend_list / 2);
        for account in former {
            self.identities.release_member(&account);
        }
    }

    /// The account is in the group of an earlier configuration, or that cannot be known.
    fn is_in_earlier_group(&self, account: &str) -> bool {
        let mut earlier = self.identities.groups();
        earlier.remove(self.group());
        earlier.iter().any(|name| match accounts::group(name) {
            Ok(None) => false,
            Ok(Some(group)) => accounts::user(account)
                .and_then(|user| user.map_or(Ok(false), |user| accounts::is_member(&user, &group)))
                .unwrap_or(true),
            Err(_) => true,
        })
    }

    /// Logs the accounts that nobody can sign in to. A group may have many names without an account, which are no loss.
    fn warn(&self, unbound: &[String]) {
        let is_person = |uid: u32| uid != 0 && uid >= self.settings.uid_min;
        let passwd = accounts::passwd_lines().unwrap_or_default();
        let local: BTreeMap<_, _> = passwd.iter().map(|line| (line.name.as_str(), line.uid)).collect();
        let (here, elsewhere): (Vec<&String>, Vec<&String>) =
            unbound.iter().partition(|name| local.contains_key(name.as_str()));
        let here = here.into_iter().filter(|name| local.get(name.as_str()).is_some_and(|uid| is_person(*uid)));
        let elsewhere = elsewhere.into_iter().take(MAX_LOOKUPS).filter(|name| {
            accounts::user(name).is_ok_and(|user| user.is_some_and(|user| is_person(user.uid.as_raw())))
        });
        for name in here.chain(elsewhere).take(MAX_LINES) {
            let (shown, group) = (protocol::printable(name, 64), self.group());
            self.log.warning(format!(
                "'{shown}' joined the group {group}, but no Plex account (or more than one) has that name; to map it to one: \
                 plex-auth user link {shown} WHO"
            ));
        }
    }

    #[cfg(test)]
    pub(crate) fn identities(&self) -> &Identities {
        &self.identities
    }

    fn group(&self) -> &str {
        self.settings.config.group.as_deref().unwrap_or_default()
    }
}
