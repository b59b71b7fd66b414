//! What decisions go by, fetched: local accounts from the system's name service, people from plex.tv. The daemon and the
//! `plex-auth` command both ask here, so that they never see two different things.

pub mod people;

pub use accounts;
