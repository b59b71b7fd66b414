//! What root may do with files and directories that another user could have put there: no path is followed through a place
//! that the other user controls, and every check is made on the descriptor that is then used (R67).

pub mod accounts;
pub mod command;
mod directory;
mod error;
pub mod listener;
pub mod privileges;
pub mod syslog;
mod trusted_file;
mod walk;

pub use directory::{create_in, prepare, prepare_own};
pub use error::{Error, Problem};
pub use trusted_file::{open_without_waiting, read};
