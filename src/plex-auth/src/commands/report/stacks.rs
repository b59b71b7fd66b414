//! The PAM stacks that use the module, and the files that they include.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pam_stack::include::{DIRECTORIES, Step, stack};
use pam_stack::{Control, Kind};

use super::redactor::{Category, Redactor};
use super::words::SERVICES;

/// The first word of a line.
const KINDS: [&str; 8] = ["auth", "account", "session", "password", "-auth", "-account", "-session", "-password"];

/// The section of the file.
pub(super) fn section(redactor: &mut Redactor) -> String {
    let files: BTreeSet<PathBuf> = names().iter().flat_map(|name| files_of(name)).collect();
    if files.is_empty() {
        return "no service uses pam_plex.so".to_owned();
    }
    files.iter().map(|file| file_shown(file, redactor)).collect()
}

fn names() -> BTreeSet<String> {
    let entries = DIRECTORIES.iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| !name.starts_with('.')).collect()
}

/// The files of a service's two stacks, if one of them uses the module.
fn files_of(service: &str) -> Vec<PathBuf> {
    let read = |path: &Path| fs::read_to_string(path).ok();
    let steps: Vec<Step> =
        [Kind::Auth, Kind::Account].into_iter().flat_map(|kind| stack(service, kind, &read)).collect();
    if !steps.iter().any(|step| step.asks("pam_plex")) {
        return Vec::new();
    }
    // A file of nothing but includes has no step of its own.
    let own = DIRECTORIES.iter().map(|directory| Path::new(directory).join(service)).find(|file| file.exists());
    steps.into_iter().map(|step| step.file).chain(own).collect()
}

fn file_shown(file: &Path, redactor: &mut Redactor) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let folder = redactor.path(&file.parent().unwrap_or(Path::new("/")).to_string_lossy());
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines =
        text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|line| !line.is_empty());
    let lines: Vec<_> = lines.map(|line| format!("    {}\n", line_shown(line, redactor))).collect();
    let lines = lines.concat();
    format!("{folder}/{}\n{lines}", redactor.unless(&SERVICES, Category::Service, &name))
}

/// A line: kind and control are known words, the rest is shown word by word.
fn line_shown(line: &str, redactor: &mut Redactor) -> String {
    let (first, rest) = word(line);
    if first == "@include" {
        return format!("@include {}", included(rest, redactor));
    }
    let (control, rest) = word(rest);
    if !KINDS.contains(&first) {
        return redactor.text(line);
    }
    if ["include", "substack"].contains(&control) {
        return format!("{first} {control} {}", included(rest, redactor));
    }
    let control = if Control::parse(control).is_ok() { control.to_owned() } else { redactor.text(control) };
    format!("{first} {control} {}", redactor.text(rest))
}

/// An included file: a service or a path.
fn included(name: &str, redactor: &mut Redactor) -> String {
    if name.contains('/') { redactor.path(name) } else { redactor.unless(&SERVICES, Category::Service, name) }
}

/// The first word, where a part in brackets is one, and the rest.
fn word(text: &str) -> (&str, &str) {
    let end = if text.starts_with('[') { text.find(']').map(|end| end + 1) } else { text.find(char::is_whitespace) };
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    (word, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_included_files_are_replaced() {
        let words = crate::commands::report::vocabulary::words();
        let mut redactor = Redactor::new(&words);
        let shown = file_shown(Path::new("/srv/olga/stack"), &mut redactor);
        assert_eq!(shown, "/srv/path-1/service-1\n");
        assert_eq!(file_shown(Path::new("/etc/pam.d/none/"), &mut redactor), "/etc/pam.d/service-2\n");
        assert_eq!(line_shown("@include /srv/olga/stack", &mut redactor), "@include /srv/path-2");
        assert_eq!(line_shown("auth substack /srv/olga", &mut redactor), "auth substack /srv/path-1");
        assert_eq!(line_shown("auth include system-auth", &mut redactor), "auth include system-auth");
    }
}
