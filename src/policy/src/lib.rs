//! The decision: who may sign in. Pure functions of the configuration, of what plex.tv said, of the local account and
//! of time. No I/O, no clock, no randomness: whatever is decided here can be decided again in a test.
//!
//! The order in which the daemon asks is the design's: [`resolve_account`] and [`validate_password`] before anything leaves the
//! machine, [`eligible`] before a password does, [`SignInTarget::confirm`] once plex.tv has said who signed in.

mod access;
mod boot_time;
mod cached_password;
mod denial;
mod friend_list;
mod identity;
mod local_account;
mod origin;
mod owner;
mod server_access;
mod throttle;

pub use access::{
    IdentityBinding, Rules, SignInTarget, account_today, account_today_without_list, eligible, eligible_by_link,
    eligible_by_link_without_list, eligible_without_list, is_permitted,
};
pub use boot_time::BootTime;
pub use cached_password::{CachedPassword, may_remember};
pub use denial::{Outcome, Phase, Reason};
pub use friend_list::{FriendList, FriendRecord, Relationship};
pub use identity::{PlexId, PlexRef, PlexUser};
pub use local_account::{Account, authorize_caller, resolve_account, validate_password};
pub use origin::origin;
pub use owner::{Owner, is_owners};
pub use server_access::{ServerRow, reaches};
pub use throttle::{Admission, AttemptKey, BreakerOpen, Failures, Limits, Rejected, Throttle};
