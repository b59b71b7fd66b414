//! `plex-auth-samba`: the one part of this project that stays root. It does three things to the SMB entries of managed
//! accounts, all through Samba's own `smbpasswd`: it sets a password, it disables, it enables. Only plex-authd may ask, and
//! what it asks is judged once more here, so that whoever takes plex-authd over gets nothing that it does not decide anyway.

mod listener;
mod log;
mod options;
mod orders;
mod passdb;
mod privileges;
mod service;
mod tool;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

use crate::log::Log;
use crate::options::Options;

/// Every piece of memory is wiped when it is freed: passwords pass through the JSON library and the pipe's buffer.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let options = Options::parse();
    let mut log = Log::default();
    match service::run(&options, &mut log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            log.error(&format!("cannot run: {why}"));
            ExitCode::FAILURE
        }
    }
}
