//! A local account chosen for a friend.

use policy::PlexId;

use crate::accounts::account_kind::AccountKind;

/// A local account chosen for a friend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountChoice {
    /// Name of the local account.
    pub local: String,
    /// The friend's Plex account.
    pub plex: PlexId,
    /// The friend's name, for display.
    pub name: String,
    /// State of that local name on this machine.
    pub account: AccountKind,
}

/// The choices whose local account does not exist yet.
pub(crate) fn missing(choices: &[AccountChoice]) -> impl Iterator<Item = &AccountChoice> {
    choices.iter().filter(|choice| choice.account == AccountKind::Free)
}
