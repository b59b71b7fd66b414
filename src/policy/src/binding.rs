//! The binding of a local account to a Plex account, by its id.

use crate::{FriendList, PlexId, PlexRef, Rules};

/// The Plex account that a local account belongs to: the first that signed in to it, or for a member of the group the one that
/// had its name when it joined. It keeps a renamed user's access, and denies access to a user who takes over their old name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityBinding {
    /// The Plex account.
    pub id: PlexId,
    /// The configuration's reference to it at that time. A new reference makes the binding void.
    pub reference: String,
}

impl IdentityBinding {
    /// The id that applies to a reference: that of a binding made with the same name.
    pub(crate) fn applied<'a>(binding: impl Into<Option<&'a Self>>, reference: &PlexRef) -> Option<PlexId> {
        // A configured id needs no binding, and one that was made when the same digits were a username is void.
        let is_name = !matches!(reference, PlexRef::Id(_));
        let binding = binding.into().filter(|binding| is_name && binding.reference == reference.to_string());
        binding.map(|binding| binding.id)
    }
}

impl Rules {
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
