//! Fedora's tool for stacks, and our profile for it.

use std::fs;
use std::path::Path;

use system::command::{CHANGE_LIMIT, Command, Error};

const TOOL: &str = "/usr/bin/authselect";
const PROFILE: &str = "plex-auth";
const PLACE: &str = "/usr/share/authselect/vendor/plex-auth";

/// What the machine had before is kept under this name, and the package's removal looks for it there.
const BACKUP: &str = "--backup=before-plex-auth";

/// Where sssd is told which accounts it serves.
const SSSD: [&str; 2] = ["/etc/sssd/sssd.conf", "/etc/sssd/conf.d"];

/// Whether the tool is there, and our profile for it.
pub(super) fn is_there() -> bool {
    Path::new(TOOL).exists() && Path::new(PLACE).is_dir()
}

/// The profile of now, when it serves accounts that ours does not know: from a directory, or the owner's own idea. Fedora
/// chose sssd's for long, though nobody had told sssd of any accounts; that one serves local accounts alone.
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

/// The profile of now and its features, such as with-mkhomedir. Nothing, when the tool has never been used.
fn current() -> Vec<String> {
    let said = Command::tool(TOOL, &["current", "--raw"]).stdout().unwrap_or_default();
    said.split_whitespace().map(str::to_owned).collect()
}

/// What the tool is asked for: our profile, with the features of now.
pub(super) fn selection() -> Vec<String> {
    let now = current();
    let mut words: Vec<String> = ["select", PROFILE].map(str::to_owned).into();
    if let Some((profile, features)) = now.split_first() {
        // A feature of the plain profile that ours did not know would be a reason to stop: it may ask for a second key.
        let known = if profile == "sssd" { Some(features_of_ours()) } else { None };
        words.extend(features.iter().filter(|feature| known.as_ref().is_none_or(|all| all.contains(feature))).cloned());
    }
    words.push(BACKUP.to_owned());
    words
}

fn features_of_ours() -> Vec<String> {
    let said = Command::tool(TOOL, &["list-features", PROFILE]).stdout().unwrap_or_default();
    said.split_whitespace().map(str::to_owned).collect()
}

/// Selects our profile.
///
/// # Errors
/// What the tool said when it did not. The stacks are then as they were.
pub(super) fn select() -> Result<String, Error> {
    let words = selection();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    Command::tool(TOOL, &words).limit(CHANGE_LIMIT).stdout()
}
