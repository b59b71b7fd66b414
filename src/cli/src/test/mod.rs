//! `plex-auth test`

use std::process::ExitCode;

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;

/// How it is done.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The local account
    pub user: String,
    /// Ask for the password too, and let plex-authd judge it
    #[arg(long)]
    pub password: bool,
}

pub(crate) fn run(_context: &Context, _options: &Options) -> Result<ExitCode, Failure> {
    Err(Failure::new("not there yet"))
}
