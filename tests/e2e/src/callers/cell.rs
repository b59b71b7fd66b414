//! Columns of the table, and what is in a cell.

use std::fmt;

use serde::Deserialize;

/// A column of the table: what is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// A friend with access and the right password.
    Right,
    /// The same friend and a wrong password.
    Wrong,
    /// A friend without access and the right password.
    NoAccess,
    /// A friend, before and after the removal at Plex.
    Removed,
    /// A local account and its local password.
    Local,
    /// A friend with 2FA in one prompt: the password alone, then the password with the code behind it.
    OnePrompt,
    /// A friend with 2FA, in two prompts.
    TwoPrompts,
    /// plex-authd stopped: the friend, then the local account.
    Stopped,
    /// plex.tv accepts connections and never answers: the friend, then the local account.
    Silent,
}

impl Column {
    /// All columns, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Right,
        Self::Wrong,
        Self::NoAccess,
        Self::Removed,
        Self::Local,
        Self::OnePrompt,
        Self::TwoPrompts,
        Self::Stopped,
        Self::Silent,
    ];

    /// Title of the column.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::NoAccess => "no access",
            Self::Removed => "removed",
            Self::Local => "local",
            Self::OnePrompt => "2FA, one prompt",
            Self::TwoPrompts => "2FA, two prompts",
            Self::Stopped => "daemon stopped",
            Self::Silent => "plex.tv silent",
        }
    }
}

/// Result of one login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The user is logged in.
    In,
    /// The program says that the user is not.
    Out,
    /// The program did not do either; with what it printed.
    Broken(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Broken(_) => "broken",
        })
    }
}

/// Results of the logins of one cell. None where the program cannot try this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell(pub Vec<Verdict>);

impl Cell {
    /// What broken logins printed.
    pub fn broken(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|verdict| match verdict {
            Verdict::Broken(said) => Some(said.as_str()),
            Verdict::In | Verdict::Out => None,
        })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdicts: Vec<_> = self.0.iter().map(Verdict::to_string).collect();
        formatter.write_str(if verdicts.is_empty() { "–" } else { "" })?;
        formatter.write_str(&verdicts.join(", "))
    }
}
