//! `plex-auth setup`

use std::process::ExitCode;

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;

/// How it is done.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Show what would change and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

pub(crate) fn run(_context: &Context, _options: Options) -> Result<ExitCode, Failure> {
    Err(Failure::new("not there yet"))
}
