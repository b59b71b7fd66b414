//! Members of the group that no friend list has decided about yet (R74): they have joined since the last one. A login reads the
//! list again, so that a friend who was just added has access at the first attempt.

use std::time::Instant;

use policy::{PlexRef, Reason};

use crate::context::Context;

/// No list has decided yet whom this local account belongs to. Without a token there is no list, and the owner needs none.
pub(super) fn is_undecided(context: &Context, account: &str, mapped_to: &PlexRef) -> bool {
    let is_member = matches!(mapped_to, PlexRef::Member(_));
    is_member
        && context.friends.as_ref().is_some_and(|friends| friends.is_undecided(account))
        && !context.is_owners(account, mapped_to)
}

/// Waits for a list that decides, if none has.
pub(super) fn decide(context: &Context, account: &str, mapped_to: &PlexRef, deadline: Instant) {
    if let Some(friends) = context.friends.as_ref().filter(|_| is_undecided(context, account, mapped_to)) {
        friends.decide_member(account, deadline);
    }
}

/// The reason for a member that has still not been decided about: that is an outage, and no refusal of the person.
pub(super) fn reason(context: &Context, account: &str, mapped_to: &PlexRef, reason: Reason) -> Reason {
    if reason != Reason::Unbound || !is_undecided(context, account, mapped_to) {
        return reason;
    }
    let obstacle = context.friends.as_ref().and_then(|friends| friends.obstacle()).unwrap_or_else(|| "none yet".into());
    Reason::Unavailable(format!(
        "the account joined the group recently, and the next friend list decides whom it belongs to ({obstacle}); to decide yourself: \
         plex-auth user link"
    ))
}
