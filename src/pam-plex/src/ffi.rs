//! Calls that pam-bindings lacks: libpam's `pam_set_item` and `pam_fail_delay`, and the C library's window size and character
//! set. The only file of the project with `unsafe` in it.
#![allow(unsafe_code, reason = "libpam is a C library")]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::time::Duration;

use pam::module::PamHandle;
use zeroize::Zeroize;

/// `PAM_AUTHTOK` and `PAM_USER_PROMPT` of `security/_pam_types.h`.
const PAM_AUTHTOK: c_int = 6;
const PAM_USER_PROMPT: c_int = 9;

unsafe extern "C" {
    fn pam_set_item(pamh: *mut PamHandle, item_type: c_int, item: *const c_void) -> c_int;
    fn pam_fail_delay(pamh: *mut PamHandle, usec: c_uint) -> c_int;
}

/// Passes a password on to the modules that follow in the stack. Best effort: they can prompt themselves.
pub(crate) fn set_authtok(pamh: &mut PamHandle, password: &[u8]) {
    let Ok(password) = CString::new(password) else { return };
    set_text(pamh, PAM_AUTHTOK, &password);
    password.into_bytes_with_nul().zeroize();
}

/// Sets the prompt for the user's name. Best effort.
pub(crate) fn set_user_prompt(pamh: &mut PamHandle, prompt: &CStr) {
    set_text(pamh, PAM_USER_PROMPT, prompt);
}

/// Sets an item that is a string.
fn set_text(pamh: &mut PamHandle, item_type: c_int, text: &CStr) {
    let item: *const c_char = text.as_ptr();
    // SAFETY: `pamh` is the live handle that libpam passed to the hook that is running, borrowed exclusively; `item` is
    // a NUL-terminated string that outlives the call, and libpam makes its own copy.
    let _ = unsafe { pam_set_item(pamh, item_type, item.cast()) };
}

/// Delays a failure by about this time. libpam uses the longest delay that any module sets.
pub(crate) fn fail_delay(pamh: &mut PamHandle, pause: Duration) {
    let microseconds = c_uint::try_from(pause.as_micros()).unwrap_or(c_uint::MAX);
    // SAFETY: `pamh` is the live handle that libpam passed to the hook that is running, borrowed exclusively; the call
    // only stores the number, and its failure would change nothing here.
    let _ = unsafe { pam_fail_delay(pamh, microseconds) };
}

/// The columns and lines of the terminal behind a descriptor, if it is one. The descriptor is the program's, so nothing is
/// written to it or read from it.
pub(crate) fn window(fd: c_int) -> Option<(u16, u16)> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ expects a pointer to a `winsize`, which `size` is for the whole call. On a descriptor that is closed
    // or no terminal the call fails and changes nothing.
    let outcome = unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &raw mut size) };
    (outcome == 0 && size.ws_col > 0).then_some((size.ws_col, size.ws_row))
}

/// The program's character set is UTF-8. The program chose its locale itself with `setlocale`; no environment is read here.
pub(crate) fn is_utf8() -> bool {
    // SAFETY: `nl_langinfo` accepts any item and returns a pointer to a string of the C library's, never null, that no later
    // call of this module changes; it is compared at once.
    let codeset = unsafe { CStr::from_ptr(libc::nl_langinfo(libc::CODESET)) };
    codeset.to_bytes().eq_ignore_ascii_case(b"UTF-8")
}
