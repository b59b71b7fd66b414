//! Room for uploads: quotas and free space of a file system.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use nix::sys::quota::{QuotaType, quotactl_get};

use super::mounts::{self, Mount};

/// Options of file systems with a quota: of ext4, XFS and F2FS, as the kernel shows them.
const OPTIONS: [&str; 12] = [
    "quota",
    "usrquota",
    "grpquota",
    "prjquota",
    "uquota",
    "gquota",
    "pquota",
    "uqnoenforce",
    "gqnoenforce",
    "pqnoenforce",
    "usrjquota",
    "grpjquota",
];

/// File systems whose options show every quota.
const SHOWN_BY_OPTIONS: [&str; 5] = ["ext2", "ext3", "ext4", "f2fs", "xfs"];

/// Whether a quota limits what one friend can upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Mount point of the file system.
    pub at: PathBuf,
    /// Type of the file system.
    pub kind: String,
    /// State of its quotas.
    pub state: QuotaState,
}

/// State of a file system's quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuotaState {
    /// Quotas are counted.
    On,
    /// There are none: one friend can fill the file system.
    Off,
    /// The file system has quotas of its own, which nothing here shows.
    Unknown,
}

/// Free space of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    /// Bytes that users other than root can still write.
    pub free: u64,
    /// Size in bytes.
    pub total: u64,
}

impl Space {
    /// Free share, in percent.
    pub(crate) fn percent(self) -> u64 {
        let percent = u128::from(self.free) * 100 / u128::from(self.total.max(1));
        u64::try_from(percent).unwrap_or(100)
    }
}

/// The quota on the file system that has, or would have, this directory.
pub(crate) fn quota(path: &Path) -> Option<Quota> {
    let mount = mounts::of(&existing(path).canonicalize().ok()?)?;
    let state = state(&mount);
    Some(Quota { at: mount.at, kind: mount.kind, state })
}

/// Free space on the file system that has, or would have, this directory.
///
/// # Errors
/// As the kernel.
pub(crate) fn space(path: &Path) -> io::Result<Space> {
    let about = rustix::fs::statvfs(existing(path))?;
    let bytes = |blocks: u64| blocks.saturating_mul(about.f_frsize);
    Ok(Space { free: bytes(about.f_bavail), total: bytes(about.f_blocks) })
}

/// The directory itself, or the nearest one above that exists.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"))
}

fn state(mount: &Mount) -> QuotaState {
    let is_on = mount.source.starts_with("/dev") && quotactl_get(QuotaType::USRQUOTA, &mount.source, 0).is_ok();
    if is_on { QuotaState::On } else { by_options(mount) }
}

fn by_options(mount: &Mount) -> QuotaState {
    let names = mount.of_file_system.iter().map(|option| option.split('=').next().unwrap_or_default());
    let mut values = mount.of_file_system.iter().filter(|option| option.ends_with('='));
    // ext4 shows `usrjquota=` without a file while the quota is off.
    let is_off = values.any(|option| option.starts_with("usrjquota") || option.starts_with("grpjquota"));
    match names.into_iter().any(|name| OPTIONS.contains(&name)) {
        true if !is_off => QuotaState::On,
        _ if SHOWN_BY_OPTIONS.contains(&mount.kind.as_str()) => QuotaState::Off,
        _ => QuotaState::Unknown,
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = protocol::printable(&self.at.to_string_lossy(), 200);
        match self.state {
            QuotaState::On => write!(f, "a quota is in place on {at}"),
            QuotaState::Off => write!(f, "no quota is in place on {at}: one friend can fill it"),
            QuotaState::Unknown => {
                write!(f, "whether {at} ({}) has a quota is not known; without one, one friend can fill it", self.kind)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    fn mount(kind: &str, options: &str) -> Mount {
        let list = |text: &str| text.split(',').map(str::to_owned).collect();
        Mount {
            at: "/".into(),
            options: list("rw"),
            kind: kind.into(),
            source: "x".into(),
            of_file_system: list(options),
        }
    }

    #[test]
    fn r82_quota_of_a_file_system_is_read_from_its_options() {
        for (kind, options, expected) in [
            ("ext4", "rw,quota,usrquota", QuotaState::On),
            ("ext4", "rw,usrjquota=aquota.user,jqfmt=vfsv1", QuotaState::On),
            ("ext4", "rw,usrjquota=", QuotaState::Off),
            ("ext4", "rw,errors=remount-ro", QuotaState::Off),
            ("xfs", "rw,attr2,inode64,noquota", QuotaState::Off),
            ("xfs", "rw,attr2,prjquota", QuotaState::On),
            ("btrfs", "rw,subvol=/srv", QuotaState::Unknown),
            ("zfs", "rw,xattr", QuotaState::Unknown),
        ] {
            assert_eq!(by_options(&mount(kind, options)), expected, "{kind} {options}");
        }
        let off = Quota { at: "/srv".into(), kind: "xfs".into(), state: QuotaState::Off };
        assert_eq!(off.to_string(), "no quota is in place on /srv: one friend can fill it");
    }

    #[test]
    fn free_space_of_a_directory_that_does_not_exist_is_that_of_the_one_above() {
        let space = space(Path::new("/no/such/directory")).unwrap();
        assert!(space.total > 0 && space.free <= space.total && space.percent() <= 100);
        assert_eq!(Space { free: 9, total: 100 }.percent(), 9);
        assert_eq!(Space { free: 0, total: 0 }.percent(), 0);
        assert!(quota(Path::new("/no/such/directory")).is_some());
    }
}
