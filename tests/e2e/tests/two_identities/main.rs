//! R63: plex.tv keeps one token per account and client identifier. The owner's token, which fetches the friend list,
//! and the tokens of sign-ins never revoke each other, whichever way plex.tv issues the next token of a pair.
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "a failed test may panic")]

mod machine;
mod older;
mod owner;
mod setup;
mod together;
