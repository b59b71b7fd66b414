//! Purpose of new accounts.

/// Purpose of the accounts that plex-auth creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewAccounts {
    /// File transfer by SFTP, and nothing else.
    Files,
    /// A login shell.
    Shell,
}

impl NewAccounts {
    /// Every purpose, and the value of `purpose` that means it.
    pub const ALL: [(Self, &str); 2] = [(Self::Files, "files"), (Self::Shell, "shell")];

    /// The value of `purpose`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Shell => "shell",
        }
    }
}
