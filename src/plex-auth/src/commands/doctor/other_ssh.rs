//! SSH servers that do not use PAM: a removed friend's key keeps working there.

use system::command::{Command, systemctl};

use crate::client::callers::Callers;
use crate::ui::check::Checks;

const CHECK: &str = "SSH without PAM";

/// Programs, and the units that start them on Debian. The second one runs only during a connection.
const SERVERS: [(&str, &str); 2] = [("dropbear", "dropbear.service"), ("tinysshd", "tinysshd.socket")];

/// Warns of each such server that is running or waits for connections.
pub(super) fn check(callers: &Callers, checks: &mut Checks) {
    for (program, unit) in SERVERS {
        let is_active = is_active(unit);
        if !is_active && !callers.runs(program) {
            continue;
        }
        let what = format!(
            "{program} does not use PAM: it accepts keys of removed friends, and plex-auth cannot refuse anyone there"
        );
        let hint = if is_active {
            format!("use OpenSSH instead, and stop it: systemctl disable --now {unit}")
        } else {
            format!("use OpenSSH instead, and stop {program}")
        };
        checks.warning(CHECK, what, hint);
    }
}

/// systemd has started the unit.
fn is_active(unit: &str) -> bool {
    let run = |systemctl| Command::tool(systemctl, &["--quiet", "is-active", unit]).run();
    systemctl().is_some_and(|systemctl| run(systemctl).is_ok_and(|output| output.is_ok()))
}
