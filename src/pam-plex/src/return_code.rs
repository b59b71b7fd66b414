//! The PAM return code for the daemon's verdict.

use std::time::Duration;

use pam::constants::PamResultCode;
use protocol::{Phase, Verdict};

/// Minimum time of a failed authentication, as with `pam_unix`.
pub(crate) const FAIL_DELAY: Duration = Duration::from_secs(2);

/// The code for a verdict in a phase. A managed account is never ignored: only [`Verdict::NotManaged`] is `PAM_IGNORE`, and only
/// outside authentication. [`left_to_others`] has the one exception.
///
/// In authentication, a refusal has one code whatever its reason: many programs show it, and `PAM_PERM_DENIED` would tell
/// strangers which accounts were a friend's. `PAM_MAXTRIES` would make sshd drop its password methods, so a back-off has the code
/// of an outage.
///
/// The account phase has three verdicts, with a daemon of any version: allowed, denied and not managed. Any other answer is a
/// refusal there (R65): `PAM_AUTHINFO_UNAVAIL` would leave the account to the local group, which is right only without an answer.
pub(crate) fn code(verdict: Verdict, phase: Phase) -> PamResultCode {
    match (verdict, phase) {
        (Verdict::Success, Phase::Authenticate | Phase::Account) => PamResultCode::PAM_SUCCESS,
        (Verdict::NotManaged, Phase::Authenticate) => PamResultCode::PAM_USER_UNKNOWN,
        (Verdict::NotManaged, Phase::Account | Phase::Password) => PamResultCode::PAM_IGNORE,
        (Verdict::WrongSecret | Verdict::NotAllowed, Phase::Authenticate) => PamResultCode::PAM_AUTH_ERR,
        (Verdict::ConversationFailed, Phase::Authenticate) => PamResultCode::PAM_CONV_ERR,
        (Verdict::Throttled | Verdict::LocalFirst, Phase::Authenticate)
        | (Verdict::Unavailable, Phase::Authenticate | Phase::Password) => PamResultCode::PAM_AUTHINFO_UNAVAIL,
        // Nothing in the password phase lets a managed account's local password be changed.
        (_, Phase::Account)
        | (
            Verdict::Success
            | Verdict::WrongSecret
            | Verdict::NotAllowed
            | Verdict::LocalFirst
            | Verdict::Throttled
            | Verdict::ConversationFailed,
            Phase::Password,
        ) => PamResultCode::PAM_PERM_DENIED,
    }
}

/// The code of an authentication that is delayed: every refusal. A login that is left to other modules is none, and after a
/// prompt that failed, nothing was typed that could have been wrong.
pub(crate) fn is_delayed(code: &PamResultCode) -> bool {
    !matches!(code, PamResultCode::PAM_SUCCESS | PamResultCode::PAM_IGNORE | PamResultCode::PAM_CONV_ERR)
}

/// The code for an answer that this module does not understand, such as one from a daemon of another version.
pub(crate) fn not_understood(phase: Phase) -> PamResultCode {
    code(Verdict::Unavailable, phase)
}

/// The code for a login with `plex_only` before any prompt: `pam_unix` follows, and an ordinary line of this module after it.
/// They decide about unknown users and an unavailable daemon; a certain answer stands.
pub(crate) fn left_to_others(code: PamResultCode) -> PamResultCode {
    match code {
        PamResultCode::PAM_USER_UNKNOWN | PamResultCode::PAM_AUTHINFO_UNAVAIL => PamResultCode::PAM_IGNORE,
        certain => certain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the design, repeated as numbers, so that a change of either is noticed.
    #[test]
    fn r36_every_verdict_has_the_code_of_the_table_and_only_success_is_success() {
        let table = [
            (Verdict::Success, 0, 0, 0, 6),
            (Verdict::WrongSecret, 7, 7, 6, 6),
            (Verdict::NotAllowed, 7, 7, 6, 6),
            (Verdict::NotManaged, 10, 25, 25, 25),
            (Verdict::LocalFirst, 9, 25, 6, 6),
            (Verdict::Throttled, 9, 25, 6, 6),
            (Verdict::Unavailable, 9, 25, 6, 9),
            (Verdict::ConversationFailed, 19, 19, 6, 6),
        ];
        assert_eq!(table.map(|(verdict, ..)| verdict), Verdict::ALL);
        for (verdict, authenticate, plex_only, account, password) in table {
            let nothing_asked = left_to_others(code(verdict, Phase::Authenticate));
            // R40: every refusal is delayed, and nothing else is.
            for (code, number) in [(code(verdict, Phase::Authenticate), authenticate), (nothing_asked, plex_only)] {
                assert_eq!(is_delayed(&code), [7, 9, 10].contains(&number), "{verdict:?}");
                assert_eq!(code as i32, number, "{verdict:?}");
            }
            assert_eq!(code(verdict, Phase::Account) as i32, account, "{verdict:?}");
            assert_eq!(code(verdict, Phase::Password) as i32, password, "{verdict:?}");
        }
    }
}
