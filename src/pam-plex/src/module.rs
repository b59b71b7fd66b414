//! What every hook goes through: the arguments, the account's name, and the net under a panic.

use std::cell::Cell;
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::atomic::{AtomicBool, Ordering};

use pam::constants::{PAM_SILENT, PamFlag, PamResultCode};
use pam::module::PamHandle;
use protocol::Phase;

use crate::args::{Args, is_plex_only};
use crate::items::Items;
use crate::log::Log;
use crate::{prompt, return_code, session};

/// The superuser is never asked about: its login must not depend on a daemon.
const SUPERUSER: &str = "root";

/// What somebody reads who wants to change the local password of a managed account.
const CHANGED_AT_PLEX: &str =
    "The password of this account is the one of Plex. Change it at https://app.plex.tv, in the account settings.";

/// Asks the daemon the phase's question about `PAM_USER`.
pub(crate) fn ask(pamh: &mut PamHandle, args: &[&CStr], phase: Phase, flags: PamFlag) -> PamResultCode {
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
                let code = about_user(pamh, &args, phase, &log.with_debug(args.debug), &prompted);
                if phase == Phase::Password && code == PamResultCode::PAM_PERM_DENIED && flags & PAM_SILENT == 0 {
                    prompt::tell(pamh, CHANGED_AT_PLEX);
                }
                code
            }
            Err(why) => {
                log.error(&why);
                PamResultCode::PAM_SERVICE_ERR
            }
        }
    });
    let leaves = phase == Phase::Authenticate && is_plex_only(args) && !prompted.get();
    if leaves { return_code::left_to_others(code) } else { code }
}

/// Answers a hook that has nothing to ask; `name` is the hook's in the log.
pub(crate) fn constant(pamh: &mut PamHandle, name: &str, code: PamResultCode) -> PamResultCode {
    guard(pamh, name, PamResultCode::PAM_SYSTEM_ERR, |_| code)
}

fn about_user(pamh: &mut PamHandle, args: &Args, phase: Phase, log: &Log, prompted: &Cell<bool>) -> PamResultCode {
    // A name that is not UTF-8 or too long cannot be asked about, and an account that may be managed is never ignored.
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
    let hello = Items::read(pamh).hello(user, phase, args);
    session::run(pamh, args, &hello, log, prompted)
}

/// Runs a hook so that a panic ends in a PAM code and a line in the log, instead of ending the program that loaded us.
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
            // What was panicked with may panic again when it is dropped.
            std::mem::forget(payload);
            Log::new(pamh, name, false).error("internal error; please report it");
            after_panic
        }
    }
}

/// The hook that comes with Rust prints to the program's standard error and reads its environment. This one belongs to
/// this library's own copy of the runtime, not to the program.
///
/// Setting it takes a lock, which in a program of several threads may be held at the moment when one of them forks; a
/// login in the child would then wait for ever. So it is taken in the first call only, and by nobody twice.
fn silence_panics() {
    static SILENT: AtomicBool = AtomicBool::new(false);
    if !SILENT.swap(true, Ordering::Relaxed) {
        set_hook(Box::new(|_| {}));
    }
}

#[cfg(feature = "inject-panic")]
#[allow(clippy::panic, reason = "this is what the feature is for")]
fn inject_panic() {
    panic!("injected");
}
