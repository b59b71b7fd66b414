//! Management groups of PAM.

/// A management group of PAM: the part of a stack that is evaluated for one call of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Passwords, and setting credentials.
    Auth,
    /// Is the account allowed to be used now?
    Account,
    /// Opening and closing a session.
    Session,
    /// Changing a password.
    Password,
}

impl Kind {
    /// Reads the first word of a line, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "auth" => Some(Self::Auth),
            "account" => Some(Self::Account),
            "session" => Some(Self::Session),
            "password" => Some(Self::Password),
            _ => None,
        }
    }
}
