//! Records of `state.db`: everything that is read at the start, and each change that is written afterwards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use policy::{
    AttemptKey, BootTime, BreakerOpen, CachedPassword, Entry, Failures, FriendList, IdentityBinding, Loss, Origin,
    PlexId, SavedLimits,
};

use crate::state::audit_log::LoginEntry;

/// Argon2id hash of a password that plex.tv accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredHash {
    pub cached: CachedPassword,
    pub salt: [u8; 16],
    pub hash: [u8; 32],
}

/// Doubt about a later friend list than the stored one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredDoubt {
    /// The people whom the later list lacks.
    pub loss: Loss,
    /// Time of the first list in doubt.
    pub since: BootTime,
}

/// Content of `state.db` at the start.
#[derive(Debug, Default)]
pub(crate) struct SavedState {
    /// Client identifier for a token that has none in the configuration.
    pub client_id: String,
    /// By local account.
    pub bindings: HashMap<String, IdentityBinding>,
    /// Members of the group that are bound to nobody.
    pub unbound: BTreeSet<String>,
    /// The groups of all configurations so far.
    pub groups: BTreeSet<String>,
    /// Plex account and time of the last sign-in, by local account.
    pub recent_sign_ins: HashMap<String, (PlexId, BootTime)>,
    /// By local account.
    pub passwords: HashMap<String, StoredHash>,
    pub limits: SavedLimits,
    /// The last friend list that is not in doubt, with the scope of the configuration that it was fetched for, and the doubt
    /// about the one in force.
    pub friend_list: Option<(String, FriendList, Option<StoredDoubt>)>,
    /// The latest logins, oldest first.
    pub logins: Vec<LoginEntry>,
    /// Last accepted login by local account, in seconds since 1970.
    pub last_logins: BTreeMap<String, i64>,
}

/// One change. The first `String` is the local account, except in `FriendList`, where it is the list's scope, and in `Group`.
#[derive(Debug)]
pub(crate) enum Change {
    Binding(String, IdentityBinding),
    /// Members of the group that are bound to nobody.
    Unbound(Vec<String>),
    /// The group of a configuration.
    Group(String),
    /// An account that is unbound no longer.
    Released(String),
    /// A former member of the group, whose binding is void.
    ReleasedBinding(String),
    RecentSignIn(String, PlexId, BootTime),
    Password(String, StoredHash),
    ForgetPassword(String),
    Failures(AttemptKey, Failures),
    ForgetFailures(AttemptKey),
    /// A request of the last hour, for the hourly budgets.
    Counted(Entry),
    /// The sign-ins of a key that lacked a verification code, or that plex.tv did not decide, were steps to a login.
    TakenBack(AttemptKey),
    BreakerOpen(BreakerOpen),
    /// The circuit breaker of link codes.
    LinkBreakerOpen(BreakerOpen),
    FriendList(String, Arc<FriendList>, Option<StoredDoubt>),
    /// Adds an entry to the audit log.
    Login(Box<LoginEntry>),
    /// Deletes the entry with this number.
    ForgetLogin(i64),
    LastLogin(String, i64),
    /// Wakes the writer: there are changes of the audit log, which do not wait in the queue.
    LoginsWait,
    /// Deletes the requests of the last hour from an origin, of one account or of all.
    ForgetSent(Option<String>, Origin),
    /// Deletes every record of an account except its logins in the audit log.
    ForgetAccount(String),
    /// Changes nothing; receives whether all changes up to here have been written.
    Written(SyncSender<bool>),
}
