//! Names of new accounts, and the notes about friends for whom there is none.

use policy::{PlexId, PlexRef, PlexUser};

use super::given::{Given, UNKNOWN};
use crate::accounts::names::{self, Availability};
use crate::accounts::people::{Person, Stage};
use crate::client::friends::name_and_id;
use crate::client::known_binding::KnownBinding;

/// Reason why a friend needs a local name that the owner chooses.
pub(super) enum NoName {
    /// The Plex username gives no local name.
    NoLocalName,
    /// `[users]` has this name for another person.
    InUsers(String),
    /// A user or a group has this name.
    Exists(String),
    /// The name belongs to the system otherwise, or the friend's entry in `[users]` may be another person's.
    Claimed(String),
    /// Another friend would get this name too.
    TwoFriends(String),
    /// The friend had this account, which is gone.
    HadOne(String),
}

/// The local name that a friend's username gives.
pub(super) fn derived(person: &PlexUser, prefix: Option<&str>) -> Option<String> {
    let local = names::local_name(person.username.as_deref()?)?;
    let local = prefix.map_or(local.clone(), |prefix| format!("{prefix}{local}"));
    Some(local).filter(|local| names::check(local).is_ok())
}

/// The name of a new account, and whether the owner has seen it; or a note for the owner.
pub(super) fn local_name(given: &Given, person: &PlexUser) -> Result<(String, bool), NoName> {
    let earlier = given.people.get(&person.id);
    if let Some(Person { local, stage: Stage::Account }) = earlier {
        return Err(NoName::HadOne(local.clone()));
    }
    let is_usable = |name: &str| names::check(name).is_ok() && !given.taken.contains_key(name);
    // The owner has written a name in `[users]`, or has agreed to one.
    for (name, reference) in given.users.iter().filter(|(name, _)| is_usable(name)) {
        if given.friends.id_of(reference) == Some(person.id) {
            owner_of(given, name, reference).map_err(NoName::Claimed)?;
            return Ok((name.clone(), true));
        }
    }
    let agreed = earlier.filter(|person| person.stage == Stage::Seen).map(|person| &person.local);
    let is_others = |name: &String| given.users.contains_key(name);
    if let Some(name) = agreed.filter(|name| is_usable(name) && !is_others(name)) {
        return Ok((name.clone(), true));
    }
    let Some(local) = derived(person, given.prefix) else { return Err(NoName::NoLocalName) };
    if is_others(&local) {
        return Err(NoName::InUsers(local));
    }
    match given.taken.get(&local) {
        Some(Availability::Exists) => Err(NoName::Exists(local)),
        Some(Availability::Claimed(why)) => Err(NoName::Claimed(why.clone())),
        Some(Availability::Unsuitable(_)) => Err(NoName::NoLocalName),
        Some(Availability::Free) | None => Ok((local, given.prefix.is_some())),
    }
}

/// Checks that an entry of `[users]` without an account, which gives a name, is still the same person's: an earlier account of
/// this local name may have been another one's, who had the name at Plex then.
fn owner_of(given: &Given, local: &str, reference: &PlexRef) -> Result<(), String> {
    if matches!(reference, PlexRef::Id(_)) {
        return Ok(());
    }
    let Some(bindings) = given.bindings else { return Err(format!("'{local}' in [users]: {UNKNOWN}")) };
    let now = given.friends.id_of(reference);
    let bound = match bindings.get(local) {
        Some(KnownBinding::Bound(binding)) if binding.reference == reference.to_string() => Some(binding.id),
        _ => None,
    };
    let had = |(id, person): (&PlexId, &Person)| {
        (person.stage == Stage::Account && person.local == local && Some(*id) != now).then_some(*id)
    };
    let other = bound.filter(|id| Some(*id) != now).or_else(|| given.people.iter().find_map(had));
    other.map_or(Ok(()), |id| {
        let shown = protocol::printable(&reference.to_string(), 64);
        Err(format!("[users] assigns '{local}' to '{shown}', which was the name of Plex id {id}"))
    })
}

impl NoName {
    /// The note for the owner.
    pub(super) fn note(&self, person: &PlexUser) -> String {
        let why = match self {
            Self::NoLocalName => "this Plex username is not a valid local name".to_owned(),
            Self::InUsers(local) => format!("[users] assigns '{local}' to another Plex account"),
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
