//! Users and groups that `systemd-sysusers` creates, sysusers.d(5): at the installation of a package, or at the next boot.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Directories, the first of which takes precedence for a file's name.
const DIRECTORIES: [&str; 4] =
    ["/etc/sysusers.d", "/run/sysusers.d", "/usr/local/lib/sysusers.d", "/usr/lib/sysusers.d"];

/// The file that creates a user or a group of this name. What cannot be read or understood creates none: the names that
/// packages are known to create are reserved without it.
pub(super) fn file_with(name: &str) -> Option<PathBuf> {
    find(&DIRECTORIES.map(Path::new), name)
}

fn find(directories: &[&Path], name: &str) -> Option<PathBuf> {
    let mut files = BTreeMap::new();
    for entry in directories.iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "conf") {
            files.entry(entry.file_name()).or_insert_with(|| entry.path());
        }
    }
    let creates = |file: &PathBuf| {
        let text = fs::read(file).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().flat_map(names).any(|created| created == name)
    };
    files.into_values().find(creates)
}

/// Names in a line: of the user or group (`u`, `g`), of both (`m`), and of a user's primary group where it is named.
fn names(line: &str) -> Vec<&str> {
    let mut fields = line.split_whitespace().map(|field| field.trim_matches(['"', '\'']));
    // Modifiers, such as `u!`, follow the type.
    let kind = fields.next().unwrap_or_default().chars().next();
    let (first, second) = (fields.next(), fields.next());
    let second = match kind {
        Some('u') => second.and_then(|id| id.split_once(':')).map(|(_, group)| group),
        Some('m') => second,
        Some('g') => None,
        _ => return Vec::new(),
    };
    first.into_iter().chain(second).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn r73_names_are_those_of_users_groups_and_members() {
        for (line, expected) in [
            ("u jenkins - \"Jenkins CI\" /var/lib/jenkins", &["jenkins"][..]),
            ("u! gdm 42:gdm-group \"GNOME\"", &["gdm", "gdm-group"]),
            ("u  httpd  404  \"a  b\"", &["httpd"]),
            ("\tu \"quoted\" -", &["quoted"]),
            ("g input -", &["input"]),
            ("m mockbuild mock", &["mockbuild", "mock"]),
            ("r - 500-900", &[]),
            ("# u commented -", &[]),
            ("", &[]),
            ("u", &[]),
            ("x unknown -", &[]),
        ] {
            assert_eq!(names(line), expected, "{line:?}");
        }
    }

    #[test]
    fn r73_a_file_replaces_that_of_the_same_name_in_a_later_directory() {
        let (etc, lib) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let directories = [etc.path(), Path::new("/no/such/directory"), lib.path()];
        fs::write(lib.path().join("a.conf"), b"\xff\nu first -\ng second -\n").unwrap();
        fs::write(lib.path().join("b.conf.bak"), "u backup -\n").unwrap();
        assert_eq!(find(&directories, "second"), Some(lib.path().join("a.conf")));
        assert_eq!(find(&directories, "backup"), None);
        fs::write(etc.path().join("a.conf"), "u other -\n").unwrap();
        assert_eq!(
            (find(&directories, "second"), find(&directories, "other")),
            (None, Some(etc.path().join("a.conf")))
        );
    }
}
