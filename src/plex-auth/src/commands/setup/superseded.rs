//! Revocation of the owner's previous token, as the device that it was issued to, once the daemon no longer uses it.

use std::path::Path;
use std::time::{Duration, Instant};

use plex::{Client, Error, Token};
use protocol::{AdminRequest, AdminResponse};

use super::local_server::LocalServer;
use crate::client::daemon::Daemon;
use crate::client::daemon::changed_since;
use crate::client::plex_tv::{Clients, QUESTION};
use crate::client::preferences;
use crate::config_file::existing::Existing;
use crate::context::Context;
use crate::ui::terminal::{say, warn};

/// Page at plex.tv to remove a device.
const DEVICES: &str = "https://app.plex.tv/desktop/#!/settings/devices/all";

/// Time for the daemon to reload the file.
const READ: Duration = Duration::from_secs(5);

/// Precision of the age that the daemon reports.
const SECOND: Duration = Duration::from_secs(1);

/// A token that was replaced in the configuration.
pub(crate) struct Superseded {
    token: Token,
    client: Client,
}

impl Superseded {
    /// The configured token, if the device that it was issued to is known. A copied one, such as the media server's own, is not
    /// ours to revoke.
    pub(crate) fn by(new: &Token, existing: &Existing, clients: &Clients, local: Option<&LocalServer>) -> Option<Self> {
        let identifier = existing.text_of("client_identifier")?;
        let token = existing.token()?;
        let others = [Some(new), local.and_then(|local| local.token.as_ref())];
        let is_in_use = others.into_iter().flatten().any(|other| other.expose() == token.expose());
        if is_in_use || preferences::with_token(&token, None).is_some() {
            return None;
        }
        Some(Self { token, client: clients.for_owner(Some(identifier)) })
    }

    /// Revokes the token, or shows what is left to do while plex-authd uses it. `told`: the daemon was told to reload, which may
    /// last a moment.
    pub(crate) fn revoke(&self, context: &Context, told: bool) {
        let end = Instant::now() + if told { READ } else { Duration::ZERO };
        while still_uses_the_old_file(context) {
            if Instant::now() > end {
                say(
                    "  Until plex-authd has read the file it needs the old token, which therefore remains valid at Plex.",
                );
                say(format!("  Then remove the older of its devices \"(friend list)\": {DEVICES}"));
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        match self.client.sign_out(&self.token, Instant::now() + QUESTION) {
            Ok(()) | Err(Error::Refused) => {}
            Err(error) => warn(format!(
                "the old token stays good at Plex: {}; remove the older of the devices \"(friend list)\": {DEVICES}",
                protocol::printable(&error.to_string(), 300)
            )),
        }
    }
}

/// Waits until the daemon's reported age can tell the new file from the old one.
pub(crate) fn let_the_clock_move() {
    std::thread::sleep(SECOND + SECOND / 10);
}

/// Tests for a running daemon that has not loaded the new file, or cannot be contacted.
fn still_uses_the_old_file(context: &Context) -> bool {
    let Ok(mut daemon) = Daemon::open(&context.socket) else { return is_running(&context.socket) };
    match daemon.ask(AdminRequest::Status) {
        Ok(AdminResponse::Status(status)) => {
            Path::new(&status.config) == context.config && changed_since(&context.config, status.config_age + 1)
        }
        _ => true,
    }
}

/// Tests for a listener at the socket.
fn is_running(socket: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}
