//! R63: plex.tv keeps one token for each account and client identifier. The owner's token, which reads the friend list, and the
//! sign-ins of people never end each other, whichever way plex.tv hands out the next token of a pair.
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "a failed test may panic")]

mod machine;
mod older;
mod owner;
mod setup;
mod together;
