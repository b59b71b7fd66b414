//! `plex-auth forget`

use std::process::ExitCode;

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;

/// How it is done.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The local account
    pub user: String,
}

pub(crate) fn run(_context: &Context, _options: &Options) -> Result<ExitCode, Failure> {
    Err(Failure::new("not there yet"))
}
