//! `plex-auth setup`, as its owner sees it: on a real terminal, against a plex.tv and a media server of the machine's own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod again;
mod group;
mod machine;
mod newcomer;
mod owner;
mod pam;
mod scripts;
mod trouble;
mod writing;
