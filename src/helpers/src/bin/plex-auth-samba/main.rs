//! `plex-auth-samba`: it does three things to the SMB entries of managed accounts, all through Samba's own `smbpasswd`: it
//! sets a password, it disables, it enables. Only plex-authd may ask, and what it asks is judged once more here, so that
//! whoever takes plex-authd over gets nothing that it does not decide anyway.

mod args;
mod passdb;
mod requests;
mod smbpasswd;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use system::syslog::Log;
use zeroizing_alloc::ZeroAlloc;

use crate::args::Args;
use crate::requests::SmbService;

/// Every piece of memory is wiped when it is freed: passwords pass through the JSON library and the pipe's buffer.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let options = Args::parse();
    let mut log = Log::of("plex-auth-samba");
    let orders = SmbService::new(&options);
    let ended = orders.and_then(|orders| helpers::serve(&options.socket, &options.user, &orders, &mut log));
    helpers::exit(ended, &mut log)
}
