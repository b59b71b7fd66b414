//! What `sync` would do: a pure function of the configuration, the friend list and the local accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use policy::{IdentityBinding, PlexId, PlexRef, PlexUser, Reason};

use crate::accounts::earlier::command;
use crate::accounts::expiry_locks::{Lock, Locks};
use crate::accounts::local_accounts::{Local, Shadow};
use crate::accounts::names;
use crate::accounts::shadow_utils::LOCKED;
use crate::client::friends::{Friends, name, name_and_id};

/// Everything that the plan depends on.
pub(crate) struct Given<'a> {
    /// The owner's friends.
    pub friends: &'a Friends,
    /// The lines of `[users]`.
    pub users: &'a BTreeMap<String, PlexRef>,
    /// Whether the members of a group are managed, so that a new member needs no line.
    pub group: bool,
    /// Every managed account.
    pub locals: &'a [Local],
    /// Names, of those in [`candidates`], that a user or a group has.
    pub taken: &'a BTreeSet<String>,
    /// Why other names of these cannot have an account: something of an earlier one is left.
    pub left: &'a BTreeMap<String, String>,
    /// Whom accounts have belonged to since their first login, if plex-authd said.
    pub pins: Option<&'a BTreeMap<String, IdentityBinding>>,
    /// The locks that were put on before.
    pub locks: &'a Locks,
    /// Today, as a day counted from 1970.
    pub today: i64,
    /// Whether accounts are removed in place of being locked.
    pub remove: bool,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Create an account.
    Add {
        /// Its name.
        local: String,
        /// For whom.
        plex: PlexId,
        /// What they are called.
        name: String,
        /// Whether `[users]` must say so.
        line: bool,
    },
    /// Lock an account.
    Lock {
        /// Its name.
        local: String,
        /// What to remember.
        lock: Lock,
        /// Why.
        why: Reason,
    },
    /// Give an account back to somebody who is here again.
    Unlock {
        /// Its name.
        local: String,
        /// What was remembered.
        lock: Lock,
    },
    /// Remove an account.
    Remove {
        /// Its name.
        local: String,
        /// Why.
        why: Reason,
    },
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

/// What is to be done, and what somebody should know.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// In this order.
    pub actions: Vec<Action>,
    /// What is left to the owner.
    pub notes: Vec<String>,
    /// How many managed accounts are in use now.
    in_use: usize,
}

impl Plan {
    /// Whether more than half of the accounts in use would be gone at once: the list is rather broken than right.
    pub(crate) fn is_drastic(&self) -> bool {
        self.going() * 2 > self.in_use && self.going() > 0
    }

    /// How many accounts would be locked or removed.
    pub(crate) fn going(&self) -> usize {
        self.actions.iter().filter(|action| matches!(action, Action::Lock { .. } | Action::Remove { .. })).count()
    }

    /// How many accounts are in use.
    pub(crate) fn in_use(&self) -> usize {
        self.in_use
    }
}

/// The local names that accounts may be created under: to be looked up before the plan is made.
pub(crate) fn candidates(friends: &Friends, users: &BTreeMap<String, PlexRef>) -> BTreeSet<String> {
    let usernames = friends.friends().into_iter().filter_map(|person| names::from_plex(person.username.as_deref()?));
    users.keys().cloned().chain(usernames).collect()
}

/// The plan.
pub(crate) fn plan(given: &Given) -> Plan {
    let mut plan = Plan::default();
    let mut served = BTreeSet::new();
    for local in given.locals {
        let pin = given.pins.and_then(|pins| pins.get(&local.name));
        match given.friends.account(&local.belongs, pin) {
            Ok(id) => {
                served.insert(id);
                plan.in_use += 1;
                if let Some(lock) = given.lock_on(local) {
                    plan.actions.push(Action::Unlock { local: local.name.clone(), lock: lock.clone() });
                } else if given.has_expired(local) {
                    let undo = format!("usermod --expiredate '' {}", local.name);
                    plan.notes.push(left(
                        &local.name,
                        &format!("its friend has access, but somebody else locked it; undo it: {undo}"),
                    ));
                }
            }
            Err(why) => gone(given, local, why, &mut plan),
        }
    }
    // Whoever stays out keeps an account of theirs all the same.
    let arriving = given.friends.friends().into_iter().filter(|person| {
        given.friends.is_permitted(person.id).is_ok() && !served.contains(&person.id) && can_sign_in(person)
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
            Ok((local, line)) if !twice(local) => plan.actions.push(Action::Add {
                local: local.clone(),
                plex: person.id,
                name: name(person),
                line: *line,
            }),
            Ok((local, _)) => plan.notes.push(needs_a_name(person, &format!("two friends would be '{local}'"))),
            Err(note) => plan.notes.push(note.clone()),
        }
    }
    plan
}

impl Given<'_> {
    /// The lock of ours that is still on an account.
    fn lock_on(&self, local: &Local) -> Option<&Lock> {
        let locked = local.shadow.as_ref().is_some_and(|shadow| shadow.expires == Some(LOCKED));
        self.locks.get(&local.name).filter(|lock| locked && lock.uid == local.uid)
    }

    fn has_expired(&self, local: &Local) -> bool {
        local.shadow.as_ref().and_then(|shadow| shadow.expires).is_some_and(|day| day <= self.today)
    }
}

/// What becomes of an account whose friend may not come in. plex-authd refuses it anyway; this is for whatever does not
/// ask, such as cron.
fn gone(given: &Given, local: &Local, why: Reason, plan: &mut Plan) {
    let name = &local.name;
    if !matches!(why, Reason::NotOnList | Reason::NoAccess | Reason::Pending) {
        // The owner, or a name that does not say who is meant.
        if why != Reason::OwnerNotAdmin {
            plan.notes.push(left(name, &why.to_string()));
        }
        return;
    }
    let Some(Shadow { password, expires }) = &local.shadow else {
        plan.notes.push(left(name, "its friend is gone, but the account is not kept on this machine"));
        return;
    };
    if *password {
        plan.notes.push(left(
            name,
            "its friend is gone, but it has a local password; lock it: usermod --lock --expiredate 1",
        ));
        return;
    }
    // Somebody who changed their name at Plex is known by the id of their first login, which only plex-authd knows.
    if given.pins.is_none() && !matches!(local.belongs, PlexRef::Id(_)) {
        plan.notes
            .push(left(name, "plex-authd, which could tell whether its friend only has a new name, does not answer"));
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

/// Managed Home users have neither username nor address, and so nothing to sign in with.
fn can_sign_in(person: &PlexUser) -> bool {
    [&person.username, &person.email].into_iter().flatten().any(|name| !name.is_empty())
}

/// The name of a new account and whether it needs a line in `[users]`; or what to tell the owner.
fn local_name(given: &Given, person: &PlexUser) -> Result<(String, bool), String> {
    // The owner may have said it already.
    let said = given.users.iter().filter(|(_, reference)| given.friends.id_of(reference) == Some(person.id));
    for (name, _) in said {
        if names::check(name).is_ok() && !given.taken.contains(name) {
            return Ok((name.clone(), false));
        }
    }
    let username = person.username.as_deref().unwrap_or_default();
    let Some(local) = names::from_plex(username) else {
        return Err(needs_a_name(person, "no local account can be called so"));
    };
    if given.users.contains_key(&local) {
        return Err(needs_a_name(person, &format!("'{local}' is somebody else's in [users]")));
    }
    if given.taken.contains(&local) {
        let link = format!("if the account '{local}' is theirs: plex-auth user link {local} {}", person.id);
        return Err(format!("{}; {link}", needs_a_name(person, &format!("'{local}' exists already"))));
    }
    // The new account belongs to whoever its name stands for, which must be them.
    if given.group && given.friends.id_of(&PlexRef::Member(local.clone())) != Some(person.id) {
        return Err(needs_a_name(person, &format!("'{local}' stands for several friends")));
    }
    Ok((local, !given.group))
}

fn needs_a_name(person: &PlexUser, why: &str) -> String {
    format!("needs a name: {}: {why}: plex-auth user add NAME --plex {}", name_and_id(person), person.id)
}

#[cfg(test)]
mod tests;
