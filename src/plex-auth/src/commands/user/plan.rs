//! Plan of `sync`: a pure function of the configuration, the friend list and the local accounts.

mod given;
mod new_name;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use policy::{PlexId, PlexRef, PlexUser, Reason};

use crate::accounts::earlier::command;
use crate::accounts::expiry_locks::Lock;
use crate::accounts::local_accounts::{Local, Shadow};
use crate::accounts::people::People;
use crate::client::friends::{Friends, name, name_and_id};
use crate::client::known_binding::KnownBinding;
pub(crate) use given::Given;
use given::UNKNOWN;
use new_name::{NoName, derived, local_name};

/// One step of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Create an account.
    Add {
        /// Its name.
        local: String,
        /// The friend's Plex account.
        plex: PlexId,
        /// The friend's name.
        name: String,
        /// The owner has seen the local name, or has set its prefix. Any other one is what a friend has chosen.
        seen: bool,
    },
    /// Lock an account.
    Lock {
        /// Its name.
        local: String,
        /// Lock to record.
        lock: Lock,
        /// The policy's reason.
        why: Reason,
    },
    /// Unlock the account of a friend who has access again.
    Unlock {
        /// Its name.
        local: String,
        /// The recorded lock.
        lock: Lock,
    },
    /// Remove an account.
    Remove {
        /// Its name.
        local: String,
        /// The policy's reason.
        why: Reason,
    },
}

impl Action {
    /// The action creates an account with a name that the owner has not seen.
    pub(crate) fn is_unseen(&self) -> bool {
        matches!(self, Self::Add { seen: false, .. })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add { local, plex, name, .. } => write!(f, "add {local}: for {name} (Plex id {plex})"),
            Self::Lock { local, why, .. } => write!(f, "lock {local}: {why}"),
            Self::Unlock { local, .. } => write!(f, "unlock {local}: its friend has access again"),
            Self::Remove { local, why } => write!(f, "remove {local}: {why}"),
        }
    }
}

/// Steps, and notes for the owner.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Steps in their order.
    pub actions: Vec<Action>,
    /// Notes for the owner.
    pub notes: Vec<String>,
    /// Local accounts of people with access.
    pub served: BTreeMap<PlexId, String>,
    /// Number of accounts in use.
    in_use: usize,
}

impl Plan {
    /// True if more than half of the accounts in use would be locked or removed: the list is probably wrong.
    pub(crate) fn is_drastic(&self) -> bool {
        self.going() * 2 > self.in_use && self.going() > 0
    }

    /// Number of accounts to lock or remove.
    pub(crate) fn going(&self) -> usize {
        self.actions.iter().filter(|action| matches!(action, Action::Lock { .. } | Action::Remove { .. })).count()
    }

    /// Number of accounts in use.
    pub(crate) fn in_use(&self) -> usize {
        self.in_use
    }

    /// Removes all new accounts.
    pub(crate) fn take_new(&mut self) -> Vec<Action> {
        let is_new = |action: &Action| matches!(action, Action::Add { .. });
        let (new, actions) = std::mem::take(&mut self.actions).into_iter().partition(is_new);
        self.actions = actions;
        new
    }

    /// Removes the new accounts whose names the owner has not seen.
    pub(crate) fn take_unseen(&mut self) -> Vec<Action> {
        let (unseen, actions) = std::mem::take(&mut self.actions).into_iter().partition(Action::is_unseen);
        self.actions = actions;
        unseen
    }
}

/// Local names for new accounts, to be looked up before the plan is made.
pub(crate) fn candidates(
    friends: &Friends,
    users: &BTreeMap<String, PlexRef>,
    people: &People,
    prefix: Option<&str>,
) -> BTreeSet<String> {
    let usernames = friends.friends().into_iter().filter_map(|person| derived(person, prefix));
    let seen = people.values().map(|person| person.local.clone());
    users.keys().cloned().chain(usernames).chain(seen).collect()
}

/// Computes the plan.
pub(crate) fn plan(given: &Given) -> Plan {
    let mut plan = Plan::default();
    // Friends whom an account may belong to that only plex-authd knows the friend of.
    let mut unsure = BTreeSet::new();
    for local in given.locals {
        let binding = given.bindings.and_then(|bindings| bindings.get(&local.name));
        match given.friends.account(&local.mapped_to, binding.unwrap_or(&KnownBinding::Unknown)) {
            // A person may have taken the name of the friend whose account it is.
            Ok(id) if given.is_unknown(&local.mapped_to) && !given.friends.is_owners(&local.mapped_to) => {
                unsure.insert(id);
                plan.in_use += usize::from(!given.has_expired(local));
                plan.notes.push(left(&local.name, UNKNOWN));
            }
            Ok(id) => {
                plan.served.entry(id).or_insert_with(|| local.name.clone());
                plan.in_use += 1;
                if let Some(lock) = given.lock_on(local) {
                    plan.actions.push(Action::Unlock { local: local.name.clone(), lock: lock.clone() });
                } else if given.has_expired(local) {
                    let undo = format!("usermod --expiredate '' {}", local.name);
                    plan.notes.push(left(
                        &local.name,
                        &format!("its friend has access, but it was locked by other means; undo it: {undo}"),
                    ));
                }
            }
            Err(_) if given.friends.is_owners(&local.mapped_to) => {}
            Err(why) => gone(given, local, why, &mut plan),
        }
    }
    // A friend without access gets no account.
    let served = &plan.served;
    let arriving = given.friends.friends().into_iter().filter(|person| {
        let has_account = served.contains_key(&person.id) || unsure.contains(&person.id);
        given.friends.is_permitted(person.id).is_ok() && !has_account && can_sign_in(person)
    });
    let wanted: Vec<_> = arriving.map(|person| (person, local_name(given, person))).collect();
    for (person, local) in &wanted {
        let twice =
            |name: &String| wanted.iter().filter(|(_, other)| other.as_ref().is_ok_and(|o| o.0 == *name)).count() > 1;
        match local {
            Ok((local, _)) if !twice(local) && given.left.contains_key(local) => {
                let why = given.left.get(local).map_or("", String::as_str);
                let ask = command(local, &person.id.to_string());
                plan.notes.push(format!("needs you: {}: {why}; to be asked about it: {ask}", name_and_id(person)));
            }
            Ok((local, seen)) if !twice(local) => plan.actions.push(Action::Add {
                local: local.clone(),
                plex: person.id,
                name: name(person),
                seen: *seen,
            }),
            Ok((local, _)) => plan.notes.push(NoName::TwoFriends(local.clone()).note(person)),
            Err(no_name) => plan.notes.push(no_name.note(person)),
        }
    }
    plan
}

/// Plans for an account whose friend has lost access. plex-authd refuses it anyway; a lock is for services that do not use
/// PAM's account phase, such as some cron daemons.
fn gone(given: &Given, local: &Local, why: Reason, plan: &mut Plan) {
    let name = &local.name;
    if !matches!(why, Reason::NotOnList | Reason::NoAccess | Reason::Pending) {
        // The owner, or an ambiguous name.
        if why != Reason::OwnerNotAdmin {
            plan.notes.push(left(name, &why.to_string()));
        }
        return;
    }
    let Some(Shadow { password, expires }) = &local.shadow else {
        plan.notes.push(left(name, "its friend no longer has access, but the account is not kept on this machine"));
        return;
    };
    if *password {
        plan.notes.push(left(
            name,
            "its friend no longer has access, but it has a local password; lock it: usermod --lock --expiredate 1",
        ));
        return;
    }
    // A renamed friend is identified by the binding, which only plex-authd knows.
    if given.is_unknown(&local.mapped_to) {
        plan.notes.push(left(name, UNKNOWN));
        return;
    }
    let expired = given.has_expired(local);
    plan.in_use += usize::from(!expired);
    if given.remove {
        plan.actions.push(Action::Remove { local: name.clone(), why });
    } else if !expired {
        let lock = Lock { uid: local.uid, expires: *expires };
        plan.actions.push(Action::Lock { local: name.clone(), lock, why });
    }
}

fn left(local: &str, why: &str) -> String {
    format!("left as it is: {local}: {why}")
}

/// True if a person has a username or an address to sign in with; managed Home users have neither.
fn can_sign_in(person: &PlexUser) -> bool {
    [&person.username, &person.email].into_iter().flatten().any(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
