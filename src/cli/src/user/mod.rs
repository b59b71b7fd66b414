//! `plex-auth user`

use std::process::ExitCode;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// What about them.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Bring the local accounts in step with the friend list
    Sync {
        /// Show what would change and change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) fn run(_context: &Context, _task: Task) -> Result<ExitCode, Failure> {
    Err(Failure::new("not there yet"))
}
