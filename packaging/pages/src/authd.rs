//! The daemon's command line, from its own source: a program cannot be used as a library.

#[allow(dead_code, reason = "the daemon reads the values")]
#[path = "../../../src/authd/src/options.rs"]
mod options;

use clap::{Command, CommandFactory};

pub(crate) fn command() -> Command {
    options::Options::command()
}
