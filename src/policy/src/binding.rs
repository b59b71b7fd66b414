//! The binding of a local account to a Plex account, by its id.

use crate::{PlexId, PlexRef};

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
