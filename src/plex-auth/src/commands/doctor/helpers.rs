//! The two small services that are root, and whom only plex-authd may ask: whether they are there.

use std::fs;
use std::path::Path;

use super::checks::Findings;

/// Every socket that somebody listens at, in the kernel's words: proc(5).
const SOCKETS: &str = "/proc/net/unix";

/// Whether somebody listens at this socket and can be reached. Its file alone is left behind by whoever was killed.
fn listens(socket: &str) -> bool {
    let table = fs::read_to_string(SOCKETS).unwrap_or_default();
    Path::new(socket).exists() && table.lines().any(|line| line.split_whitespace().last() == Some(socket))
}

/// Whether plex-authd can be told who has no local password, as `plex_only` in a stack wants to know.
pub(super) fn local_passwords(findings: &mut Findings) {
    if !listens(protocol::local_password::SOCKET) {
        let what = "plex-auth-shadow is not there: pam_unix logs a failure for each login with a Plex password, \
                    and fail2ban may take friends for attackers";
        findings.warn("local passwords", what, "run: systemctl enable --now plex-auth-shadow.socket");
    }
}

/// Whether somebody is there who changes SMB passwords.
pub(super) fn smb_passwords(findings: &mut Findings) {
    if listens(protocol::smb::SOCKET) {
        findings.good("SMB passwords", "they follow Plex");
    } else {
        let what = "sync_password is set, but plex-auth-samba is not there to do it";
        findings.bad("SMB passwords", what, "run: systemctl enable --now plex-auth-samba.socket");
    }
}
