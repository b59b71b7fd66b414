//! The administrator's command, as a library: the manual pages and completions are generated from [`Args`].

mod accounts;
mod args;
mod client;
mod commands;
mod config_file;
mod context;
mod error;
mod sshd;
mod ui;

use std::process::ExitCode;

use clap::Parser;

pub use crate::args::Args;
use crate::args::Command;
use crate::commands::{config, doctor, explain, forget, friends, login, logins, report, setup, status, user};
use crate::context::Context;
use crate::error::Error;

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let Args { config, socket, command } = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return ui::terminal::usage(&error),
    };
    let context = Context { config, socket };
    match perform(&context, command) {
        Ok(code) => code,
        Err(error) => {
            ui::terminal::complain(&context.explain(error));
            ExitCode::from(error::FAILED)
        }
    }
}

fn perform(context: &Context, command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Setup(args) => setup::run(context, &args),
        Command::Doctor(args) => doctor::run(context, &args),
        Command::Test(args) => explain::run(context, &args),
        Command::Friends(args) => friends::run(context, &args),
        Command::User(command) => user::run(context, &command),
        Command::Status(args) => status::run(context, &args),
        Command::Login => login::run(context),
        Command::Logins(args) => logins::run(context, &args),
        Command::Report(args) => report::run(context, &args),
        Command::Forget(args) => forget::run(context, &args),
        Command::Config(command) => config::run(context, &command),
    }
}
