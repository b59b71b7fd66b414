//! Changes of Samba's password file, seen from its metadata.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use protocol::smb::Fingerprint;

/// The file's state. `None` without such a file: Samba may keep its passwords elsewhere, and then no password is known to be in
/// sync.
pub(crate) fn fingerprint(file: &Path) -> Option<Fingerprint> {
    let about = fs::metadata(file).ok()?;
    Some(Fingerprint {
        inode: about.ino(),
        size: about.size(),
        seconds: about.mtime(),
        nanoseconds: about.mtime_nsec(),
    })
}
