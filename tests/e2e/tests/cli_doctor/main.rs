//! `plex-auth doctor` on a healthy machine and with one fault after the other. Each fault is found and named, and the
//! fix that doctor names removes it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod accounts;
mod callers;
mod case;
mod daemon;
mod healthy;
mod pam;
mod patient;
mod plex;
mod printed;
mod sshd;
mod token;
