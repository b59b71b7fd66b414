//! Bindings of local accounts to Plex accounts, as far as plex-authd tells.

use policy::{FriendList, IdentityBinding, PlexId, PlexRef, Rules};
use protocol::KnownAccount;

/// The daemon's knowledge of the Plex account of a local account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KnownBinding {
    /// Nothing, or plex-authd is not available. The next list binds a member of the group by its name.
    Unknown,
    /// It is bound to this account.
    Bound(IdentityBinding),
    /// A member of the group that no account is bound to by its name.
    Unbound,
}

impl KnownBinding {
    /// From plex-authd's account.
    pub(crate) fn of(known: &KnownAccount) -> Self {
        match (known.plex_id, &known.reference) {
            (Some(id), Some(reference)) => {
                Self::Bound(IdentityBinding { id: PlexId(id), reference: reference.clone() })
            }
            (None, Some(_)) => Self::Unbound,
            (_, None) => Self::Unknown,
        }
    }

    /// The binding; for a new member of the group, the one that a list makes.
    pub(super) fn or_first(&self, rules: &Rules, list: &FriendList, reference: &PlexRef) -> Option<IdentityBinding> {
        match (self, reference) {
            (Self::Bound(binding), PlexRef::Member(local)) if binding.reference != *local => {
                rules.first_binding(list, local)
            }
            (Self::Bound(binding), _) => Some(binding.clone()),
            (Self::Unknown, PlexRef::Member(local)) => rules.first_binding(list, local),
            (Self::Unknown | Self::Unbound, _) => None,
        }
    }
}
