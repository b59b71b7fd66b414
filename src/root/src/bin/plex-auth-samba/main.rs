//! `plex-auth-samba`: it does three things to the SMB entries of managed accounts, all through Samba's own `smbpasswd`: it
//! sets a password, it disables, it enables. Only plex-authd may ask, and what it asks is judged once more here, so that
//! whoever takes plex-authd over gets nothing that it does not decide anyway.

mod options;
mod orders;
mod passdb;
mod tool;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use root::Log;
use zeroizing_alloc::ZeroAlloc;

use crate::options::Options;
use crate::orders::Orders;

/// Every piece of memory is wiped when it is freed: passwords pass through the JSON library and the pipe's buffer.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let options = Options::parse();
    let mut log = Log::of("plex-auth-samba");
    let orders = Orders::new(&options);
    let ended = orders.and_then(|orders| root::serve(&options.socket, &options.user, &orders, &mut log));
    root::exit(ended, &mut log)
}
