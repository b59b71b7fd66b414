//! authselect, Fedora's tool for PAM stacks, and our profile for it.

use std::fs;
use std::path::Path;

use system::command::{CHANGE_LIMIT, Command, Error};

const TOOL: &str = "/usr/bin/authselect";
const PROFILE: &str = "plex-auth";
const PLACE: &str = "/usr/share/authselect/vendor/plex-auth";

/// Name of the backup of the previous stacks, which the package's removal restores.
const BACKUP: &str = "--backup=before-plex-auth";

/// sssd's configuration file and directory.
const SSSD: [&str; 2] = ["/etc/sssd/sssd.conf", "/etc/sssd/conf.d"];

/// True if the tool and our profile are installed.
pub(super) fn is_there() -> bool {
    Path::new(TOOL).exists() && Path::new(PLACE).is_dir()
}

/// The selected profile, if it serves accounts that ours does not: those of a directory, or a custom profile's. Fedora long
/// selected sssd's by default; without a configuration of sssd, it serves local accounts only.
pub(super) fn other() -> Option<String> {
    let profile = current().into_iter().next()?;
    match profile.as_str() {
        PROFILE | "local" | "minimal" => None,
        "sssd" if !sssd_serves() => None,
        _ => Some(profile),
    }
}

fn sssd_serves() -> bool {
    let [file, directory] = SSSD;
    Path::new(file).exists() || fs::read_dir(directory).is_ok_and(|mut files| files.next().is_some())
}

/// The selected profile and its features, such as `with-mkhomedir`; empty if the tool was never used.
fn current() -> Vec<String> {
    let said = Command::tool(TOOL, &["current", "--raw"]).limit(CHANGE_LIMIT).stdout().unwrap_or_default();
    said.split_whitespace().map(str::to_owned).collect()
}

/// Arguments that select our profile with the present features.
pub(super) fn selection() -> Vec<String> {
    let now = current();
    let mut words: Vec<String> = ["select", PROFILE].map(str::to_owned).into();
    if let Some((profile, features)) = now.split_first() {
        // For the local profile, a feature that ours lacks must make the tool fail: it may require a second key.
        let known = if profile == "sssd" { Some(features_of_ours()) } else { None };
        words.extend(features.iter().filter(|feature| known.as_ref().is_none_or(|all| all.contains(feature))).cloned());
    }
    words.push(BACKUP.to_owned());
    words
}

fn features_of_ours() -> Vec<String> {
    let said = Command::tool(TOOL, &["list-features", PROFILE]).limit(CHANGE_LIMIT).stdout().unwrap_or_default();
    said.split_whitespace().map(str::to_owned).collect()
}

/// Selects our profile.
///
/// # Errors
/// The tool fails; the stacks are unchanged then.
pub(super) fn select() -> Result<String, Error> {
    let words = selection();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    Command::tool(TOOL, &words).limit(CHANGE_LIMIT).stdout()
}
