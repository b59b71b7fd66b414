//! The daemon's verdict as a PAM code.

use std::time::Duration;

use pam::constants::PamResultCode;
use protocol::{Phase, Verdict};

/// How long a wrong password takes at least, as with `pam_unix`.
pub(crate) const FAIL_DELAY: Duration = Duration::from_secs(2);

/// The code that a verdict is in a phase. A managed account is never ignored: only [`Verdict::NotManaged`] is
/// `PAM_IGNORE`, and not where a password is asked for. See [`left_to_others`] for the one place where it may be.
///
/// The account phase knows three verdicts, whatever the daemon's version: allowed, denied and not managed. Everything
/// else that was answered is a refusal there (R65): `PAM_AUTHINFO_UNAVAIL` would leave the account to the local group,
/// which is right only when nobody answered.
pub(crate) fn code(verdict: Verdict, phase: Phase) -> PamResultCode {
    match (verdict, phase) {
        (Verdict::Success, Phase::Authenticate | Phase::Account) => PamResultCode::PAM_SUCCESS,
        (Verdict::NotManaged, Phase::Authenticate) => PamResultCode::PAM_USER_UNKNOWN,
        (Verdict::NotManaged, Phase::Account | Phase::Password) => PamResultCode::PAM_IGNORE,
        // Nothing in the password phase lets a managed account's local password be changed.
        (Verdict::NotAllowed, Phase::Authenticate)
        | (_, Phase::Account)
        | (
            Verdict::Success
            | Verdict::WrongSecret
            | Verdict::NotAllowed
            | Verdict::LocalFirst
            | Verdict::Throttled
            | Verdict::ConversationFailed,
            Phase::Password,
        ) => PamResultCode::PAM_PERM_DENIED,
        (Verdict::Unavailable, _) | (Verdict::LocalFirst, Phase::Authenticate) => PamResultCode::PAM_AUTHINFO_UNAVAIL,
        (Verdict::WrongSecret, Phase::Authenticate) => PamResultCode::PAM_AUTH_ERR,
        (Verdict::Throttled, Phase::Authenticate) => PamResultCode::PAM_MAXTRIES,
        (Verdict::ConversationFailed, Phase::Authenticate) => PamResultCode::PAM_CONV_ERR,
    }
}

/// The code when the daemon has said something that this module does not understand, as one of another version may.
pub(crate) fn not_understood(phase: Phase) -> PamResultCode {
    code(Verdict::Unavailable, phase)
}

/// The code of a login with `plex_only` at which nothing has been asked: `pam_unix` follows, and an ordinary line of this
/// module's behind it. So whatever is not ours, or not to be told, is left to them; anything that is certain is not.
pub(crate) fn left_to_others(code: PamResultCode) -> PamResultCode {
    match code {
        PamResultCode::PAM_USER_UNKNOWN | PamResultCode::PAM_AUTHINFO_UNAVAIL => PamResultCode::PAM_IGNORE,
        certain => certain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The design's table, written a second time and as numbers, so that a change of either shows.
    #[test]
    fn r36_every_verdict_has_the_code_of_the_table_and_only_success_is_success() {
        let table = [
            (Verdict::Success, 0, 0, 0, 6),
            (Verdict::WrongSecret, 7, 7, 6, 6),
            (Verdict::NotAllowed, 6, 6, 6, 6),
            (Verdict::NotManaged, 10, 25, 25, 25),
            (Verdict::LocalFirst, 9, 25, 6, 6),
            (Verdict::Throttled, 11, 11, 6, 6),
            (Verdict::Unavailable, 9, 25, 6, 9),
            (Verdict::ConversationFailed, 19, 19, 6, 6),
        ];
        assert_eq!(table.map(|(verdict, ..)| verdict), Verdict::ALL);
        for (verdict, authenticate, plex_only, account, password) in table {
            assert_eq!(code(verdict, Phase::Authenticate) as i32, authenticate, "{verdict:?}");
            let nothing_asked = left_to_others(code(verdict, Phase::Authenticate));
            assert_eq!(nothing_asked as i32, plex_only, "{verdict:?} with plex_only");
            assert_eq!(code(verdict, Phase::Account) as i32, account, "{verdict:?}");
            assert_eq!(code(verdict, Phase::Password) as i32, password, "{verdict:?}");
        }
    }
}
