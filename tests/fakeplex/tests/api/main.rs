//! Whether the fake plex.tv answers as the real one was seen to. One test for each point that it has to get right, all of
//! them over real TLS, with a client that knows nothing about Plex.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

#[path = "../common/mod.rs"]
mod common;

mod access;
mod faults;
mod home;
mod legacy;
mod pins;
mod sign_in;
mod tokens;
