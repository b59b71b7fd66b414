//! `plex-auth`: the owner's command.

mod check;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Looks after plex-auth, which lets people sign in here with their Plex accounts.
#[derive(Debug, Parser)]
#[command(name = "plex-auth", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Read it as the daemon does and say what it means, or what is wrong and how to mend it
    Check {
        /// The file
        #[arg(default_value = config::DEFAULT_FILE)]
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let Command::Config(ConfigCommand::Check { file }) = Cli::parse().command;
    let (text, code) = match config::load(&file) {
        Ok(config) => (check::summary(&config), ExitCode::SUCCESS),
        Err(problem) => (format!("{problem}\n"), ExitCode::FAILURE),
    };
    // A reader that has gone, as in `plex-auth … | head`, is no failure of the check.
    let _ = if code == ExitCode::SUCCESS {
        io::stdout().write_all(text.as_bytes())
    } else {
        io::stderr().write_all(text.as_bytes())
    };
    code
}
