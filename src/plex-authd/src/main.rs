//! `plex-authd`: decides about logins. The PAM module asks over a local socket; this is where the configuration, the
//! owner's token, TLS and threads live, as a user of its own that is never root.

mod args;
mod auth;
mod clock;
mod config_warnings;
mod context;
mod daemon;
mod helpers;
mod limits;
mod listener;
mod lock;
mod log;
mod privileges;
mod reserve;
mod server;
mod service_manager;
mod session;
mod signals;
mod state;
mod worker;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

use crate::args::Args;
use crate::log::Log;

/// Every piece of memory is wiped when it is freed, also those inside the HTTP, TLS and JSON libraries through which
/// passwords and tokens pass.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let options = Args::parse();
    let signals = signals::block();
    let log = Log::start();
    let outcome = signals.and_then(|signals| server::run(&options, &signals, &log));
    if let Err(why) = &outcome {
        log.error(format!("cannot run: {why}"));
    }
    log.finish();
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
