//! The return codes that every shipped stack must have: those of `pam.d`, those that Debian's pam-auth-update makes of the
//! package's profile, and those of the authselect profile. The unit tests evaluate the first ones; end-to-end tests ask
//! the real libpam about all of them.

use crate::return_code::Code;

/// An account, by the passwords that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// A local account, not managed by plex-auth.
    Local,
    /// The superuser, never managed.
    Root,
    /// A managed account of a friend, without a local password.
    Friend,
    /// A managed account of a friend, with a local password.
    FriendWithLocalPassword,
    /// A managed account whose Plex user has no access, without a local password.
    Denied,
    /// A managed account whose Plex user has no access, with a local password.
    DeniedWithLocalPassword,
    /// No account.
    Unknown,
}

/// The password that is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// The account's local password.
    Local,
    /// The password of its Plex user; root and unknown accounts are tried with that of a friend.
    Plex,
    /// Another one.
    Wrong,
}

/// Parts of plex-auth that work on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Situation {
    /// Everything.
    Normal,
    /// All but plex-authd.
    DaemonDown,
    /// All but the module, whose file is missing.
    ModuleMissing,
}

/// The return codes for one login.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The account that is used.
    pub account: Account,
    /// The password that is typed.
    pub typed: Typed,
    /// Code of authentication.
    pub auth: Code,
    /// Code of the account phase.
    pub allowed: Code,
}

impl Row {
    /// The row for stacks made by pam-auth-update. Their account phase ends with `pam_deny` for an unknown account, and so
    /// with its code.
    #[must_use]
    pub fn with_pam_auth_update(self) -> Self {
        if self.account == Account::Unknown { Self { allowed: Code::AUTH_ERR, ..self } } else { self }
    }
}

/// The table for a situation.
#[must_use]
pub fn rows(situation: Situation) -> Vec<Row> {
    use Account::{Denied, DeniedWithLocalPassword, Friend, FriendWithLocalPassword, Local, Root, Unknown};
    const SUCCESS: Code = Code::SUCCESS;
    const AUTH_ERR: Code = Code::AUTH_ERR;
    const PERM_DENIED: Code = Code::PERM_DENIED;
    const UNAVAILABLE: Code = Code::AUTHINFO_UNAVAIL;
    const MISSING: Code = Code::MODULE_UNKNOWN;
    const USER_UNKNOWN: Code = Code::USER_UNKNOWN;
    let rows: &[(Account, Typed, Code, Code)] = match situation {
        Situation::Normal => &[
            (Local, Typed::Local, SUCCESS, SUCCESS),
            (Local, Typed::Wrong, AUTH_ERR, SUCCESS),
            (Root, Typed::Local, SUCCESS, SUCCESS),
            (Root, Typed::Plex, AUTH_ERR, SUCCESS),
            (Friend, Typed::Plex, SUCCESS, SUCCESS),
            (Friend, Typed::Wrong, AUTH_ERR, SUCCESS),
            (FriendWithLocalPassword, Typed::Plex, SUCCESS, SUCCESS),
            (FriendWithLocalPassword, Typed::Local, SUCCESS, SUCCESS),
            (FriendWithLocalPassword, Typed::Wrong, AUTH_ERR, SUCCESS),
            (Denied, Typed::Plex, AUTH_ERR, PERM_DENIED),
            (DeniedWithLocalPassword, Typed::Local, SUCCESS, PERM_DENIED),
            (Unknown, Typed::Plex, AUTH_ERR, USER_UNKNOWN),
        ],
        // Local accounts are as before, managed ones have no access: no code says that a password was wrong, for it could
        // be counted against the user.
        Situation::DaemonDown => &[
            (Local, Typed::Local, SUCCESS, SUCCESS),
            (Local, Typed::Wrong, UNAVAILABLE, SUCCESS),
            (Root, Typed::Local, SUCCESS, SUCCESS),
            (Root, Typed::Wrong, AUTH_ERR, SUCCESS),
            (Friend, Typed::Plex, UNAVAILABLE, AUTH_ERR),
            (FriendWithLocalPassword, Typed::Plex, UNAVAILABLE, AUTH_ERR),
            (FriendWithLocalPassword, Typed::Local, SUCCESS, AUTH_ERR),
            (Denied, Typed::Plex, UNAVAILABLE, AUTH_ERR),
            (DeniedWithLocalPassword, Typed::Local, SUCCESS, AUTH_ERR),
            (Unknown, Typed::Wrong, UNAVAILABLE, USER_UNKNOWN),
        ],
        // root and local accounts are as before.
        Situation::ModuleMissing => &[
            (Local, Typed::Local, SUCCESS, SUCCESS),
            (Local, Typed::Wrong, MISSING, SUCCESS),
            (Root, Typed::Local, SUCCESS, SUCCESS),
            (Friend, Typed::Plex, MISSING, AUTH_ERR),
            (FriendWithLocalPassword, Typed::Plex, MISSING, AUTH_ERR),
            (Unknown, Typed::Wrong, MISSING, USER_UNKNOWN),
        ],
    };
    rows.iter().map(|&(account, typed, auth, allowed)| Row { account, typed, auth, allowed }).collect()
}
