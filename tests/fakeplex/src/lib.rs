//! A plex.tv to test against, over real TLS with a CA of its own: faithful to what plex.tv really answers, with its people
//! in a file, its requests counted, and its faults switchable while it runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test server that meets the unexpected should stop the test"
)]

mod api;
mod certs;
mod control;
mod fault;
mod http;
mod pms;
mod running;
mod serve;
mod store;
mod world;

pub use control::{Command, Control, Counters, Seen};
pub use fault::{Endpoint, Fault, Rule};
pub use running::Running;
pub use serve::serve;
pub use world::{Account, Device, Server, World};
