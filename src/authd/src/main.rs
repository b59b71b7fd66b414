//! `plex-authd`: decides about logins. The PAM module asks over a local socket; this is where the configuration, the
//! owner's token, TLS and threads live, as a user of its own that is never root.

mod account;
mod clock;
mod desk;
mod ending;
mod flights;
mod friends;
mod gate;
mod house;
mod identities;
mod ledger;
mod limits;
mod link;
mod link_codes;
mod link_prompt;
mod listener;
mod lock;
mod log;
mod login;
mod manage;
mod media;
mod memory;
mod offline;
mod options;
mod pace;
mod privileges;
mod reach;
mod report;
mod reserve;
mod samba;
mod server;
mod session;
mod shadow;
mod signals;
mod signout;
mod state;
mod supervisor;
mod turns;
mod warnings;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use facts::accounts;
use zeroizing_alloc::ZeroAlloc;

use crate::log::Log;
use crate::options::Options;

/// Every piece of memory is wiped when it is freed, also those inside the HTTP, TLS and JSON libraries through which
/// passwords and tokens pass.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let options = Options::parse();
    let signals = signals::block();
    let log = Log::start();
    let outcome = signals.and_then(|signals| server::run(&options, &signals, &log));
    if let Err(why) = &outcome {
        log.error(format!("cannot run: {why}"));
    }
    log.finish();
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
