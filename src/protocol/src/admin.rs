//! Requests of the `plex-auth` command to the daemon, for root only.

use serde::{Deserialize, Serialize};

use crate::{LoginRequest, Trace};

/// A request of the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminRequest {
    /// The daemon's status. Answered with [`AdminResponse::Status`].
    Status,
    /// The latest verdicts, at most this many, the newest first. Answered with [`AdminResponse::Logins`], in as many parts as fit
    /// into frames, the last of them empty.
    Logins(u32),
    /// All accounts that have signed in, that are bound to a Plex account, or that are bound to none. Answered with [`AdminResponse::Accounts`], in parts as above.
    Accounts,
    /// The friend list, the owner first. Answered with [`AdminResponse::ListStatus`] about this list, and then with
    /// [`AdminResponse::FriendList`], in parts as above.
    #[serde(rename = "people")]
    FriendList,
    /// Delete the state of a local account: its binding, its password's hash, what is held against it, its last login.
    /// Answered with [`AdminResponse::Forgotten`].
    Forget(String),
    /// Clear what is held against an address: back-offs and parts of the hourly budgets, of one account or of all. Answered with
    /// [`AdminResponse::Forgotten`].
    Pardon {
        /// The local account; `None` for all.
        user: Option<String>,
        /// The address.
        from: String,
    },
    /// Decide about a login, and send the steps and the reason before the verdict: [`AdminResponse::Trace`].
    Explain {
        /// The request that a login would send.
        login: LoginRequest,
        /// The address from which it would come. The trace shows what is held against the account there; without an address, what
        /// is held against it anywhere.
        from: Option<String>,
        /// The user whose process would call the module; root without one.
        caller: Option<u32>,
    },
    /// The present decision about each managed account. Answered with [`AdminResponse::Decisions`], in parts as above.
    Decisions,
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
    /// To [`AdminRequest::FriendList`], before the list: its source, and whether it is in doubt.
    ListStatus(FriendListStatus),
    /// To [`AdminRequest::FriendList`].
    #[serde(rename = "people")]
    FriendList(Vec<ListedFriend>),
    /// To [`AdminRequest::Forget`] and [`AdminRequest::Pardon`]: true if there was any state.
    Forgotten(bool),
    /// To [`AdminRequest::Decisions`].
    Decisions(Vec<AccountDecision>),
    /// To [`AdminRequest::Explain`], before the verdict. Steps are sent with the account phase only.
    Trace(Trace),
    /// It failed, with the reason.
    Failed(String),
    /// The asking process is not the superuser's.
    NotYours,
}

/// Status of the daemon.
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
    /// Open circuit breaker: the reason, and the seconds that are left.
    pub closed: Option<(String, u64)>,
    /// Open circuit breaker that stops link codes, as above.
    #[serde(default)]
    pub link_closed: Option<(String, u64)>,
    /// Sign-ins of this machine that plex.tv rejected within the last hour.
    pub rejected: u32,
    /// Limit of [`Self::rejected`]; of several hosts behind one address, this one's part.
    pub rejected_per_hour: u32,
    /// Requests to plex.tv within the last hour.
    #[serde(default)]
    pub sent: SentCounts,
    /// Number of accounts with a cached password.
    pub remembered: u32,
    /// Number of logins in progress.
    pub under_way: u32,
    /// Verdicts since the start: accepted, denied, throttled, unavailable.
    pub verdicts: [u64; 4],
}

/// Number of requests to plex.tv within the last hour, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentCounts {
    /// Sign-ins that plex.tv accepted.
    pub accepted: u32,
    /// Sign-ins that plex.tv rejected.
    pub rejected: u32,
    /// Sign-ins that plex.tv wanted a verification code for.
    pub code_required: u32,
    /// Sign-ins without a verdict: no answer, an error, or one that refuses all requests of this machine.
    pub undecided: u32,
    /// Requests for a link code.
    pub link_codes: u32,
    /// Polls for the approval of link codes.
    pub polls: u32,
    /// Sign-outs: tokens that were revoked.
    pub revocations: u32,
    /// Reads of friend lists, of a user's servers and of accounts.
    pub lists: u32,
}

/// Status of the friend list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FriendListStatus {
    /// Number of accounts on it without the owner; `None` while there is no list.
    pub people: Option<u32>,
    /// Its age in seconds.
    pub age: Option<u64>,
    /// Why the last try to read it failed, if it did.
    pub failing: Option<String>,
    /// Why it is from the second source, if it is: what is wrong with the first.
    #[serde(default)]
    pub second_source: Option<String>,
    /// Why it is in doubt, if it is: it lacks most of the people who had access.
    #[serde(default)]
    pub doubt: Option<String>,
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
    /// It was only explained, by `plex-auth test`.
    #[serde(default)]
    pub test: bool,
    /// The user whose process called the module; `None` in entries of an older version.
    #[serde(default)]
    pub caller: Option<u32>,
    /// Number of the entry in the audit log: later ones have greater numbers.
    #[serde(default)]
    pub number: i64,
}

/// State of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownAccount {
    /// The local account.
    pub user: String,
    /// The Plex account that it is bound to.
    pub plex_id: Option<u64>,
    /// The configuration's reference to that Plex account then. Without an account, the name of a member of the group that no
    /// account had when it joined, and that none is ever bound to by its name.
    pub reference: Option<String>,
    /// Its last accepted login, in seconds since 1970.
    pub last_login: Option<i64>,
}

/// The present decision about a managed account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountDecision {
    /// The local account.
    pub user: String,
    /// The account phase lets it in.
    pub has_access: bool,
    /// The steps of the decision about a sign-in, and the reason of the account phase.
    pub trace: Trace,
}

/// A row of the friend list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedFriend {
    /// The Plex account.
    pub plex_id: u64,
    /// Its username.
    pub username: Option<String>,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Relationship to the owner: `owner`, `shared`, `friend`, `home` or `pending`.
    #[serde(rename = "tie")]
    pub relationship: String,
}
