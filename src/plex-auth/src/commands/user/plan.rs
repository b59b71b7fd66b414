//! Plan of `sync`: a pure function of the configuration, the friend list and the local accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use policy::{PlexId, PlexRef, PlexUser, Reason};

use crate::accounts::earlier::command;
use crate::accounts::expiry_locks::{Lock, Locks};
use crate::accounts::local_accounts::{Local, Shadow};
use crate::accounts::names;
use crate::accounts::people::{People, Person, Stage};
use crate::accounts::shadow_utils::LOCKED;
use crate::client::friends::{Friends, name, name_and_id};
use crate::client::known_binding::KnownBinding;

/// Inputs of the plan.
pub(crate) struct Given<'a> {
    /// The friend list.
    pub friends: &'a Friends,
    /// The entries of `[users]`.
    pub users: &'a BTreeMap<String, PlexRef>,
    /// Friends who have had an account, or for whom the owner has seen the name of a new one.
    pub people: &'a People,
    /// Prefix of new accounts' names, if the owner has set one.
    pub prefix: Option<&'a str>,
    /// All managed accounts.
    pub locals: &'a [Local],
    /// The [`candidates`] that no new account can have.
    pub taken: &'a BTreeMap<String, Taken>,
    /// Other candidates with leftovers of an earlier account, and a description of these.
    pub left: &'a BTreeMap<String, String>,
    /// Bindings of accounts to Plex accounts; `None` if plex-authd is not available.
    pub bindings: Option<&'a BTreeMap<String, KnownBinding>>,
    /// Locks set by earlier runs.
    pub locks: &'a Locks,
    /// Today, in days since 1970.
    pub today: i64,
    /// Accounts are removed instead of locked.
    pub remove: bool,
}

/// Why no new account can have a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A user or a group has it.
    Exists,
    /// It belongs to the system otherwise, as this text says.
    Claimed(String),
}

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

    /// Takes the new accounts out whose names the owner has not seen.
    pub(crate) fn take_unseen(&mut self) -> Vec<Action> {
        let unseen = |action: &Action| matches!(action, Action::Add { seen: false, .. });
        let (unseen, actions) = std::mem::take(&mut self.actions).into_iter().partition(unseen);
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

/// The local name that a friend's username gives.
fn derived(person: &PlexUser, prefix: Option<&str>) -> Option<String> {
    let local = names::local_name(person.username.as_deref()?)?;
    let local = prefix.map_or(local.clone(), |prefix| format!("{prefix}{local}"));
    Some(local).filter(|local| names::check(local).is_ok())
}

/// Computes the plan.
pub(crate) fn plan(given: &Given) -> Plan {
    let mut plan = Plan::default();
    for local in given.locals {
        let binding = given.bindings.and_then(|bindings| bindings.get(&local.name));
        match given.friends.account(&local.mapped_to, binding.unwrap_or(&KnownBinding::Unknown)) {
            Ok(id) => {
                plan.served.entry(id).or_insert_with(|| local.name.clone());
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
            Err(_) if given.friends.is_owners(&local.mapped_to) => {}
            Err(why) => gone(given, local, why, &mut plan),
        }
    }
    // A friend without access gets no account.
    let served = &plan.served;
    let arriving = given.friends.friends().into_iter().filter(|person| {
        given.friends.is_permitted(person.id).is_ok() && !served.contains_key(&person.id) && can_sign_in(person)
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

impl Given<'_> {
    /// Our lock, if it is still on the account.
    fn lock_on(&self, local: &Local) -> Option<&Lock> {
        let locked = local.shadow.as_ref().is_some_and(|shadow| shadow.expires == Some(LOCKED));
        self.locks.get(&local.name).filter(|lock| locked && lock.uid == local.uid)
    }

    fn has_expired(&self, local: &Local) -> bool {
        local.shadow.as_ref().and_then(|shadow| shadow.expires).is_some_and(|day| day <= self.today)
    }
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
    // A renamed friend is identified by the binding, which only plex-authd knows.
    if given.bindings.is_none() && !matches!(local.mapped_to, PlexRef::Id(_)) {
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

/// True if a person has a username or an address to sign in with; managed Home users have neither.
fn can_sign_in(person: &PlexUser) -> bool {
    [&person.username, &person.email].into_iter().flatten().any(|name| !name.is_empty())
}

/// The name of a new account, and whether the owner has seen it; or a note for the owner.
fn local_name(given: &Given, person: &PlexUser) -> Result<(String, bool), NoName> {
    let earlier = given.people.get(&person.id);
    if let Some(Person { local, stage: Stage::Account }) = earlier {
        return Err(NoName::HadOne(local.clone()));
    }
    // The owner has written a name in `[users]`, or has agreed to one.
    let said = given.users.iter().filter(|(_, reference)| given.friends.id_of(reference) == Some(person.id));
    let agreed = earlier.filter(|person| person.stage == Stage::Seen).map(|person| &person.local);
    for name in said.map(|(name, _)| name).chain(agreed) {
        let is_others = given.users.get(name).is_some_and(|other| given.friends.id_of(other) != Some(person.id));
        if names::check(name).is_ok() && !given.taken.contains_key(name) && !is_others {
            return Ok((name.clone(), true));
        }
    }
    let Some(local) = derived(person, given.prefix) else { return Err(NoName::NoLocalName) };
    if given.users.contains_key(&local) {
        return Err(NoName::InUsers(local));
    }
    match given.taken.get(&local) {
        Some(Taken::Exists) => Err(NoName::Exists(local)),
        Some(Taken::Claimed(why)) => Err(NoName::Claimed(why.clone())),
        None => Ok((local, given.prefix.is_some())),
    }
}

/// Reason why a friend needs a local name that the owner chooses.
enum NoName {
    /// The Plex username gives no local name.
    NoLocalName,
    /// `[users]` has this name for another person.
    InUsers(String),
    /// A user or a group has this name.
    Exists(String),
    /// The name belongs to the system otherwise.
    Claimed(String),
    /// Another friend would get this name too.
    TwoFriends(String),
    /// The friend had this account, which is gone.
    HadOne(String),
}

impl NoName {
    /// The note for the owner.
    fn note(&self, person: &PlexUser) -> String {
        let why = match self {
            Self::NoLocalName => "no local account can be called so".to_owned(),
            Self::InUsers(local) => format!("'{local}' is somebody else's in [users]"),
            Self::Exists(local) => format!("'{local}' exists already"),
            Self::Claimed(why) => why.clone(),
            Self::TwoFriends(local) => format!("two friends would be '{local}'"),
            Self::HadOne(local) => format!("the account '{local}' was theirs, and sync creates no second one"),
        };
        let (friend, id) = (name_and_id(person), person.id);
        let kind = if matches!(self, Self::HadOne(_)) { "had an account" } else { "needs a name" };
        let note = format!("{kind}: {friend}: {why}: plex-auth user add NAME --plex {id}");
        match self {
            Self::Exists(local) => {
                format!("{note}; if the account '{local}' is theirs: plex-auth user link {local} {id}")
            }
            _ => note,
        }
    }
}

#[cfg(test)]
mod tests;
