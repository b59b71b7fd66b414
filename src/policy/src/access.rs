//! Who may come in at all, and whether the one who signed in is the one who was meant.

use std::time::Duration;

use crate::{BootTime, FriendList, PlexId, PlexRef, PlexUser, Reason, Relationship};

/// The owner's rules.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Only people with whom the server itself is shared.
    pub strict: bool,
    /// The owner's username or e-mail address; whoever has the token is let in only when it names them.
    pub admin: Option<String>,
}

/// Who a local account belonged to at its first login, and what the configuration called them then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityBinding {
    /// The Plex account.
    pub id: PlexId,
    /// The reference that led to it. When the owner writes another one, the pin is void.
    pub reference: String,
}

impl IdentityBinding {
    pub(crate) fn holds_for<'a>(pin: Option<&'a Self>, reference: &PlexRef) -> Option<&'a Self> {
        // A number says for itself who is meant; what was pinned when the same digits were a username is void.
        let name = !matches!(reference, PlexRef::Id(_));
        pin.filter(|pin| name && pin.reference == reference.to_string())
    }
}

/// Somebody who will be let in if they prove to be who they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInTarget {
    /// What to sign in with; empty where there is only a number to go by, which does for a link code.
    pub login: String,
    /// The id that must sign in, or `None` when there is no list to learn it from.
    id: Option<PlexId>,
    /// What the configuration calls them.
    reference: PlexRef,
}

impl SignInTarget {
    /// Whether the account that plex.tv signed in is the one that was meant. Compared by id; by name only where
    /// neither a list nor an earlier login has told the id.
    ///
    /// # Errors
    /// [`Reason::WrongPerson`]
    pub fn confirm(&self, signed_in: &PlexUser) -> Result<(), Reason> {
        let right = match self.id {
            Some(id) => signed_in.id == id,
            None => self.reference.matches(signed_in),
        };
        if right { Ok(()) } else { Err(Reason::WrongPerson { expected: self.id, signed_in: signed_in.id }) }
    }

    /// The Plex account that must sign in, if it is known: by the list, by an earlier login, or by the configuration.
    #[must_use]
    pub fn plex_id(&self) -> Option<PlexId> {
        match self.reference {
            PlexRef::Id(id) => Some(self.id.unwrap_or(id)),
            _ => self.id,
        }
    }

    /// Whether this is the person with this id. Where neither a list nor an earlier login has told the id, nobody is.
    #[must_use]
    pub fn is(&self, id: PlexId) -> bool {
        self.id == Some(id)
    }

    /// What to remember after a success.
    #[must_use]
    pub fn pin(&self, signed_in: &PlexUser) -> IdentityBinding {
        IdentityBinding { id: signed_in.id, reference: self.reference.to_string() }
    }
}

/// Whether the person that a local account belongs to may come in with a password, by a list that is at most this old.
///
/// # Errors
/// Why they may not; [`Reason::ListTooOld`] when the list cannot tell.
pub fn eligible(
    rules: &Rules,
    circle: &FriendList,
    reference: &PlexRef,
    pin: Option<&IdentityBinding>,
    oldest: Duration,
    now: BootTime,
) -> Result<SignInTarget, Reason> {
    let who = eligible_by_link(rules, circle, reference, pin, oldest, now)?;
    if who.login.is_empty() { Err(Reason::NotOnList) } else { Ok(who) }
}

/// The same for somebody who approves a link code: managed members of a Home, who have neither name nor address, may be
/// let in too.
///
/// # Errors
/// Why they may not; [`Reason::ListTooOld`] when the list cannot tell.
pub fn eligible_by_link(
    rules: &Rules,
    circle: &FriendList,
    reference: &PlexRef,
    pin: Option<&IdentityBinding>,
    oldest: Duration,
    now: BootTime,
) -> Result<SignInTarget, Reason> {
    if circle.age(now) > oldest {
        return Err(Reason::ListTooOld);
    }
    let person = entitled(rules, circle, reference, pin)?;
    let login = circle.login(person.id).unwrap_or_default().to_owned();
    Ok(SignInTarget { login, id: Some(person.id), reference: reference.clone() })
}

/// The same where there is no owner's token and so no list: who they are and what they can reach is judged after the
/// sign-in, by the answers that their own token gets.
///
/// # Errors
/// [`Reason::NoLoginName`] when the configuration gives nothing that can sign in.
pub fn eligible_without_list(reference: &PlexRef, pin: Option<&IdentityBinding>) -> Result<SignInTarget, Reason> {
    reference.login().ok_or(Reason::NoLoginName)?;
    Ok(eligible_by_link_without_list(reference, pin))
}

/// The same for somebody who approves a link code, which takes nothing that the configuration would have to give.
#[must_use]
pub fn eligible_by_link_without_list(reference: &PlexRef, pin: Option<&IdentityBinding>) -> SignInTarget {
    let login = reference.login().unwrap_or_default().to_owned();
    let id = IdentityBinding::holds_for(pin, reference).map(|pin| pin.id);
    SignInTarget { login, id, reference: reference.clone() }
}

/// Whether a managed account may be used today, however it was authenticated, by a list that is at most this old.
///
/// # Errors
/// Why not; [`Reason::ListTooOld`] when nothing that is known is young enough to tell.
pub fn account_today(
    rules: &Rules,
    circle: &FriendList,
    reference: &PlexRef,
    pin: Option<&IdentityBinding>,
    oldest: Duration,
    now: BootTime,
) -> Result<PlexId, Reason> {
    if circle.age(now) > oldest {
        return Err(Reason::ListTooOld);
    }
    entitled(rules, circle, reference, pin).map(|person| person.id)
}

/// The same where there is no owner's token and so no list: by the last sign-in to the account, which showed that the person
/// reaches the server. It must be one of whoever the account belongs to today, and at most this old.
///
/// # Errors
/// [`Reason::NoSignInYet`] when there is none.
pub fn account_today_without_list(
    reference: &PlexRef,
    pin: Option<&IdentityBinding>,
    signed_in: Option<(PlexId, BootTime)>,
    oldest: Duration,
    now: BootTime,
) -> Result<PlexId, Reason> {
    let theirs = IdentityBinding::holds_for(pin, reference).map(|pin| pin.id);
    let (id, _) = signed_in.filter(|(_, at)| now.since(*at) <= oldest).ok_or(Reason::NoSignInYet)?;
    if theirs == Some(id) { Ok(id) } else { Err(Reason::NoSignInYet) }
}

fn entitled<'a>(
    rules: &Rules,
    circle: &'a FriendList,
    reference: &PlexRef,
    pin: Option<&IdentityBinding>,
) -> Result<&'a PlexUser, Reason> {
    let person = resolve(circle, reference, pin)?;
    is_permitted(rules, circle, person.id).map(|()| person)
}

/// Whether the rules let the person with this id in at all, whichever account is theirs.
///
/// # Errors
/// Why they do not.
pub fn is_permitted(rules: &Rules, circle: &FriendList, id: PlexId) -> Result<(), Reason> {
    if id == circle.owner.id {
        let named = rules.admin.as_deref().is_some_and(|admin| circle.owner.goes_by(admin));
        return if named { Ok(()) } else { Err(Reason::OwnerNotAdmin) };
    }
    let ties: Vec<Relationship> = circle.ties(id).collect();
    let counts = |tie: &Relationship| match tie {
        Relationship::Shared => true,
        Relationship::Friend | Relationship::Home => !rules.strict,
        Relationship::Pending => false,
    };
    if ties.iter().any(counts) {
        Ok(())
    } else if ties.is_empty() {
        Err(Reason::NotOnList)
    } else if ties.iter().all(|tie| *tie == Relationship::Pending) {
        Err(Reason::Pending)
    } else {
        Err(Reason::NoAccess)
    }
}

/// The person meant: by name, checked against the pin; by the pin alone for somebody who has since changed their name.
fn resolve<'a>(
    circle: &'a FriendList,
    reference: &PlexRef,
    pin: Option<&IdentityBinding>,
) -> Result<&'a PlexUser, Reason> {
    match (circle.find(reference)?, IdentityBinding::holds_for(pin, reference)) {
        (Some(person), Some(pin)) if person.id != pin.id => Err(Reason::Renamed { pinned: pin.id, now: person.id }),
        (Some(person), _) => Ok(person),
        (None, Some(pin)) => circle.by_id(pin.id).ok_or(Reason::NotOnList),
        (None, None) => Err(Reason::NotOnList),
    }
}
