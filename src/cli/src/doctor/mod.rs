//! `plex-auth doctor`

mod stack;

use std::process::ExitCode;

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;

/// How it is done.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// For programs: JSON
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(_context: &Context, _options: &Options) -> Result<ExitCode, Failure> {
    Err(Failure::new("not there yet"))
}
