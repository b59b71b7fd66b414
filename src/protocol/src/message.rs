//! The kinds of message on a connection to the daemon. Both ends are built together and are strict about each other's
//! messages; [`crate::VERSION`] tells them apart.

use serde::{Deserialize, Serialize};

use crate::{AdminRequest, AdminResponse, LoginRequest, Prompt, PromptReply, Verdict};

/// A message of the module or the command.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Always the first message, and only the first.
    #[serde(rename = "hello")]
    Login(LoginRequest),
    /// The reply to a [`Prompt`](crate::Prompt).
    #[serde(rename = "answer")]
    PromptReply(PromptReply),
    /// A request of the `plex-auth` command, in place of [`Self::Login`].
    #[serde(rename = "manage")]
    Admin(AdminRequest),
}

/// A message of the daemon in a login.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reply {
    /// Asks for this prompt to be shown, and for a [`PromptReply`].
    #[serde(rename = "ask")]
    Prompt(Prompt),
    /// No verdict yet; the daemon is at work.
    Working,
    /// A message to the user, before the verdict: printable, and as it is to be shown.
    Notice(String),
    /// The end of the conversation.
    Verdict(Verdict),
}

/// A message of the daemon to the `plex-auth` command. It is a type of its own, so that the module, which is loaded into every
/// program that logs a user in, has no code for what only the command reads.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum AdminReply {
    /// The response to a [`Request::Admin`].
    Response {
        /// The response.
        managed: AdminResponse,
    },
    /// A message of the login that [`AdminRequest::Explain`] starts, or of one that the command itself asks for.
    Login(Reply),
}
