//! The decision on a login. Pure functions of the configuration, plex.tv's answers, the local account and the time. No I/O,
//! no clock, no randomness, so that a test can repeat every decision.
//!
//! The daemon calls [`resolve_account`] and [`validate_password`] before anything leaves the machine, [`Access::sign_in`]
//! before plex.tv receives a password, and [`SignInTarget::confirm`] once plex.tv has signed an account in.

mod access;
mod binding;
mod boot_time;
mod cached_password;
mod decision;
mod denial;
mod friend_list;
mod identity;
mod list_change;
mod local_account;
mod origin;
mod owner;
mod rules;
mod second_prompt;
mod server_access;
mod shares;
mod sign_in_target;
mod throttle;
mod verification_code;

pub use access::{Access, ListState};
pub use binding::IdentityBinding;
pub use boot_time::BootTime;
pub use cached_password::{CachedPassword, may_remember};
pub use decision::{Decision, LastSignIn, Step};
pub use denial::{Outcome, Phase, Reason};
pub use friend_list::{FriendList, FriendRecord, Relationship, Resolution};
pub use identity::{PlexId, PlexRef, PlexUser};
pub use list_change::Loss;
pub use local_account::{Account, authorize_caller, resolve_account, validate_password};
pub use origin::{EXPLAINED, Origin, origin, origin_at};
pub use rules::{Grounds, Rules, Standing};
pub use second_prompt::is_reply_of_program;
pub use server_access::{ServerRow, reaches};
pub use shares::{Claim, Crowd, MAX_SESSIONS, Purpose, Shares, SlotId};
pub use sign_in_target::SignInTarget;
pub use throttle::held::{Held, Pardoned};
pub use throttle::{
    Admission, AttemptKey, BreakerOpen, Counted, Ending, Entry, Failures, Hold, Lane, Limits, MAX_RATE_LIMIT_PAUSE,
    MAX_UNDECIDED, Recorded, SavedLimits, Sent, SentLastHour, Share, SignInResponse, SignInStatus, Throttle, Ticket,
    rate_limit_pause, surplus,
};
pub use verification_code::verification_code;
