//! Sign-in of the owner by the media server's own token: it approves one link code, as the server itself, and is used for
//! nothing else (R64). The token that is kept is the one issued to that code.

use std::time::{Duration, Instant};

use super::link;
use super::owner::{FreshDevice, Owner};
use super::plex_errors::explain;
use super::rollback;
use crate::client::plex_tv::QUESTION;
use crate::client::preferences::ServerToken;
use crate::error::Error;
use crate::ui::terminal::spinner;

/// Time for plex.tv to show the approval: a few polls.
const PATIENCE: Duration = Duration::from_secs(5);

/// Signs the owner in on this new device.
///
/// # Errors
/// plex.tv gives no code, or does not let the server approve it. A token that was issued is revoked.
pub(crate) fn sign_in(device: FreshDevice, server: &ServerToken) -> Result<Owner, Error> {
    let _spinner = spinner("Signing in through the media server");
    attempt(device, server).inspect_err(|_| rollback::give_up())
}

fn attempt(device: FreshDevice, server: &ServerToken) -> Result<Owner, Error> {
    let explained = |error: plex::Error| explain(&error);
    let code = device.client.link_code(Instant::now() + QUESTION).map_err(explained)?;
    let deadline = Instant::now() + QUESTION;
    device.client.approve_as_server(&server.token, &server.machine_id, &code, deadline).map_err(explained)?;
    let token = link::poll(&device.client, &code, PATIENCE)?;
    let token = token.ok_or_else(|| Error::new("plex.tv does not show the approval"))?;
    link::approved(device, token, "a code that the media server approved")
}
