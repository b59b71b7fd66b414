//! Return codes of modules.

use std::fmt;

/// Return code of a module, or of a whole stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(usize);

/// Every code by its number, as controls name them.
const NAMES: [&str; 32] = [
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
];

/// Number of return codes.
pub const COUNT: usize = NAMES.len();

#[allow(missing_docs, reason = "the names of security/_pam_types.h")]
impl Code {
    pub const SUCCESS: Self = Self(0);
    pub const SERVICE_ERR: Self = Self(3);
    pub const PERM_DENIED: Self = Self(6);
    pub const AUTH_ERR: Self = Self(7);
    pub const AUTHINFO_UNAVAIL: Self = Self(9);
    pub const USER_UNKNOWN: Self = Self(10);
    pub const MAXTRIES: Self = Self(11);
    pub const NEW_AUTHTOK_REQD: Self = Self(12);
    pub const ACCT_EXPIRED: Self = Self(13);
    pub const CONV_ERR: Self = Self(19);
    pub const IGNORE: Self = Self(25);
    pub const MODULE_UNKNOWN: Self = Self(28);

    /// Reads a code as controls write it, such as `auth_err`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().position(|known| *known == name).map(Self)
    }

    /// The code with this number.
    #[must_use]
    pub fn from_number(number: usize) -> Option<Self> {
        Some(Self(number)).filter(|_| number < COUNT)
    }

    /// Its number in `security/_pam_types.h`.
    #[must_use]
    pub fn number(self) -> usize {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.get(self.0).unwrap_or(&"unknown"))
    }
}
