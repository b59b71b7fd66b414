//! The owner's command, as a library: the manual pages and completions are made from what `--help` is made from.

mod args;
mod client;
mod commands;
mod config_file;
mod context;
mod error;
mod people;
mod powers;
mod ui;

use std::process::ExitCode;

use clap::Parser;

pub use crate::args::Options;
use crate::args::Task;
use crate::commands::{config, doctor, explain, forget, friends, login, logins, setup, status, user};
use crate::context::Context;
use crate::error::Error;

/// Does what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let options = Options::parse();
    let context = Context::new(&options);
    match perform(&context, options.task) {
        Ok(code) => code,
        Err(failure) => {
            ui::terminal::complain(&failure);
            ExitCode::from(error::FAILED)
        }
    }
}

fn perform(context: &Context, task: Task) -> Result<ExitCode, Error> {
    match task {
        Task::Setup(options) => setup::run(context, &options),
        Task::Doctor(options) => doctor::run(context, &options),
        Task::Test(options) => explain::run(context, &options),
        Task::Friends(options) => friends::run(context, &options),
        Task::User(task) => user::run(context, &task),
        Task::Status(options) => status::run(context, &options),
        Task::Login => login::run(context),
        Task::Logins(options) => logins::run(context, &options),
        Task::Forget(options) => forget::run(context, &options),
        Task::Config(task) => config::run(context, &task),
    }
}
