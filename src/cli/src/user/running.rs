//! What runs as an account.

use std::fs::{self, metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A process that runs as this user, as `sleep (4711)`: by its real user and on this root, as `userdel` counts them. A
/// container's processes have users of their own.
pub(super) fn process_of(uid: u32) -> Option<String> {
    fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path()).find_map(|process| {
        let status = fs::read_to_string(process.join("status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let is_theirs = field("Uid:")?.split_whitespace().next()?.parse() == Ok(uid);
        let (name, number) = (field("Name:")?, field("Pid:")?);
        (is_theirs && is_here(&process)).then(|| format!("{} ({number})", wire::printable(name, 32)))
    })
}

/// Whether it sees the files that this program sees.
fn is_here(process: &Path) -> bool {
    let root = |path: &Path| metadata(path).map(|root| (root.dev(), root.ino())).ok();
    root(&process.join("root")).is_some_and(|theirs| root(Path::new("/")) == Some(theirs))
}
