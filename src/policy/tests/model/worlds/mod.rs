//! A world in plain words: what the machine, its owner's configuration, plex.tv and the one who types hold at the moment
//! of a login. Nothing here is one of the policy's own types.

mod generator;
mod told;

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
    /// Who asks.
    pub caller: u32,
    /// Whether `trusted_callers` names them.
    pub trusted: bool,
    /// What was typed, and how often it stands there.
    pub typed: (&'static str, usize),
    /// Whether there is a `token`; without one there is no list, and the person's own resources tell.
    pub token: bool,
    /// `strict_friends`.
    pub strict: bool,
    /// `admin_account`.
    pub admin: Option<&'static str>,
    /// `machine_id`.
    pub machine_id: &'static str,
    /// The owner's id: `owner_id`, which is there whenever there is no token.
    pub owner_id: u64,
    /// `owner_id` where there is a token, which says so too.
    pub written_owner: Option<u64>,
    /// Who signed in to the account last, and how long ago.
    pub signed_in: Option<(u64, u64)>,
    /// What the first success left behind.
    pub pin: Option<IdentityBinding>,
    /// The list that is at hand.
    pub known: Option<Known>,
    /// What plex.tv shows when it is asked for the list; nothing in an outage.
    pub fresh: Option<List>,
    /// What is remembered about the last password that plex.tv accepted.
    pub remembered: Option<Memory>,
    /// The limits, in milliseconds.
    pub limits: Limits,
    /// What plex.tv says to the name and the password.
    pub answer: SignIn,
    /// What it shows as the resources of whoever signed in; nothing in an outage.
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

/// How somebody on the list is tied to the owner.
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
pub struct Memory {
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
    /// A code is wanted, and nobody can be asked for it.
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

/// A device on somebody's list of resources.
#[derive(Debug, Clone)]
pub struct Row {
    pub machine_id: &'static str,
    pub is_server: bool,
    pub owned: bool,
    pub owner_id: Option<u64>,
}
