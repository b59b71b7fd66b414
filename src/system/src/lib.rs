//! The operating system, used safely by root: local accounts, other programs, sockets, user ids, syslog, and files and
//! directories that another user could have made. No path leads through a place that such a user controls, and every check is
//! made on the descriptor that is then used (R67).

pub mod accounts;
mod build_date;
pub mod command;
mod directory;
mod error;
pub mod failed_start;
pub mod inherited;
pub mod listener;
pub mod privileges;
pub mod random;
pub mod sandbox;
pub mod syslog;
mod trusted_file;
mod walk;

pub use build_date::clock_is_behind;
pub use directory::{OpenDirectory, create_in, open_among_others, prepare, prepare_own};
pub use error::{Error, Problem};
pub use trusted_file::{open_without_waiting, read, tail};
