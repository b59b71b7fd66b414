//! `plex-auth setup` as the owner sees it: on a real terminal, with a private plex.tv and media server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod again;
mod group;
mod machine;
mod newcomer;
mod owner;
mod pam;
mod pasted_token;
mod scripts;
mod secure_server;
mod server_token;
mod server_url;
mod sshd;
mod trouble;
mod writing;
