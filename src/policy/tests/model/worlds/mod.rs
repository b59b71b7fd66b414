//! A world in plain words: what the machine, its owner's configuration, plex.tv and the one who types hold at the moment
//! of a login. Nothing here is one of the policy's own types.

mod generator;
mod names;

pub use generator::worlds;

/// Everything that a login depends on.
#[derive(Debug, Clone)]
pub struct World {
    /// The account that is asked about, if the machine has it.
    pub local: Option<Local>,
    /// Accounts below this are the system's.
    pub uid_min: u32,
    /// `[users]`: local accounts and what the owner wrote for them.
    pub users: Vec<(&'static str, &'static str)>,
    /// User id of the caller.
    pub caller: u32,
    /// Whether `trusted_callers` names them.
    pub trusted: bool,
    /// The typed text, and how often it is repeated.
    pub typed: (&'static str, usize),
    /// Whether there is a `token`; without one there is no list, and the person's own resources tell.
    pub token: bool,
    /// `strict_friends`.
    pub strict: bool,
    /// `admin_account`.
    pub admin: Option<&'static str>,
    /// `machine_id` of the configuration.
    pub machine_id: &'static str,
    /// The owner's id: `owner_id`, which is there whenever there is no token.
    pub owner_id: u64,
    /// `owner_id` where there is a token, which says so too.
    pub written_owner: Option<u64>,
    /// The last sign-in to the account, and its age.
    pub signed_in: Option<(u64, u64)>,
    /// The binding of the first sign-in.
    pub pin: Option<IdentityBinding>,
    /// The first list that was read after the account became a member of the group, and whether it was the second source's.
    /// `None` while none has been.
    pub joined: Option<(List, bool)>,
    /// Why every list is from the second source, if they are.
    pub second_source: Option<&'static str>,
    /// The list that is at hand.
    pub known: Option<Known>,
    /// plex.tv's current list; `None` in an outage.
    pub fresh: Option<List>,
    /// The cached password.
    pub remembered: Option<Cached>,
    /// The limits, in milliseconds.
    pub limits: Limits,
    /// plex.tv's response to the name and the password.
    pub answer: SignIn,
    /// The resources of the account that signed in; `None` in an outage.
    pub resources: Option<Vec<Row>>,
}

/// A local account.
#[derive(Debug, Clone)]
pub struct Local {
    pub name: &'static str,
    pub uid: u32,
    pub in_group: bool,
}

/// An account at Plex.
#[derive(Debug, Clone)]
pub struct Who {
    pub id: u64,
    pub username: Option<&'static str>,
    pub email: Option<&'static str>,
}

/// Relationship of a user on the list to the owner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum How {
    Shared,
    Friend,
    Home,
    Pending,
}

/// The owner and everybody on their list.
#[derive(Debug, Clone)]
pub struct List {
    pub owner: Who,
    pub others: Vec<(Who, How)>,
}

/// A list that was learnt a while ago.
#[derive(Debug, Clone)]
pub struct Known {
    pub list: List,
    pub age: u64,
}

/// The id that signed in first, and what the configuration said at the time.
#[derive(Debug, Clone)]
pub struct IdentityBinding {
    pub id: u64,
    pub written: &'static str,
}

/// A remembered password.
#[derive(Debug, Clone)]
pub struct Cached {
    pub id: u64,
    pub age: u64,
    /// Whether it is what was typed now.
    pub same: bool,
}

/// How old things may be, in milliseconds.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The list, for a sign-in.
    pub friend_list: u64,
    /// The list, for the account phase while plex.tv cannot be reached.
    pub known_list: u64,
    /// A remembered password.
    pub remember: Option<u64>,
    /// The list and a remembered password while plex.tv cannot be reached.
    pub offline: Option<u64>,
}

/// plex.tv's answer to a name and a password.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// This account signed in.
    Is {
        who: Who,
        second_factor: Option<bool>,
        code_asked: bool,
    },
    WrongPassword,
    WrongCode,
    EmailOnly,
    Forbidden,
    /// A code is required, and the service cannot prompt for one.
    CodeWanted,
    /// The prompt for the code failed.
    PromptFailed,
    Blocked,
    RateLimited,
    /// This machine's own budget of rejections is used up, so nothing was sent.
    BudgetSpent,
    /// plex.tv answers with what nobody can read.
    Unreadable,
    /// plex.tv cannot be reached.
    Down,
}

/// A device on a user's list of resources.
#[derive(Debug, Clone)]
pub struct Row {
    pub machine_id: &'static str,
    pub is_server: bool,
    pub owned: bool,
    pub owner_id: Option<u64>,
}
