//! Plan of `sync`: a pure function of the configuration, the friend list and the local accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use policy::{IdentityBinding, PlexId, PlexRef, PlexUser, Reason};

use crate::accounts::earlier::command;
use crate::accounts::expiry_locks::{Lock, Locks};
use crate::accounts::local_accounts::{Local, Shadow};
use crate::accounts::names;
use crate::accounts::shadow_utils::LOCKED;
use crate::client::friends::{Friends, name, name_and_id};

/// Inputs of the plan.
pub(crate) struct Given<'a> {
    /// The friend list.
    pub friends: &'a Friends,
    /// The entries of `[users]`.
    pub users: &'a BTreeMap<String, PlexRef>,
    /// A group is configured, so that new accounts need no entry in `[users]`.
    pub group: bool,
    /// All managed accounts.
    pub locals: &'a [Local],
    /// The [`candidates`] that are names of existing users or groups.
    pub taken: &'a BTreeSet<String>,
    /// Other candidates with leftovers of an earlier account, and a description of these.
    pub left: &'a BTreeMap<String, String>,
    /// Bindings of accounts to Plex accounts; `None` if plex-authd is not available.
    pub bindings: Option<&'a BTreeMap<String, IdentityBinding>>,
    /// Locks set by earlier runs.
    pub locks: &'a Locks,
    /// Today, in days since 1970.
    pub today: i64,
    /// Accounts are removed instead of locked.
    pub remove: bool,
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
        /// An entry in `[users]` is needed.
        line: bool,
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
}

/// Local names for new accounts, to be looked up before the plan is made.
pub(crate) fn candidates(friends: &Friends, users: &BTreeMap<String, PlexRef>) -> BTreeSet<String> {
    let usernames = friends.friends().into_iter().filter_map(|person| names::from_plex(person.username.as_deref()?));
    users.keys().cloned().chain(usernames).collect()
}

/// Computes the plan.
pub(crate) fn plan(given: &Given) -> Plan {
    let mut plan = Plan::default();
    let mut served = BTreeSet::new();
    for local in given.locals {
        let binding = given.bindings.and_then(|bindings| bindings.get(&local.name));
        match given.friends.account(&local.mapped_to, binding) {
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
    // A friend without access gets no account.
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
    // A renamed friend is identified by the id of the first login, which only plex-authd knows.
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

/// The name of a new account, and whether it needs an entry in `[users]`; or a note for the owner.
fn local_name(given: &Given, person: &PlexUser) -> Result<(String, bool), NoName> {
    // `[users]` may have a name already.
    let said = given.users.iter().filter(|(_, reference)| given.friends.id_of(reference) == Some(person.id));
    for (name, _) in said {
        if names::check(name).is_ok() && !given.taken.contains(name) {
            return Ok((name.clone(), false));
        }
    }
    let username = person.username.as_deref().unwrap_or_default();
    let Some(local) = names::from_plex(username) else {
        return Err(NoName::NoLocalName);
    };
    if given.users.contains_key(&local) {
        return Err(NoName::InUsers(local));
    }
    if given.taken.contains(&local) {
        return Err(NoName::Exists(local));
    }
    // As a member of the group, the account maps to the Plex account of its name, which must be this friend.
    if given.group && given.friends.id_of(&PlexRef::Member(local.clone())) != Some(person.id) {
        return Err(NoName::Ambiguous(local));
    }
    Ok((local, !given.group))
}

/// Reason why a friend needs a local name that the owner chooses.
enum NoName {
    /// The Plex username gives no local name.
    NoLocalName,
    /// `[users]` has this name for another person.
    InUsers(String),
    /// A user or a group has this name.
    Exists(String),
    /// As a member of the group, an account of this name would map to several people.
    Ambiguous(String),
    /// Another friend would get this name too.
    TwoFriends(String),
}

impl NoName {
    /// The note for the owner.
    fn note(&self, person: &PlexUser) -> String {
        let why = match self {
            Self::NoLocalName => "no local account can be called so".to_owned(),
            Self::InUsers(local) => format!("'{local}' is somebody else's in [users]"),
            Self::Exists(local) => format!("'{local}' exists already"),
            Self::Ambiguous(local) => format!("'{local}' stands for several people"),
            Self::TwoFriends(local) => format!("two friends would be '{local}'"),
        };
        let (friend, id) = (name_and_id(person), person.id);
        let note = format!("needs a name: {friend}: {why}: plex-auth user add NAME --plex {id}");
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
