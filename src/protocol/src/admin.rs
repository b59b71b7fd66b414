//! What the superuser may ask the daemon beside logins: the `plex-auth` command's questions.

use serde::{Deserialize, Serialize};

use crate::LoginRequest;

/// A question of the superuser's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminRequest {
    /// How is it going? Answered with [`AdminResponse::Status`].
    Status,
    /// The latest verdicts, at most this many, the newest first. Answered with [`AdminResponse::Logins`], in as many parts as fit
    /// into frames, the last of them empty.
    Logins(u32),
    /// What is known of every account that ever signed in. Answered with [`AdminResponse::Accounts`], in parts as above.
    Accounts,
    /// Who stands on the list that sign-ins go by, the owner first. Answered with [`AdminResponse::People`], in parts as above.
    People,
    /// Forget what is known of a local account: who it belonged to, its password's hash, its wrong tries, its last login.
    /// Answered with [`AdminResponse::Forgotten`].
    Forget(String),
    /// A login as any other, but the reason is said before the verdict: [`AdminResponse::Because`].
    Explain(LoginRequest),
}

/// The daemon's answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminResponse {
    /// To [`AdminRequest::Status`].
    Status(Box<Status>),
    /// To [`AdminRequest::Logins`].
    Logins(Vec<Login>),
    /// To [`AdminRequest::Accounts`].
    Accounts(Vec<KnownAccount>),
    /// To [`AdminRequest::People`].
    People(Vec<ListedFriend>),
    /// To [`AdminRequest::Forget`]: whether there was anything to forget.
    Forgotten(bool),
    /// To [`AdminRequest::Explain`], before the verdict: the sentence that the log has.
    Because(String),
    /// It could not be done, and why.
    Failed(String),
    /// The asking process is not the superuser's.
    NotYours,
}

/// How the daemon is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// Seconds since it started.
    pub uptime: u64,
    /// The configuration file that it was started with.
    pub config: String,
    /// Seconds since it read that file.
    pub config_age: u64,
    /// The friend list, where there is a token to read one with.
    pub friends: Option<FriendListStatus>,
    /// Why plex.tv is being left alone, and for how many seconds more.
    pub closed: Option<(String, u64)>,
    /// Sign-ins of this machine that plex.tv rejected within the last hour.
    pub rejected: u32,
    /// How many it may reject.
    pub rejected_per_hour: u32,
    /// Accounts whose password is remembered as a hash.
    pub remembered: u32,
    /// Logins that are under way.
    pub under_way: u32,
    /// Verdicts since the start: accepted, denied, throttled, unavailable.
    pub verdicts: [u64; 4],
}

/// How the friend list is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FriendListStatus {
    /// How many people stand in it, the owner not counted; nothing while there is no list.
    pub people: Option<u32>,
    /// Its age in seconds.
    pub age: Option<u64>,
    /// Why the last try to read it failed, if it did.
    pub failing: Option<String>,
}

/// One verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// When, in seconds since 1970.
    pub at: i64,
    /// The local account.
    pub user: String,
    /// The Plex account, where it is known.
    pub plex_id: Option<u64>,
    /// `PAM_SERVICE`.
    pub service: Option<String>,
    /// `PAM_RHOST`.
    pub rhost: Option<String>,
    /// `auth` or `account`.
    pub phase: String,
    /// `accepted`, `denied`, `throttled` or `unavailable`, as in the log.
    pub outcome: String,
    /// The rest of the log's sentence.
    pub why: String,
}

/// What is known of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownAccount {
    /// The local account.
    pub user: String,
    /// The Plex account that it has belonged to since its first login.
    pub plex_id: Option<u64>,
    /// What the configuration called that Plex account then.
    pub reference: Option<String>,
    /// Its last accepted login, in seconds since 1970.
    pub last_login: Option<i64>,
}

/// Somebody on the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedFriend {
    /// Their Plex account.
    pub plex_id: u64,
    /// Its username.
    pub username: Option<String>,
    /// Its address.
    pub email: Option<String>,
    /// What ties them to the owner: `owner`, `shared`, `friend`, `home` or `pending`.
    pub tie: String,
}
