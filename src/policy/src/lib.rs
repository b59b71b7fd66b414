//! The decision: who may sign in. Pure functions of the configuration, of what plex.tv said, of the local account and
//! of time. No I/O, no clock, no randomness: whatever is decided here can be decided again in a test.
//!
//! The order in which the daemon asks is the design's: [`managed`] and [`acceptable`] before anything leaves the
//! machine, [`eligible`] before a password does, [`Eligible::confirm`] once plex.tv has said who signed in.

mod access;
mod circle;
mod eligible;
mod local;
mod moment;
mod origin;
mod owner;
mod person;
mod reason;
mod remembered;
mod throttle;

pub use access::{ServerRow, reaches};
pub use circle::{Circle, Entry, Tie};
pub use eligible::{
    Eligible, Pin, Rules, account_today, account_today_without_list, eligible, eligible_by_link,
    eligible_by_link_without_list, eligible_without_list, welcome,
};
pub use local::{Account, acceptable, managed, may_ask};
pub use moment::Moment;
pub use origin::origin;
pub use owner::{Owner, is_owners};
pub use person::{Person, PlexId, Reference};
pub use reason::{Outcome, Phase, Reason};
pub use remembered::{Remembered, may_remember};
pub use throttle::{Closed, Key, Limits, Rejected, Throttle, Tries, Turn};
