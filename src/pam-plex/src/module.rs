//! The six entry points that libpam calls: arguments, the account's name, and the handling of panics.

use std::cell::Cell;
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::atomic::{AtomicBool, Ordering};

use pam::constants::{PAM_SILENT, PamFlag, PamResultCode};
use pam::module::{PamHandle, PamHooks};
use protocol::Phase;

use crate::args::{Args, is_nodelay, is_plex_only};
use crate::items::Items;
use crate::log::Log;
use crate::{client, ffi, prompt, return_code};

/// The superuser's login must not depend on a daemon, so the daemon is not contacted about this name. It decides about other
/// spellings, and about other accounts of the superuser.
const SUPERUSER: &str = "root";

/// Message at an attempt to change the local password of a managed account.
const CHANGED_AT_PLEX: &str =
    "The password of this account is the one of Plex. Change it at https://app.plex.tv, in the account settings.";

struct PamPlex;
pam::pam_hooks!(PamPlex);

impl PamHooks for PamPlex {
    fn sm_authenticate(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        ask(pamh, &args, Phase::Authenticate, flags)
    }

    fn acct_mgmt(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        ask(pamh, &args, Phase::Account, flags)
    }

    /// Success, because sshd rejects a keyboard-interactive login whose only other module returns anything else here. With
    /// `plex_only` other modules follow, and a success could jump over them.
    fn sm_setcred(pamh: &mut PamHandle, args: Vec<&CStr>, _flags: PamFlag) -> PamResultCode {
        let code = if is_plex_only(&args) { PamResultCode::PAM_IGNORE } else { PamResultCode::PAM_SUCCESS };
        constant(pamh, "setcred", code)
    }

    fn sm_open_session(pamh: &mut PamHandle, _args: Vec<&CStr>, _flags: PamFlag) -> PamResultCode {
        constant(pamh, "session", PamResultCode::PAM_IGNORE)
    }

    fn sm_close_session(pamh: &mut PamHandle, _args: Vec<&CStr>, _flags: PamFlag) -> PamResultCode {
        constant(pamh, "session", PamResultCode::PAM_IGNORE)
    }

    /// libpam calls this twice, before anything is written and for the change; a refusal of the first ends it.
    fn sm_chauthtok(pamh: &mut PamHandle, args: Vec<&CStr>, flags: PamFlag) -> PamResultCode {
        ask(pamh, &args, Phase::Password, flags)
    }
}

/// Sends the phase's request about `PAM_USER` to the daemon.
fn ask(pamh: &mut PamHandle, args: &[&CStr], phase: Phase, flags: PamFlag) -> PamResultCode {
    let name = match phase {
        Phase::Authenticate => "auth",
        Phase::Account => "account",
        Phase::Password => "chauthtok",
    };
    let prompted = Cell::new(false);
    let code = guard(pamh, name, PamResultCode::PAM_AUTHINFO_UNAVAIL, |pamh| {
        let log = Log::new(pamh, name, false);
        match Args::parse(args) {
            Ok(args) => {
                let is_silent = flags & PAM_SILENT != 0;
                let code = about_user(pamh, &args, phase, &log.with_debug(args.debug), &prompted, is_silent);
                if phase == Phase::Password && code == PamResultCode::PAM_PERM_DENIED && !is_silent {
                    prompt::show_error(pamh, CHANGED_AT_PLEX);
                }
                code
            }
            Err(why) => {
                log.error(&why.to_string());
                PamResultCode::PAM_SERVICE_ERR
            }
        }
    });
    if phase != Phase::Authenticate {
        return code;
    }
    let leaves = is_plex_only(args) && !prompted.get();
    let code = if leaves { return_code::left_to_others(code) } else { code };
    if return_code::is_delayed(&code) && !is_nodelay(args) {
        ffi::fail_delay(pamh, return_code::FAIL_DELAY);
    }
    code
}

/// The code of a hook without a request; `name` is the hook's name in the log.
fn constant(pamh: &mut PamHandle, name: &str, code: PamResultCode) -> PamResultCode {
    guard(pamh, name, PamResultCode::PAM_SYSTEM_ERR, |_| code)
}

fn about_user(
    pamh: &mut PamHandle,
    args: &Args,
    phase: Phase,
    log: &Log,
    prompted: &Cell<bool>,
    is_silent: bool,
) -> PamResultCode {
    // The daemon accepts no name that is too long or not UTF-8, and an account that may be managed is never ignored.
    let refused = match phase {
        Phase::Authenticate => PamResultCode::PAM_USER_UNKNOWN,
        Phase::Account | Phase::Password => PamResultCode::PAM_PERM_DENIED,
    };
    let user = match pamh.get_user(None) {
        Ok(user) if !user.is_empty() && user.len() <= protocol::MAX_NAME => user,
        Ok(_) => {
            log.notice("the account's name is empty or too long");
            return refused;
        }
        Err(PamResultCode::PAM_SYSTEM_ERR) => {
            log.notice("the account's name is not UTF-8");
            return refused;
        }
        Err(_) => return PamResultCode::PAM_CONV_ERR,
    };
    if user == SUPERUSER {
        log.debug("root never signs in with Plex");
        return match phase {
            Phase::Authenticate => PamResultCode::PAM_USER_UNKNOWN,
            Phase::Account | Phase::Password => PamResultCode::PAM_IGNORE,
        };
    }
    let request = Items::read(pamh, phase).into_request(user, phase, args);
    client::ask(pamh, args, &request, log, prompted, is_silent)
}

/// Runs a hook. A panic becomes a return code and a line in the log instead of ending the program.
fn guard(
    pamh: &mut PamHandle,
    name: &str,
    after_panic: PamResultCode,
    hook: impl FnOnce(&mut PamHandle) -> PamResultCode,
) -> PamResultCode {
    silence_panics();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(feature = "inject-panic")]
        inject_panic();
        hook(pamh)
    }));
    match outcome {
        Ok(code) => code,
        Err(payload) => {
            // Dropping the payload could panic again.
            std::mem::forget(payload);
            Log::new(pamh, name, false).error("internal error; please report it");
            after_panic
        }
    }
}

/// Replaces Rust's panic hook, which prints to the program's standard error and reads its environment. The hook belongs to this
/// library's copy of the runtime, not to the program.
///
/// Setting it acquires a lock. If a program of several threads forks while one of them holds it, a login in the child would
/// never end. So the lock is acquired in the first call only.
fn silence_panics() {
    static SILENT: AtomicBool = AtomicBool::new(false);
    if !SILENT.swap(true, Ordering::Relaxed) {
        set_hook(Box::new(|_| {}));
    }
}

#[cfg(feature = "inject-panic")]
#[allow(clippy::panic, reason = "the feature injects a panic")]
fn inject_panic() {
    panic!("injected");
}
