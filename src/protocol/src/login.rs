//! Messages of a login. Only [`LoginRequest`] accepts unknown fields, since the account phase is frozen: see the crate's
//! documentation.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::Secret;

/// The PAM items of a login. Only the account's name is always there. Fields that another version has added are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// The protocol's version, [`crate::VERSION`].
    pub version: u32,
    /// The question.
    pub phase: Phase,
    /// `PAM_USER`: the local account.
    pub user: String,
    /// `PAM_SERVICE`: the program that asks, such as `sshd`.
    pub service: Option<String>,
    /// `PAM_TTY`.
    pub tty: Option<String>,
    /// `PAM_RHOST`: where the login comes from.
    pub rhost: Option<String>,
    /// `PAM_RUSER`: who asks, in sudo and su.
    pub ruser: Option<String>,
    /// Whether the stack wants a link code instead of a password: the module's argument `link`.
    #[serde(default)]
    pub link: bool,
    /// Whether only an account without a local password is to be asked about: the module's argument `plex_only`. Any other
    /// gets [`Verdict::LocalFirst`], before anything is asked.
    #[serde(default)]
    pub plex_only: bool,
    /// The screen that prompts are shown on, where the module can know it; none where another version describes it in
    /// another way.
    #[serde(default, deserialize_with = "readable")]
    pub screen: Option<Screen>,
}

/// A value, or nothing where it is not of this form.
fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(|value| serde_json::from_value(value).ok())
}

/// A terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    /// How many columns it has.
    pub columns: u16,
    /// How many lines it has.
    pub lines: u16,
    /// Whether its locale is UTF-8.
    pub utf8: bool,
}

/// The question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Is this person who they say they are? (`pam_sm_authenticate`)
    Authenticate,
    /// May this account be used today, however it was authenticated? (`pam_sm_acct_mgmt`)
    Account,
    /// May its local password be changed? (`pam_sm_chauthtok`) Never that of a managed account.
    Password,
}

/// Reply to a prompt.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PromptReply {
    /// The typed text, at most [`crate::MAX_PASSWORD`] bytes. It may be empty.
    Text(Secret),
    /// Something was typed that no Plex password or code can be; it was not passed on.
    #[serde(rename = "unusable")]
    Invalid(InvalidInput),
    /// The prompt could not be shown, or was cancelled.
    Failed,
}

/// Typed text that was not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvalidInput {
    /// It is not UTF-8.
    NotUtf8,
    /// It is longer than [`crate::MAX_PASSWORD`] bytes.
    TooLong,
}

/// A prompt to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// The prompt's text, printable and as it is to be shown.
    pub text: String,
    /// Whether what is typed may be seen.
    pub echo: bool,
    /// Whether this asks for the account's password, so that one which an earlier module of the stack
    /// already asked for may answer it, and one which is typed now may serve the modules that follow.
    pub password: bool,
}

/// Result of a login. The module turns it into a PAM return code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Accepted.
    Success,
    /// A wrong password or code.
    WrongSecret,
    /// A managed account without access: its user is no friend, or the server is not shared with them.
    NotAllowed,
    /// Not a managed account.
    NotManaged,
    /// A managed account that has a local password, or may have one: that is to be tried first.
    LocalFirst,
    /// Too many failures; this password was not checked.
    Throttled,
    /// No result, because of plex.tv, the daemon or its configuration.
    Unavailable,
    /// A prompt could not be shown.
    ConversationFailed,
}

impl Verdict {
    /// Every verdict, for tables and tests that must not forget one.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::WrongSecret,
        Self::NotAllowed,
        Self::NotManaged,
        Self::LocalFirst,
        Self::Throttled,
        Self::Unavailable,
        Self::ConversationFailed,
    ];
}
