//! The daemon takes the new configuration.

use std::path::Path;

use system::command::{CHANGE_LIMIT, Command, find};

use crate::ui::terminal::{Status, say, warn};

/// Who looks after services on a machine.
struct Manager {
    /// There when it runs the machine and knows plex-authd.
    signs: &'static [&'static [&'static str]],
    /// Its command.
    command: &'static [&'static str],
    /// What has a daemon that runs read its file again, and one that does not run start.
    steps: [&'static [&'static str]; 2],
}

/// With systemd the first login starts the daemon, through its socket.
const MANAGERS: [Manager; 3] = [
    Manager {
        signs: &[&["/run/systemd/system"]],
        command: &["/usr/bin/systemctl", "/bin/systemctl"],
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

/// Has the daemon read its file again, or start, through the service manager here. False when there is none or it failed.
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
    say(format!("{} plex-authd runs with it", Status::Ok.shown()));
    true
}
