//! Takes back the creation of an account, when the run that created it is interrupted.

use std::path::Path;

use policy::PlexId;
use system::accounts;

use super::{created, expiry_locks, media, people, shadow_utils, uploads};
use crate::error::Error;

/// Removes an account that was created a moment ago. `[users]` is the caller's to restore.
///
/// # Errors
/// The account is in use, or a tool fails. It is locked then.
pub(crate) fn undo(local: &str, plex: PlexId) -> Result<(), Error> {
    let turn = expiry_locks::lock_accounts()?;
    let Some(user) = accounts::user(local)? else { return Ok(()) };
    shadow_utils::lock(local)?;
    let left = |error: Error| error.with_outcome(&format!("the account {local} is locked; run: userdel {local}"));
    if uploads::is_for_files(&user)? {
        let home = Path::new(&user.dir);
        media::hide(home).map_err(left)?;
        uploads::remove_empty(home);
        shadow_utils::remove(local).map_err(left)?;
    } else {
        shadow_utils::remove_with_home(local).map_err(left)?;
    }
    created::forget(&turn, local)?;
    people::forget(&turn, plex, local)
}
