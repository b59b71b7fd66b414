//! The present decision about each managed account, for `plex-auth doctor`: what `plex-auth test` shows of one.

use std::time::Instant;

use policy::{Account, PlexRef, Reason};
use protocol::{AccountDecision, Trace, printable};

use super::trace::trace;
use crate::auth::account;
use crate::clock;
use crate::context::Context;
use crate::session::audit::sentence;

/// The longest reason, in characters.
const MAX_REASON: usize = 512;

/// The decisions about all managed accounts, by name.
///
/// # Errors
/// [`Reason::AccountsUnreadable`]
pub(super) fn all(context: &Context) -> Result<Vec<AccountDecision>, Reason> {
    let deadline = Instant::now() + context.settings.config.timeouts.login;
    let managed = context.settings.managed_accounts().all();
    let managed = managed.map_err(|error| Reason::AccountsUnreadable(error.to_string()))?;
    Ok(managed.into_iter().map(|(account, mapped_to)| decision(context, account, &mapped_to, deadline)).collect())
}

fn decision(context: &Context, account: Account, mapped_to: &PlexRef, deadline: Instant) -> AccountDecision {
    let name = account.name;
    let result = account::check_at_once(context, &name, mapped_to)
        .unwrap_or_else(|| account::check(context, &name, mapped_to, deadline));
    let reason = printable(&sentence(&result), MAX_REASON);
    let steps = trace(context, &name, clock::now(), deadline);
    AccountDecision { has_access: result.is_ok(), trace: Trace { steps, reason }, user: name }
}
