//! The packages under test.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::checkout;

/// Line that the next revision appends to a file that the owner may have changed as well, and to the stacks.
pub const NEWER: &str = "# Of the next revision.\n";

/// Builds the next revision of the package in this directory from the existing binaries, and returns its path.
pub fn next(directory: &Path) -> PathBuf {
    for entry in std::fs::read_dir(checkout()).unwrap() {
        let name = entry.unwrap().file_name();
        if !["packaging", "target", ".git"].iter().any(|other| name == *other) {
            symlink(checkout().join(&name).canonicalize().unwrap(), directory.join(&name)).unwrap();
        }
    }
    std::fs::create_dir(directory.join("target")).unwrap();
    for part in ["release", "pages"] {
        symlink(checkout().join("target").join(part).canonicalize().unwrap(), directory.join("target").join(part))
            .unwrap();
    }
    let copied = Command::new("cp").arg("-r").arg(checkout().join("packaging")).arg(directory).status().unwrap();
    assert!(copied.success());
    for changed in ["packaging/fail2ban/filter.d/plex-auth.conf", "packaging/authselect/plex-auth/password-auth"] {
        let text = std::fs::read_to_string(directory.join(changed)).unwrap();
        std::fs::write(directory.join(changed), text + NEWER).unwrap();
    }
    let made = Command::new(directory.join("packaging/rpm/build")).env("RPM_REVISION", "2").output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().into()
}
