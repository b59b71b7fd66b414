//! The owner's command, as a library: the manual pages and completions are made from what `--help` is made from.

mod configuration;
mod context;
mod conversation;
mod daemon;
mod doctor;
mod edit;
mod failure;
mod forget;
mod friends;
mod hidden;
mod json;
mod login;
mod logins;
mod options;
mod people;
mod plex_tv;
mod powers;
mod program;
mod settings;
mod setup;
mod status;
mod summary;
mod table;
mod terminal;
mod test;
mod user;
mod when;

use std::process::ExitCode;

use clap::Parser;

use crate::context::Context;
use crate::failure::Failure;
pub use crate::options::Options;
use crate::options::Task;

/// Does what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let options = Options::parse();
    let context = Context::new(&options);
    match perform(&context, options.task) {
        Ok(code) => code,
        Err(failure) => {
            terminal::complain(&failure);
            ExitCode::from(failure::FAILED)
        }
    }
}

fn perform(context: &Context, task: Task) -> Result<ExitCode, Failure> {
    match task {
        Task::Setup(options) => setup::run(context, &options),
        Task::Doctor(options) => doctor::run(context, &options),
        Task::Test(options) => test::run(context, &options),
        Task::Friends(options) => friends::run(context, &options),
        Task::User(task) => user::run(context, &task),
        Task::Status(options) => status::run(context, &options),
        Task::Login => login::run(context),
        Task::Logins(options) => logins::run(context, &options),
        Task::Forget(options) => forget::run(context, &options),
        Task::Config(task) => configuration::run(context, &task),
    }
}
