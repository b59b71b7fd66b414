//! The screen that prompts are shown on, where the program itself has it: sudo, su and login do, sshd does not.

use protocol::Screen;

use crate::ffi;

/// The terminal behind one of the standard descriptors.
pub(crate) fn find() -> Option<Screen> {
    let (columns, lines) = (0..=2).find_map(ffi::window)?;
    Some(Screen { columns, lines, utf8: ffi::is_utf8() })
}
