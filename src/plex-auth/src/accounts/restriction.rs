//! Restriction of accounts for files in sshd: a section of `sshd_config(5)` for the members of `plex-files`. Without it, an
//! account without a shell still has tunnels.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use config::FILES_GROUP;
use system::command::{Command, find};

use super::uploads::UPLOAD;
use crate::error::Error;

/// Paths of sshd.
const PATHS: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"];

/// Directory that sshd needs, and that its service creates.
const RUNTIME: &str = "/run/sshd";

/// Settings in the section. Before OpenSSH 10, `DisableForwarding` alone leaves X11 and the agent.
const SETTINGS: [(&str, &str); 9] = [
    ("ForceCommand", "internal-sftp"),
    ("DisableForwarding", "yes"),
    ("AllowTcpForwarding", "no"),
    ("AllowStreamLocalForwarding", "no"),
    ("AllowAgentForwarding", "no"),
    ("X11Forwarding", "no"),
    ("PermitTunnel", "no"),
    ("PermitTTY", "no"),
    ("PermitUserRC", "no"),
];

/// The section, for a file in `sshd_config.d`. `%h` is the account's home, which belongs to root.
#[allow(dead_code, reason = "for setup")]
pub(crate) fn section() -> String {
    let mut text = format!("Match Group {FILES_GROUP}\n    ChrootDirectory %h\n");
    for (name, value) in SETTINGS {
        let folder = if name == "ForceCommand" { format!(" -d /{UPLOAD}") } else { String::new() };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "    {name} {value}{folder}");
    }
    text
}

/// Checks that the installed sshd restricts this account to its chroot, by sshd's own reading of its configuration. Without
/// an sshd, nothing is open.
///
/// # Errors
/// It does not, or does not say so.
pub(crate) fn check(name: &str, home: &Path) -> Result<(), Error> {
    let Some(sshd) = find(&PATHS) else { return Ok(()) };
    let connection = format!("user={name},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22");
    let arguments = ["-T", "-C", connection.as_str()];
    let settings = || Command::tool(sshd, &arguments).stdout();
    let failed = |why: &dyn std::fmt::Display| {
        Error::new(format!("sshd does not say how it restricts {name}: {why}"))
            .hint("run: sshd -t; then fix what it names")
    };
    let said = match settings() {
        // A socket-activated sshd has no such directory before the first connection.
        Err(error) if error.to_string().contains("privilege separation directory") => {
            system::prepare_own(Path::new(RUNTIME), 0o755).map_err(|error| failed(&error))?;
            settings()
        }
        said => said,
    };
    let said = said.map_err(|error| failed(&error))?;
    match missing(&said, name, home) {
        None => Ok(()),
        Some(setting) => Err(Error::new(format!(
            "sshd does not restrict members of the group {FILES_GROUP} to file transfer ({setting}): {name} would have \
             tunnels into this network"
        ))
        .hint("run: plex-auth setup --files; or by hand: docs/how-to/sftp-only.md")),
    }
}

/// The first setting that is not in force; as text. sshd prints one setting per line, its name in lower case.
fn missing(said: &str, name: &str, home: &Path) -> Option<String> {
    let said: BTreeMap<_, _> = said.lines().rev().filter_map(|line| line.split_once(' ')).collect();
    let value = |name: &str| said.get(name.to_ascii_lowercase().as_str()).map_or("", |value| value.trim());
    let chroot = value("ChrootDirectory").replace("%h", &home.to_string_lossy()).replace("%u", name);
    if Path::new(&chroot) != home {
        return Some(format!("ChrootDirectory is '{}'", protocol::printable(value("ChrootDirectory"), 100)));
    }
    let is_set = |(name, expected): &(&str, &str)| value(name).split(' ').next() == Some(expected);
    let (name, _) = SETTINGS.iter().find(|setting| !is_set(setting))?;
    Some(format!("{name} is '{}'", protocol::printable(value(name), 100)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "/srv/plex-auth/al";

    /// The section as `sshd -T` prints it.
    fn printed() -> String {
        let section = section();
        let lines = section.lines().skip(1).filter_map(|line| {
            let (name, value) = line.trim().split_once(' ')?;
            Some(format!("{} {value}\n", name.to_ascii_lowercase()))
        });
        lines.collect()
    }

    #[test]
    fn r82_every_setting_of_the_section_has_to_be_in_force() {
        assert_eq!(missing(&printed(), "al", Path::new(HOME)), None);
        for line in printed().lines() {
            let (name, _) = line.split_once(' ').unwrap_or_default();
            for without in [printed().replace(line, ""), printed().replace(line, &format!("{name} other"))] {
                assert!(missing(&without, "al", Path::new(HOME)).is_some(), "{line}");
            }
        }
        assert!(missing("chrootdirectory none\nforcecommand none\n", "al", Path::new(HOME)).is_some());
        assert!(missing(&printed(), "al", Path::new("/home/al")).is_none());
        let fixed = printed().replace("%h", "/srv/plex-auth/%u");
        assert!(missing(&fixed, "al", Path::new(HOME)).is_none());
        assert!(missing(&fixed, "al", Path::new("/home/al")).is_some(), "another directory than the home");
    }
}
