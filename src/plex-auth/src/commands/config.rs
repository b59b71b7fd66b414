//! `plex-auth config`

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::config_file::settings::settings;
use crate::config_file::summary::summary;
use crate::context::{self, Context};
use crate::error::Error;
use crate::ui::hint;
use crate::ui::terminal;

/// Subcommands of `plex-auth config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration as the daemon does, and explain it, or the mistakes in it
    Check {
        /// Check this file instead of --config
        file: Option<PathBuf>,
        /// Print only mistakes and warnings
        #[arg(long, short)]
        quiet: bool,
    },
    /// Show every setting and its value, including defaults; secrets are hidden
    Show,
}

pub(crate) fn run(context: &Context, command: &ConfigCommand) -> Result<ExitCode, Error> {
    match command {
        ConfigCommand::Check { file, quiet } => {
            let file = file.as_ref().unwrap_or(&context.config);
            let config = context::load(file)?;
            if !quiet {
                terminal::say(summary(&config).trim_end());
            }
            // Not a failure: `ExecReload` and other service managers check the exit code.
            for warning in config.warnings() {
                terminal::warn(hint::with(&format!("{}: {}", file.display(), warning.what), &warning.fix));
            }
        }
        ConfigCommand::Show => {
            let config = context.load()?;
            let unreadable = |error| Error::new(format!("{}: {error}", context.config.display()));
            let text = fs::read_to_string(&context.config).map(protocol::Secret::from).map_err(unreadable)?;
            settings(&config, text.expose()).print();
        }
    }
    Ok(ExitCode::SUCCESS)
}
