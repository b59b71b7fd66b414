//! Messages of a login. Only [`LoginRequest`] accepts unknown fields, since the account phase is frozen: see the crate's
//! documentation.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::Secret;

/// The PAM items of a login. Only the account's name is always there. Fields that another version has added are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is an argument of the module, or a fact about its terminal")]
pub struct LoginRequest {
    /// The protocol's version, [`crate::VERSION`].
    pub version: u32,
    /// Phase of a PAM stack.
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
    /// The module's argument `link`: sign-in with a link code instead of a password.
    #[serde(default)]
    pub link: bool,
    /// The module's argument `plex_only`: an account that may have a local password gets [`Verdict::LocalFirst`] before any
    /// prompt.
    #[serde(default)]
    pub plex_only: bool,
    /// The module's argument `one_prompt`: after the prompt for the password there is no other, neither for a verification code nor
    /// with a link code.
    #[serde(default)]
    pub one_prompt: bool,
    /// `PAM_TTY` names a terminal. Only the module can tell: the daemon sees another /dev.
    #[serde(default)]
    pub terminal: bool,
    /// The screen that prompts are shown on, where the module can know it; none where another version describes it in
    /// another way.
    #[serde(default, deserialize_with = "readable")]
    pub screen: Option<Screen>,
}

/// A value, or nothing where it is not of this form.
fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(|value| serde_json::from_value(value).ok())
}

/// Size and encoding of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    /// Number of columns.
    pub columns: u16,
    /// Number of lines.
    pub lines: u16,
    /// Its locale is UTF-8.
    pub utf8: bool,
}

/// Phase of a PAM stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Authentication of the user (`pam_sm_authenticate`).
    Authenticate,
    /// Use of the account today, however the user was authenticated (`pam_sm_acct_mgmt`).
    Account,
    /// Change of the local password (`pam_sm_chauthtok`), which is refused for managed accounts.
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
    /// The typed text is shown.
    pub echo: bool,
    /// The prompt is for the account's password: one that an earlier module of the stack has read may answer it, and
    /// the typed one is kept for later modules.
    pub password: bool,
}

/// Result of a login. The module turns it into a PAM return code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Accepted.
    Success,
    /// A wrong password or code, or a code that was not given.
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
    /// The first prompt could not be shown, or was cancelled.
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
