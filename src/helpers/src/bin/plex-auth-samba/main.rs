//! `plex-auth-samba`: sets the password of SMB entries of managed accounts, disables and enables them, all through Samba's own
//! `smbpasswd`. Only plex-authd may connect, and its requests are checked again: an attacker who controls plex-authd gains no
//! more than its own decisions.

mod args;
mod passdb;
mod refusal;
mod requests;
mod smbpasswd;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use system::syslog::Log;
use zeroizing_alloc::ZeroAlloc;

use crate::args::Args;
use crate::requests::SmbService;

/// Wipes all memory when it is freed: passwords pass through the JSON library and the pipe's buffer.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let options = Args::parse();
    let mut log = Log::of("plex-auth-samba");
    match SmbService::new(&options) {
        Ok(service) => helpers::exit(helpers::serve(&options.socket, &options.user, &service, &mut log), &mut log),
        Err(error) => helpers::exit(Err(error), &mut log),
    }
}
