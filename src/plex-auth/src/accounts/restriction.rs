//! Restriction of accounts for files in sshd: a section of `sshd_config(5)` for the members of `plex-files`. Without it, an
//! account without a shell still has tunnels.

use std::fmt::Write as _;
use std::path::Path;

use config::FILES_GROUP;

use super::uploads::UPLOAD;
use crate::error::Error;
use crate::sshd::program::Sshd;
use crate::sshd::settings::Settings;

/// Address of a client on this machine.
const HERE: &str = "127.0.0.1";

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
    let Some(sshd) = Sshd::find() else { return Ok(()) };
    let settings = sshd.settings_of(name, HERE).map_err(|why| {
        Error::new(format!("sshd does not say how it restricts {name}: {why}"))
            .hint("run: sshd -t; then fix what it names")
    })?;
    match missing(&settings, name, home) {
        None => Ok(()),
        Some(setting) => Err(Error::new(format!(
            "sshd does not restrict members of the group {FILES_GROUP} to file transfer ({setting}): {name} would have \
             tunnels into this network"
        ))
        .hint("run: plex-auth setup --files; or by hand: docs/how-to/sftp-only.md")),
    }
}

/// The first setting that is not in force; as text.
fn missing(settings: &Settings, name: &str, home: &Path) -> Option<String> {
    let value = |name: &str| settings.get(&name.to_ascii_lowercase()).unwrap_or_default();
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

    fn missing_in(printed: &str, name: &str, home: &Path) -> Option<String> {
        missing(&Settings::parse(printed), name, home)
    }

    #[test]
    fn r82_every_setting_of_the_section_has_to_be_in_force() {
        assert_eq!(missing_in(&printed(), "al", Path::new(HOME)), None);
        for line in printed().lines() {
            let (name, _) = line.split_once(' ').unwrap_or_default();
            for without in [printed().replace(line, ""), printed().replace(line, &format!("{name} other"))] {
                assert!(missing_in(&without, "al", Path::new(HOME)).is_some(), "{line}");
            }
        }
        assert!(missing_in("chrootdirectory none\nforcecommand none\n", "al", Path::new(HOME)).is_some());
        assert!(missing_in(&printed(), "al", Path::new("/home/al")).is_none());
        let fixed = printed().replace("%h", "/srv/plex-auth/%u");
        assert!(missing_in(&fixed, "al", Path::new(HOME)).is_none());
        assert!(missing_in(&fixed, "al", Path::new("/home/al")).is_some(), "another directory than the home");
    }
}
