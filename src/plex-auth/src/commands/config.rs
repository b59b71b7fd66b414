//! `plex-auth config`

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::config_file::settings::settings;
use crate::config_file::summary::summary;
use crate::context::{self, Context};
use crate::error::Error;
use crate::ui::terminal;

/// Subcommands of `plex-auth config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read it as the daemon does and say what it means, or what is wrong and how to mend it
    Check {
        /// Another file than --config
        file: Option<PathBuf>,
        /// Say nothing unless something is wrong
        #[arg(long, short)]
        quiet: bool,
    },
    /// Show every setting and its value, those that are not set too; secrets are hidden
    Show,
}

pub(crate) fn run(context: &Context, command: &ConfigCommand) -> Result<ExitCode, Error> {
    match command {
        ConfigCommand::Check { file, quiet } => {
            let file = file.as_ref().unwrap_or(&context.config);
            let config = context::load(file)?;
            if !quiet {
                terminal::print(&summary(&config));
            }
            // Not a failure: `ExecReload` and other service managers check the exit code.
            for warning in config.warnings() {
                terminal::warn(format!("{}: {}\n  {}", file.display(), warning.what, warning.fix));
            }
        }
        ConfigCommand::Show => {
            let config = context.load()?;
            let unreadable = |error| Error::new(format!("{}: {error}", context.config.display()));
            let text = fs::read_to_string(&context.config).map(protocol::Secret::from).map_err(unreadable)?;
            terminal::print(&settings(&config, text.expose()).shown());
        }
    }
    Ok(ExitCode::SUCCESS)
}
