//! `plex-auth config`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;
use crate::summary::summary;
use crate::terminal;

/// What about it.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Read it as the daemon does and say what it means, or what is wrong and how to mend it
    Check {
        /// Another file than --config
        file: Option<PathBuf>,
    },
    /// Show every setting and its value, those that are not set too; secrets are hidden
    Show,
}

pub(crate) fn run(context: &Context, task: &Task) -> Result<ExitCode, Failure> {
    match task {
        Task::Check { file } => {
            let file = file.as_ref().unwrap_or(&context.config);
            let config = config::load(file).map_err(|problem| Failure::new(problem.to_string()))?;
            terminal::print(&summary(&config));
        }
        Task::Show => return Err(Failure::new("not there yet")),
    }
    Ok(ExitCode::SUCCESS)
}
