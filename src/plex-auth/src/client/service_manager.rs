//! Makes the daemon load the new configuration, through the machine's service manager.

use std::path::Path;

use system::command::{CHANGE_LIMIT, Command, SYSTEMCTL, SYSTEMD, find};

use crate::ui::terminal::{Status, say, warn};

/// A service manager.
struct Manager {
    /// Paths that exist when it manages this machine and has the service: one of each group.
    signs: &'static [&'static [&'static str]],
    /// Paths of its command.
    command: &'static [&'static str],
    /// Arguments that make a running daemon reload its configuration, and those that start one.
    steps: [&'static [&'static str]; 2],
}

/// With systemd, the first login starts the daemon through its socket.
const MANAGERS: [Manager; 3] = [
    Manager {
        signs: &[&[SYSTEMD]],
        command: SYSTEMCTL,
        steps: [&["try-reload-or-restart", "plex-authd.service"], &["start", "plex-authd.socket"]],
    },
    Manager {
        signs: &[&["/run/openrc"], &["/etc/init.d/plex-authd"]],
        command: &["/usr/sbin/rc-service", "/sbin/rc-service", "/usr/bin/rc-service"],
        steps: [&["--ifstarted", "plex-authd", "reload"], &["plex-authd", "start"]],
    },
    Manager {
        signs: &[&["/etc/service/plex-authd", "/var/service/plex-authd", "/service/plex-authd"]],
        command: &["/usr/bin/sv", "/bin/sv"],
        steps: [&["hup", "plex-authd"], &["start", "plex-authd"]],
    },
];

/// Makes the daemon reload its configuration or start. False without a service manager, or when it fails.
pub(crate) fn restart() -> bool {
    let here = |manager: &&Manager| manager.signs.iter().all(|sign| sign.iter().any(|path| Path::new(path).exists()));
    let manager = MANAGERS.iter().find(here).and_then(|manager| Some((manager, find(manager.command)?)));
    let Some((manager, command)) = manager else {
        say("  Now start plex-authd: plex-authd --user plex-auth &");
        say("  or, where it runs, have it read the file: pkill -HUP -x plex-authd");
        return false;
    };
    for step in manager.steps {
        if let Err(why) = Command::tool(command, step).limit(CHANGE_LIMIT).stdout() {
            let name = command.rsplit('/').next().unwrap_or(command);
            warn(format!("{name} {}: {why}", step.join(" ")));
            return false;
        }
    }
    say(format!("{} plex-authd runs with the new configuration", Status::Ok.shown()));
    true
}
