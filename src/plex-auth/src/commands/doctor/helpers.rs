//! Checks of the two root services that plex-authd uses.

use std::fs;
use std::path::Path;

use crate::ui::check::Checks;

/// List of all Unix sockets, see proc(5).
const SOCKETS: &str = "/proc/net/unix";

/// Tests for a listener at this socket. Its file alone may be left by a process that was killed.
fn listens(socket: &str) -> bool {
    let table = fs::read_to_string(SOCKETS).unwrap_or_default();
    Path::new(socket).exists() && table.lines().any(|line| line.split_whitespace().last() == Some(socket))
}

/// Checks the service that tells which accounts have a local password, which `plex_only` in a stack needs.
pub(super) fn local_passwords(checks: &mut Checks) {
    if !listens(protocol::local_password::SOCKET) {
        let what = "plex-auth-shadow is not there: pam_unix logs a failure for each login with a Plex password, \
                    and fail2ban may take friends for attackers";
        checks.warning("local passwords", what, "run: systemctl enable --now plex-auth-shadow.socket");
    }
}

/// Checks the service that sets SMB passwords.
pub(super) fn smb_passwords(checks: &mut Checks) {
    if listens(protocol::smb::SOCKET) {
        checks.ok("SMB passwords", "they follow Plex");
    } else {
        let what = "sync_password is set, but plex-auth-samba is not running";
        checks.error("SMB passwords", what, "run: systemctl enable --now plex-auth-samba.socket");
    }
}
