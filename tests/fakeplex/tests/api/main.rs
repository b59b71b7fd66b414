//! The fake plex.tv answers as the real one was seen to. There is one test for each point that it must get right, over
//! real TLS, with a client that does not know Plex.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

#[path = "../common/mod.rs"]
mod common;

mod access;
mod devices;
mod faults;
mod home;
mod invites;
mod keys;
mod legacy;
mod pins;
mod servers;
mod shapes;
mod sign_in;
mod tokens;
mod transport;
