//! The command line. Help, manual pages and completions are all made from this.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::{configuration, doctor, forget, friends, logins, setup, status, test, user};

/// Looks after plex-auth, which lets people sign in here with their Plex accounts.
#[derive(Debug, Parser)]
#[command(name = "plex-auth", version, max_term_width = 100)]
pub struct Options {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    pub(crate) config: PathBuf,

    /// Where plex-authd listens
    #[arg(long, global = true, value_name = "PATH", default_value = wire::DEFAULT_SOCKET)]
    pub(crate) socket: PathBuf,

    #[command(subcommand)]
    pub(crate) task: Task,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Find the Plex server, sign its owner in and write the configuration
    Setup(setup::Options),
    /// Look for everything that keeps people from logging in, and say how to mend it
    Doctor(doctor::Options),
    /// Show the whole decision about one person, step by step, without logging in
    Test(test::Options),
    /// Who the owner's friends are, and which local accounts they have
    Friends(friends::Options),
    /// Local accounts for friends
    #[command(subcommand)]
    User(user::Task),
    /// How plex-authd is
    Status(status::Options),
    /// Who logged in lately, and who was refused
    Logins(logins::Options),
    /// Forget what is known of a local account
    Forget(forget::Options),
    /// The configuration
    #[command(subcommand)]
    Config(configuration::Task),
}
