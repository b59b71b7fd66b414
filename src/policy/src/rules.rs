//! The owner's rules, and the judgement of one Plex account by them.

use crate::{FriendList, IdentityBinding, PlexId, PlexRef, Reason, Relationship};

/// The part of the configuration that says who has access.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// `strict_friends`: only users with whom the server itself is shared have access.
    pub strict: bool,
    /// `admin_account`: the owner's username or e-mail address. Without it, the owner has no access.
    pub admin: Option<String>,
    /// `owner_id`: the owner's Plex account, where the configuration has it.
    pub owner_id: Option<PlexId>,
}

/// A Plex account in relation to the owner and the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The owner's own account.
    Owner {
        /// `admin_account` is the owner's username or e-mail address, or the list shows neither and `owner_id` is the owner's.
        is_admin: bool,
    },
    /// Any other account.
    Other {
        /// Each relationship that the list shows; none for an account that is not on it.
        relationships: Vec<Relationship>,
        /// `strict_friends`.
        strict: bool,
    },
}

/// The fact that gives a Plex account access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grounds {
    /// It is the owner's, and `admin_account` names it.
    Admin,
    /// It has this relationship to the owner, which the rules accept.
    Relationship(Relationship),
}

impl Rules {
    /// The Plex account with this id, as the list shows it.
    #[must_use]
    pub fn standing(&self, list: &FriendList, id: PlexId) -> Standing {
        if id == list.owner.id {
            Standing::Owner { is_admin: self.admin.as_deref().is_some_and(|admin| self.owner_goes_by(list, admin)) }
        } else {
            Standing::Other { relationships: list.relationships(id).collect(), strict: self.strict }
        }
    }

    /// The fact that gives the Plex account with this id access, to whichever local account.
    ///
    /// # Errors
    /// [`Reason::OwnerNotAdmin`], [`Reason::NotOnList`], [`Reason::Pending`] or [`Reason::NoAccess`].
    pub fn is_permitted(&self, list: &FriendList, id: PlexId) -> Result<Grounds, Reason> {
        self.standing(list, id).grounds()
    }

    /// The binding of a member of the group without an entry in `[users]`, by the first list that was read after it joined: to
    /// the one account that has its name (R74). Without a token, there is no list, and the first login decides.
    ///
    /// `None` where no account has the name, or several have. Anybody can choose a name at Plex, so that one which appears there
    /// later gives nobody the account: nothing but an entry in `[users]` does.
    #[must_use]
    pub fn first_binding(&self, list: &FriendList, local: &str) -> Option<IdentityBinding> {
        let member = PlexRef::Member(local.to_owned());
        match self.resolve(list, &member, None).matches.as_slice() {
            [id] => Some(IdentityBinding { id: *id, reference: member.to_string() }),
            _ => None,
        }
    }
}

impl Standing {
    /// The fact that gives access. A share of the server goes before membership of the Home, and that before friendship.
    ///
    /// # Errors
    /// As [`Rules::is_permitted`].
    pub fn grounds(&self) -> Result<Grounds, Reason> {
        let (relationships, strict) = match self {
            Self::Owner { is_admin: true } => return Ok(Grounds::Admin),
            Self::Owner { is_admin: false } => return Err(Reason::OwnerNotAdmin),
            Self::Other { relationships, strict } => (relationships, *strict),
        };
        let accepted = [Relationship::Shared, Relationship::Home, Relationship::Friend];
        let accepted = if strict { accepted.get(..1) } else { accepted.get(..) }.unwrap_or_default();
        match accepted.iter().find(|accepted| relationships.contains(accepted)) {
            Some(relationship) => Ok(Grounds::Relationship(*relationship)),
            None if relationships.is_empty() => Err(Reason::NotOnList),
            None if relationships.iter().all(|relationship| *relationship == Relationship::Pending) => {
                Err(Reason::Pending)
            }
            None => Err(Reason::NoAccess),
        }
    }
}
