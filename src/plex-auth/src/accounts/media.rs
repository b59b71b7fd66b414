//! Media folder of an account for files: a read-only bind mount in its chroot, as a `.mount` unit of systemd. Symbolic links
//! would lead nowhere in a chroot.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use config::Config;
use system::command::{CHANGE_LIMIT, Command, SYSTEMCTL, SYSTEMD, find};

use super::uploads::MEDIA;
use super::{mounts, uploads};
use crate::config_file::write::write_for_all;
use crate::error::Error;
use crate::ui::terminal::{Status, say, warn};

/// Directory of the administrator's units.
const UNITS: &str = "/etc/systemd/system";

/// First line of a unit that plex-auth made. Only such units are changed or deleted, by the package's scripts too.
const MARK: &str = "# Made by plex-auth, and deleted with the account or the package.";

/// Options of the mount.
const OPTIONS: &str = "bind,ro,nosuid,nodev,noexec";

/// Options that the mounted folder must have: without one, friends could write to the owner's media, or run what is there.
const REQUIRED: [&str; 4] = ["ro", "nosuid", "nodev", "noexec"];

/// Reason why an account has no media folder.
#[derive(Debug)]
enum Problem {
    /// The directory is none.
    NotADirectory(PathBuf),
    /// systemd does not manage this machine.
    NoSystemd,
    /// Another file has the unit's name.
    Foreign(PathBuf),
    /// A tool failed, or the folder cannot be mounted: containers may not mount anything.
    Refused(String),
    /// It was mounted without this option.
    Without(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotADirectory(path) => write!(f, "{} is no directory", path.display()),
            Self::NoSystemd => f.write_str("systemd does not manage this machine"),
            Self::Foreign(path) => write!(f, "{} was not made by plex-auth", path.display()),
            Self::Refused(why) => write!(f, "the system refused it, as it does in many containers: {why}"),
            Self::Without(option) => write!(f, "it was mounted without the option {option}"),
        }
    }
}

/// Shows the media directory in an account's chroot. The account is complete without it.
///
/// # Errors
/// It cannot be shown, with the reason and the way to do it by hand. Nothing is mounted then.
pub(super) fn show(name: &str, home: &Path, media: &Path) -> Result<(), Error> {
    let folder = home.join(MEDIA);
    mount(name, &folder, media).map_err(|problem| {
        let (from, to) = (escaped(media), escaped(&folder));
        Error::new(format!("{name} does not see {}: {problem}", media.display())).hint(match problem {
            Problem::NotADirectory(_) => "create it; then: plex-auth user sync".to_owned(),
            Problem::Foreign(path) => format!("move it away: mv {0} {0}.old; then: plex-auth user sync", path.display()),
            _ => format!(
                "where mounts are allowed, add this line to /etc/fstab, and run: mount {to}\n  {from} {to} none {OPTIONS} 0 0\n  \
                 in an LXC container, have the host mount it there, read-only: pct set ID -mp0 {from},mp={to},ro=1"
            ),
        })
    })
}

fn mount(name: &str, folder: &Path, media: &Path) -> Result<(), Problem> {
    if !media.is_dir() {
        return Err(Problem::NotADirectory(media.to_owned()));
    }
    system::prepare_own(folder, 0o755).map_err(|error| Problem::Refused(error.to_string()))?;
    if !Path::new(SYSTEMD).exists() {
        return Err(Problem::NoSystemd);
    }
    let unit = unit(folder)?;
    let file = Path::new(UNITS).join(&unit);
    if !is_ours(&file) && file.symlink_metadata().is_ok() {
        return Err(Problem::Foreign(file));
    }
    let refused = |error: Error| Problem::Refused(error.into_parts().0);
    write_for_all(&file, &text(name, folder, media)).map_err(refused)?;
    let mounted = systemctl(&["daemon-reload"])
        .and_then(|()| systemctl(&["enable", "--now", "--", &unit]))
        .and_then(|()| is_restricted(folder));
    if let Err(problem) = mounted {
        delete(&unit, &file);
        return Err(problem);
    }
    Ok(())
}

/// Checks the options that the kernel has for the mount.
fn is_restricted(folder: &Path) -> Result<(), Problem> {
    let mount = mounts::at(folder).ok_or_else(|| Problem::Refused("it is not mounted".to_owned()))?;
    let missing = REQUIRED.iter().find(|option| !mount.options.iter().any(|has| has == *option));
    missing.map_or(Ok(()), |option| Err(Problem::Without(option)))
}

/// The text of the unit. `%` begins a specifier of systemd's.
fn text(name: &str, folder: &Path, media: &Path) -> String {
    let plain = |path: &Path| path.to_string_lossy().replace('%', "%%");
    format!(
        "{MARK}\n[Unit]\nDescription=Media folder of {name}, read-only\nDocumentation=man:plex-auth(8)\n\n[Mount]\nWhat={}\n\
         Where={}\nType=none\nOptions={OPTIONS}\n\n[Install]\nWantedBy=multi-user.target\n",
        plain(media),
        plain(folder)
    )
}

/// Unmounts and deletes what [`show`] made in an account's chroot, and deletes the folder. True if there was a unit.
///
/// # Errors
/// Something is still mounted there: deleting the account's directory would delete the owner's files.
pub(crate) fn hide(home: &Path) -> Result<bool, Error> {
    let folder = home.join(MEDIA);
    let mut had = false;
    if Path::new(SYSTEMD).exists()
        && let Ok(unit) = unit(&folder)
    {
        let file = Path::new(UNITS).join(&unit);
        had = is_ours(&file);
        if had {
            delete(&unit, &file);
        }
    }
    if let Some(path) = mounts::below(home) {
        let path = escaped(&path);
        return Err(Error::new(format!("{path} is mounted")).hint(format!(
            "run: umount {path}; and take its line out of /etc/fstab, if it has one; then run this again"
        )));
    }
    // Only an empty directory is deleted.
    let _ = fs::remove_dir(folder);
    Ok(had)
}

/// Gives every account for files the media folder of the configuration, or none.
///
/// # Errors
/// The accounts cannot be read. Another failure is printed, and does not affect the other accounts.
pub(crate) fn apply_to_all(config: &Config) -> Result<(), Error> {
    for user in uploads::all()? {
        if let Err(failure) = apply(config, &user.name, &user.dir) {
            warn(failure);
        }
    }
    Ok(())
}

/// Gives an account for files the media folder of the configuration, or none.
///
/// # Errors
/// As [`show`] and [`hide`].
pub(crate) fn apply(config: &Config, name: &str, home: &Path) -> Result<(), Error> {
    let media = config.accounts.media.as_deref();
    let folder = home.join(MEDIA);
    if let Some(media) = media
        && is_restricted(&folder).is_ok()
    {
        let file = unit(&folder).map(|unit| Path::new(UNITS).join(unit)).ok().filter(|file| is_ours(file));
        let is_now = |file: PathBuf| fs::read_to_string(file).is_ok_and(|now| now == text(name, &folder, media));
        // Without a unit, the administrator has mounted it.
        if file.is_none_or(is_now) {
            return Ok(());
        }
    }
    let had = hide(home)?;
    match media {
        Some(media) => {
            show(name, home, media)?;
            say(format!("{} {name} sees {}, read-only", Status::Ok.shown(), media.display()));
        }
        None if had => say(format!("{} {name} no longer has a media folder", Status::Ok.shown())),
        None => {}
    }
    Ok(())
}

/// Name of the unit for a mount point: systemd accepts no other.
fn unit(folder: &Path) -> Result<String, Problem> {
    let missing = || Problem::Refused("there is no systemd-escape".to_owned());
    let program = find(&["/usr/bin/systemd-escape", "/bin/systemd-escape"]).ok_or_else(missing)?;
    let folder = folder.to_string_lossy();
    let arguments = ["--path", "--suffix=mount", "--", &folder];
    let said = Command::tool(program, &arguments).stdout().map_err(|error| Problem::Refused(error.to_string()))?;
    Some(said)
        .filter(|unit| unit.len() <= 255 && !unit.contains('/'))
        .ok_or_else(|| Problem::Refused(format!("{folder} is too long for a unit's name")))
}

fn is_ours(file: &Path) -> bool {
    let is_file = file.symlink_metadata().is_ok_and(|about| about.is_file());
    is_file && fs::read_to_string(file).is_ok_and(|text| text.lines().next() == Some(MARK))
}

/// Unmounts and deletes a unit. What is still mounted afterwards is the caller's to find.
fn delete(unit: &str, file: &Path) {
    let _ = systemctl(&["disable", "--now", "--", unit]);
    let _ = fs::remove_file(file);
    let _ = systemctl(&["daemon-reload"]);
    let _ = systemctl(&["reset-failed", "--", unit]);
}

fn systemctl(arguments: &[&str]) -> Result<(), Problem> {
    let missing = || Problem::Refused("there is no systemctl".to_owned());
    let program = find(SYSTEMCTL).ok_or_else(missing)?;
    let done = Command::tool(program, arguments).limit(CHANGE_LIMIT).stdout();
    done.map(drop).map_err(|error| Problem::Refused(error.to_string()))
}

/// A path as fstab and a shell read it.
fn escaped(path: &Path) -> String {
    protocol::printable(&path.to_string_lossy(), 300).replace(' ', "\\040")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r82_unit_of_a_media_folder_is_read_only_and_has_no_specifier_from_a_path() {
        let text = text("al", Path::new("/srv/plex-auth/al/media"), Path::new("/mnt/100% my films"));
        assert!(text.starts_with(MARK) && text.contains("\nWhat=/mnt/100%% my films\nWhere=/srv/plex-auth/al/media\n"));
        let options = text.lines().find_map(|line| line.strip_prefix("Options=")).unwrap_or_default();
        assert!(REQUIRED.iter().all(|option| options.split(',').any(|has| has == *option)), "{options}");
    }
}
