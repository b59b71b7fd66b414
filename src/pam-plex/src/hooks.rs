//! The six entry points that libpam calls.

use std::ffi::CStr;

use pam::constants::{PamFlag, PamResultCode};
use pam::module::{PamHandle, PamHooks};
use protocol::Phase;

use crate::args::is_plex_only;
use crate::module;

struct PamPlex;
pam::pam_hooks!(PamPlex);

impl PamHooks for PamPlex {
    fn sm_authenticate(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        module::ask(pamh, &args, Phase::Authenticate, flags)
    }

    fn acct_mgmt(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        module::ask(pamh, &args, Phase::Account, flags)
    }

    /// sshd drops a keyboard-interactive login whose only real module answers anything but success here. With `plex_only` other
    /// modules follow, and the jump of a success must not pass over what they do.
    fn sm_setcred(pamh: &mut PamHandle, args: Vec<&CStr>, _flags: PamFlag) -> PamResultCode {
        let code = if is_plex_only(&args) { PamResultCode::PAM_IGNORE } else { PamResultCode::PAM_SUCCESS };
        module::constant(pamh, "setcred", code)
    }

    fn sm_open_session(pamh: &mut PamHandle, _args: Vec<&CStr>, _flags: PamFlag) -> PamResultCode {
        module::constant(pamh, "session", PamResultCode::PAM_IGNORE)
    }

    fn sm_close_session(pamh: &mut PamHandle, _args: Vec<&CStr>, _flags: PamFlag) -> PamResultCode {
        module::constant(pamh, "session", PamResultCode::PAM_IGNORE)
    }

    /// Asked twice by libpam, before anything is written and when it is to be: a refusal of the first ends it.
    fn sm_chauthtok(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        module::ask(pamh, &args, Phase::Password, flags)
    }
}
