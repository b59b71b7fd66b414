//! The Plex account that has to sign in at plex.tv for a login to succeed.

use crate::{IdentityBinding, PlexId, PlexRef, PlexUser, Reason};

/// The Plex account that has to sign in. It has access if it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInTarget {
    /// The username or e-mail address to send with a password. Empty where none is known, which is enough for a link code.
    pub login: String,
    /// The account's id, if the list or an earlier login has shown it.
    pub(crate) id: Option<PlexId>,
    /// The configuration's reference to it.
    pub(crate) reference: PlexRef,
    /// The server's owner, as far as the decision knows it.
    pub(crate) owner_id: Option<PlexId>,
    /// Whether the account reaches the server is still to be shown by its own resources.
    pub(crate) needs_server: bool,
}

impl SignInTarget {
    /// Compares the account that plex.tv signed in with this one: by id, and by name only where neither a list nor an
    /// earlier login has shown the id.
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

    /// The id of the account, if the list, an earlier login or the configuration has it.
    #[must_use]
    pub fn plex_id(&self) -> Option<PlexId> {
        match self.reference {
            PlexRef::Id(id) => Some(self.id.unwrap_or(id)),
            _ => self.id,
        }
    }

    /// The Plex account of the server's owner, if the list or the configuration has it.
    #[must_use]
    pub fn owner_id(&self) -> Option<PlexId> {
        self.owner_id
    }

    /// True if a user is the server's owner. The media server is not contacted about the owner: their token for the server is
    /// that of their account (R72).
    #[must_use]
    pub fn is_owner(&self, id: PlexId) -> bool {
        self.owner_id == Some(id)
    }

    /// True if the account's own resources have to show that it reaches the server (see [`crate::reaches`]): there is no friend
    /// list, or it is from the second source. The owner needs no list, and so no confirmation of it.
    #[must_use]
    pub fn needs_server(&self) -> bool {
        self.needs_server
    }

    /// True if the list or an earlier login has shown that the account has this id.
    #[must_use]
    pub fn is(&self, id: PlexId) -> bool {
        self.id == Some(id)
    }

    /// The binding to store once this account has signed in.
    #[must_use]
    pub fn binding(&self, signed_in: &PlexUser) -> IdentityBinding {
        IdentityBinding { id: signed_in.id, reference: self.reference.to_string() }
    }
}
