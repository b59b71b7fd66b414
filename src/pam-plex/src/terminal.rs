//! The terminal that shows the prompts: the program's own, as with sudo, su and login, but not with sshd; and the one that
//! `PAM_TTY` names.

use std::ffi::CStr;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path};

use protocol::Screen;

use crate::ffi;

/// Major number of the devices that are memory, such as /dev/null.
const MEMORY: u32 = 1;

/// True if a `PAM_TTY` names a terminal: a character device below /dev, with or without that prefix. Programs without one set
/// nothing, a word such as `ssh`, `ftp` and `cron`, or a display such as `:0`. Nothing is opened, and no symbolic link is followed.
pub(crate) fn is_named_by(tty: &CStr) -> bool {
    let Ok(name) = tty.to_str() else { return false };
    let name = Path::new(name.strip_prefix("/dev/").unwrap_or(name));
    let is_below = name.components().all(|part| matches!(part, Component::Normal(_)));
    is_below
        && fs::symlink_metadata(Path::new("/dev").join(name))
            .is_ok_and(|file| file.file_type().is_char_device() && libc::major(file.rdev()) != MEMORY)
}

/// The terminal behind one of the standard descriptors.
pub(crate) fn find() -> Option<Screen> {
    let (columns, lines) = (0..=2).find_map(ffi::window)?;
    Some(Screen { columns, lines, utf8: ffi::is_utf8() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pam_tty_names_a_terminal_only_as_a_character_device_below_dev() {
        for name in [c"/dev/tty", c"tty"] {
            assert!(is_named_by(name), "{name:?}");
        }
        let others = [
            c"",
            c"/",
            c"/dev",
            c"/dev/",
            c"ssh",
            c"ftp",
            c"cron",
            c":0",
            c"null",
            c"/dev/null",
            c"/dev/zero",
            c"/dev/shm",
            c"../dev/tty",
            c"/dev/../dev/tty",
            c"/tmp/tty",
            c"//dev/tty",
            c"/dev//dev/tty",
            c"pts/999999",
            c"stdin",
            c"\xff",
        ];
        for name in others {
            assert!(!is_named_by(name), "{name:?}");
        }
    }
}
