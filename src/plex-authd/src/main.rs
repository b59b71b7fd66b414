//! `plex-authd`: decides about logins that the PAM module sends over a local socket. It keeps the configuration and the owner's
//! token, connects to plex.tv, and runs as an unprivileged user.

mod args;
mod auth;
mod callers;
mod clock;
mod config_warnings;
mod context;
mod daemon;
mod dispatch;
mod error;
mod generation;
mod heartbeat;
mod helpers;
mod limits;
mod lock;
mod log;
mod privileges;
mod refusals;
mod reserve;
mod server;
mod service_manager;
mod session;
mod settings;
mod shared;
mod signals;
mod startup;
mod state;
mod unread;
mod worker;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

use crate::args::Args;
use crate::log::Log;

/// Zeroes all memory when it is freed, including that of the HTTP, TLS and JSON libraries, which handle passwords and tokens.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let args = Args::parse();
    let log = Log::new();
    let ended = run(&args, &log);
    log.finish();
    ended
}

fn run(args: &Args, log: &Log) -> ExitCode {
    let started = match startup::start(args, log) {
        Ok(started) => started,
        Err(failed) => return failed.end(log),
    };
    match server::run(started, log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.error(format!("cannot run: {error}"));
            ExitCode::FAILURE
        }
    }
}
