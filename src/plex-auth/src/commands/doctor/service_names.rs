//! Names of the PAM services that have a file.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::path::Path;

use pam_stack::Kind;
use pam_stack::include::{DIRECTORIES, stack};

/// Endings of backup files of package managers and editors.
const LEFT_BEHIND: [&str; 6] = ["~", ".dpkg-dist", ".dpkg-old", ".dpkg-new", ".rpmnew", ".rpmsave"];

/// Services without which nobody can log in.
pub(super) const DOORS: [&str; 12] = [
    "cockpit",
    "gdm-password",
    "lightdm",
    "login",
    "other",
    "polkit-1",
    "remote",
    "sddm",
    "sshd",
    "su",
    "su-l",
    "sudo",
];

/// All services. A file that only others include, or that services are links to, is none, except where nobody could log
/// in without it.
pub(super) fn all() -> BTreeSet<String> {
    let read = DIRECTORIES.iter().filter_map(|directory| fs::read_dir(directory).ok());
    let entries: Vec<_> = read.flatten().flatten().collect();
    let shared: BTreeSet<_> = entries.iter().filter_map(linked).collect();
    let names = entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok());
    let is_own = |name: &String| !shared.contains(name) || DOORS.contains(&name.as_str());
    names.filter(|name| is_plain(name) && !is_part(name) && is_own(name)).collect()
}

fn is_plain(name: &str) -> bool {
    !name.starts_with('.') && !LEFT_BEHIND.iter().any(|ending| name.ends_with(ending))
}

/// One of Debian's common files with lines of one kind.
fn is_part(name: &str) -> bool {
    // Without lines of its own, a service has those of `other`.
    let own = |path: &Path| if path.ends_with("other") { None } else { fs::read_to_string(path).ok() };
    let lacks = |kind| stack(name, kind, &own).is_empty();
    name.starts_with("common-") && (lacks(Kind::Auth) || lacks(Kind::Account))
}

/// The file in the same directory that this one is a link to.
fn linked(entry: &DirEntry) -> Option<String> {
    let target = fs::read_link(entry.path()).ok()?;
    let is_here = target.parent()? == Path::new("") || target.parent() == entry.path().parent();
    is_here.then(|| target.file_name()?.to_str().map(str::to_owned))?
}
