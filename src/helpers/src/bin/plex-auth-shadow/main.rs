//! `plex-auth-shadow`: reports whether a local account has a password of its own, and nothing else. plex-authd must never see a
//! hash, and the PAM module reads no file. Only plex-authd may connect, and it learns one bit.

mod args;
mod passwords;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use helpers::Setting;
use system::sandbox::Sandbox;
use system::syslog::Log;
use zeroizing_alloc::ZeroAlloc;

use crate::args::Args;
use crate::passwords::Passwords;

/// Wipes all memory when it is freed: hashes pass through the buffer of the file.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let options = Args::parse();
    let mut log = Log::of("plex-auth-shadow");
    let service: Result<_, std::convert::Infallible> = Ok(Passwords::of_the_machine());
    let setting = Setting { socket: &options.socket, user: &options.user, sandbox: Sandbox::reading() };
    helpers::run(setting, service, &mut log)
}
