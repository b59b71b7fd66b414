//! The daemon takes the new configuration.

use std::path::Path;

use super::programs::{first, outcome, run};
use crate::terminal::{Mark, say, warn};

/// There when systemd runs the machine.
const SYSTEMD: &str = "/run/systemd/system";

/// A daemon that runs reads the new file; one that does not is started by the first login, through its socket.
pub(crate) fn restart() {
    let systemctl = first(&["/usr/bin/systemctl", "/bin/systemctl"]);
    let Some(systemctl) = systemctl.filter(|_| Path::new(SYSTEMD).is_dir()) else {
        say("  Now start plex-authd anew: plex-authd --user plex-auth &");
        return;
    };
    let steps: [&[&str]; 2] = [&["try-reload-or-restart", "plex-authd.service"], &["start", "plex-authd.socket"]];
    for step in steps {
        if let Err(why) = outcome(run(systemctl, step)) {
            warn(format!("systemctl {}: {why}", step.join(" ")));
            return;
        }
    }
    say(format!("{} plex-authd runs with it", Mark::Good.shown()));
}
