//! Trace of a decision, for `plex-auth test`.

use serde::{Deserialize, Serialize};

/// The steps of a decision, and the reason of its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// Steps of the decision before a sign-in, in their order. A refusal is the last step, or the last but the binding. After a
    /// permission, what is held against the account.
    pub steps: Vec<TraceStep>,
    /// Reason of the verdict: the sentence that the log has.
    pub reason: String,
}

/// One step: the facts that the daemon looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TraceStep {
    /// User id of the local account; `None` if there is no such account.
    LocalAccount(Option<u32>),
    /// The account is root's or the system's.
    SystemAccount,
    /// The account is neither in `[users]` nor in the group.
    NotManaged {
        /// The configured group.
        group: Option<String>,
    },
    /// The account is managed, and mapped to this Plex account.
    MappedTo(MappedTo),
    /// The configuration has no token, and so there is no friend list.
    NoToken,
    /// There is a friend list, new enough for a sign-in.
    List {
        /// The token's account.
        owner: PlexAccount,
        /// Number of people on the list, without the owner.
        people: u32,
        /// Why the list is from the second source, if it is. The user's own resources then have to show the server.
        #[serde(default)]
        second_source: Option<String>,
    },
    /// There is no friend list that is new enough, for this reason.
    NoList(String),
    /// There is none that is new enough, but the local account is the owner's own, who signs in without one.
    OwnerWithoutList {
        /// The owner's id.
        plex_id: u64,
        /// Why there is no list.
        why: String,
    },
    /// The list shows one account with the reference, or the account that the local one is bound to.
    Found(PlexAccount),
    /// The list shows no account with this reference.
    NotFound(String),
    /// The list shows several accounts with the reference.
    Ambiguous,
    /// The account in relation to the owner and the rules.
    Standing(Standing),
    /// The binding of the local account to a Plex account, if there is one.
    FirstLogin(Option<Binding>),
    /// The local account is a member of the group without an entry in `[users]`, and bound to no Plex account.
    Unbound {
        /// No Plex account was called like it in the first list after it joined. Otherwise the next list decides.
        decided: bool,
        /// The account that is called like it now.
        now: Option<u64>,
    },
    /// A sign-in is permitted, with this name and the password; empty if plex.tv lists no name.
    Permitted(String),
    /// A rate limit refuses sign-ins now.
    Held {
        /// The origin: an address, a network, a local user or a service.
        origin: String,
        /// It is the origin that the request is about.
        is_asked: bool,
        /// The sentence that the log has.
        reason: String,
        /// Seconds until the next one is admitted.
        seconds: u64,
    },
    /// A sign-in is refused.
    Refused {
        /// The sentence that the log has.
        reason: String,
        /// The name has another owner than at the first login.
        renamed: bool,
    },
}

/// Reference of a local account to its Plex account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MappedTo {
    /// Id in `[users]`.
    Id(u64),
    /// Username or e-mail address in `[users]`.
    Name(String),
    /// A member of the group, with the same name at Plex.
    Member {
        /// The local name.
        local: String,
        /// The configured group.
        group: String,
    },
}

/// Names of a Plex account, as the friend list shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlexAccount {
    /// Its id.
    pub plex_id: u64,
    /// Its username.
    pub username: Option<String>,
    /// Its e-mail address.
    pub email: Option<String>,
}

/// A Plex account in relation to the owner and the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Standing {
    /// The owner's account.
    Owner {
        /// `admin_account` names the owner.
        is_admin: bool,
    },
    /// This relationship gives access: `shared`, `friend` or `home`.
    Accepted(String),
    /// The invitation is not accepted.
    Pending,
    /// No relationship gives access.
    NoAccess,
}

/// The Plex account that a local account belongs to: the one that signed in to it first, or that had the name of a member of the
/// group when it joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// Its id.
    pub plex_id: u64,
    /// The configuration's reference at that time.
    pub reference: String,
    /// The reference is still the same.
    pub applies: bool,
}
