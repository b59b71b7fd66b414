//! What libpam offers and pam-bindings does not: handing a password on, and asking for a pause after a failure. The only
//! file of the project with `unsafe` in it.
#![allow(unsafe_code, reason = "libpam is a C library")]

use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::time::Duration;

use pam::module::PamHandle;
use zeroize::Zeroize;

/// `PAM_AUTHTOK` of `security/_pam_types.h`.
const PAM_AUTHTOK: c_int = 6;

unsafe extern "C" {
    fn pam_set_item(pamh: *mut PamHandle, item_type: c_int, item: *const c_void) -> c_int;
    fn pam_fail_delay(pamh: *mut PamHandle, usec: c_uint) -> c_int;
}

/// Leaves a password for the modules that follow in the stack. Best effort: they can ask for themselves.
pub(crate) fn set_authtok(pamh: &mut PamHandle, password: &str) {
    let Ok(password) = CString::new(password) else { return };
    let item: *const c_char = password.as_ptr();
    // SAFETY: `pamh` is the live handle that libpam passed to the hook that is running, borrowed exclusively; `item` is
    // a NUL-terminated string that outlives the call, and libpam keeps a copy of its own.
    let _ = unsafe { pam_set_item(pamh, PAM_AUTHTOK, item.cast()) };
    password.into_bytes_with_nul().zeroize();
}

/// Asks libpam to let a failure take at least about this long. The longest pause that any module asked for counts.
pub(crate) fn fail_delay(pamh: &mut PamHandle, pause: Duration) {
    let microseconds = c_uint::try_from(pause.as_micros()).unwrap_or(c_uint::MAX);
    // SAFETY: `pamh` is the live handle that libpam passed to the hook that is running, borrowed exclusively; the call
    // only notes the number. It can fail in no way that would matter here.
    let _ = unsafe { pam_fail_delay(pamh, microseconds) };
}
