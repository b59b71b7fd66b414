//! `plex-auth doctor`: a machine on which all is well, and the same with one thing broken after the other. Each is found and
//! named, and what the doctor says mends it does mend it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod accounts;
mod case;
mod daemon;
mod healthy;
mod pam;
mod patient;
mod plex;
mod sshd;
