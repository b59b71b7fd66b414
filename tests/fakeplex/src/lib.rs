//! A plex.tv to test against, over real TLS with a CA of its own: faithful to plex.tv's real responses, with accounts
//! from a file, counted requests, and faults that can be changed while it runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test server that meets the unexpected should stop the test"
)]

mod api;
mod blocked;
mod certs;
mod command;
mod control;
mod device;
mod fault;
mod gate;
mod http;
mod jwt;
mod pms;
mod relay;
mod running;
mod serve;
mod spoil;
mod store;
mod tokens;
mod world;

pub use command::{Approval, Command, Connections, Counters, ListShape, Seen};
pub use control::Control;
pub use fault::{Endpoint, Fault, Rule};
pub use relay::relay;
pub use running::Running;
pub use serve::serve;
pub use tokens::Reissue;
pub use world::{Account, Device, Server, World};
