//! File systems that are mounted, as this process sees them in `/proc/self/mountinfo`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    /// Mount point.
    pub at: PathBuf,
    /// Options of this mount, such as `ro`.
    pub options: Vec<String>,
    /// Type of the file system.
    pub kind: String,
    /// The device, or another source that the file system understands.
    pub source: PathBuf,
    /// Options of the file system, such as `usrquota`.
    pub of_file_system: Vec<String>,
}

/// All mounts, in the order in which they were made; empty without `/proc`.
pub(crate) fn all() -> Vec<Mount> {
    std::fs::read("/proc/self/mountinfo").map(|text| parse(&text)).unwrap_or_default()
}

/// The mount at exactly this path that hides all others there.
pub(crate) fn at(path: &Path) -> Option<Mount> {
    all().into_iter().rev().find(|mount| mount.at == path)
}

/// The mount that has a path.
pub(crate) fn of(path: &Path) -> Option<Mount> {
    with(all(), path)
}

/// The first mount point at or below a path.
pub(crate) fn below(path: &Path) -> Option<PathBuf> {
    all().into_iter().find(|mount| mount.at.starts_with(path)).map(|mount| mount.at)
}

fn with(mounts: Vec<Mount>, path: &Path) -> Option<Mount> {
    let length = |mount: &Mount| mount.at.components().count();
    // Of several at one path, the last one counts, as `max_by_key` has it.
    mounts.into_iter().filter(|mount| path.starts_with(&mount.at)).max_by_key(length)
}

fn parse(text: &[u8]) -> Vec<Mount> {
    text.split(|byte| *byte == b'\n').filter_map(line).collect()
}

/// A line such as `36 35 98:0 /root /at rw,noatime shared:1 - ext4 /dev/sda1 rw,usrquota`.
fn line(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|byte| *byte == b' ');
    let at = path(words.nth(4)?);
    let options = list(words.next()?);
    let mut rest = words.skip_while(|word| *word != b"-").skip(1);
    let (kind, source) = (String::from_utf8_lossy(rest.next()?).into_owned(), path(rest.next()?));
    Some(Mount { at, options, kind, source, of_file_system: list(rest.next()?) })
}

fn list(word: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(word).split(',').map(str::to_owned).collect()
}

/// A path in which the kernel has written blanks and backslashes as `\040`.
fn path(word: &[u8]) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let [first, tail @ ..] = rest {
        let octal = tail.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = tail.get(3..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    const TEXT: &[u8] = b"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,usrquota,errors=remount-ro\n\
        30 22 0:29 / /srv rw - tmpfs tmpfs rw\n\
        31 30 8:1 /my\\040media /srv/a\\134b/my\\040media ro,nosuid shared:1 master:2 - ext4 /dev/sda1 rw\n\
        odd\n\
        32 30 0:40 / /srv rw - xfs /dev/sdb1 rw,noquota\n";

    #[test]
    fn mount_points_with_blanks_and_backslashes_are_read() {
        let mounts = parse(TEXT);
        assert_eq!(mounts.len(), 4);
        let media = mounts.get(2).unwrap();
        assert_eq!(media.at, Path::new("/srv/a\\b/my media"));
        assert_eq!(media.options, ["ro", "nosuid"]);
        assert_eq!((media.kind.as_str(), media.source.as_path()), ("ext4", Path::new("/dev/sda1")));
    }

    #[test]
    fn file_system_of_a_path_is_the_innermost_and_last_mount() {
        let of = |path: &str| with(parse(TEXT), Path::new(path)).unwrap();
        assert_eq!(of("/home/a").of_file_system, ["rw", "usrquota", "errors=remount-ro"]);
        assert_eq!(of("/srv/x").kind, "xfs");
        assert_eq!(of("/srv/a\\b/my media/film").options, ["ro", "nosuid"]);
        assert_eq!(of("/srvx").at, Path::new("/"));
    }
}
