//! `plex-auth-samba`: sets the password of SMB entries of managed accounts, disables and enables them, all through Samba's own
//! `smbpasswd`. Only plex-authd may connect, and its requests are checked again: an attacker who controls plex-authd gains no
//! more than its own decisions.

mod args;
mod passdb;
mod refusal;
mod requests;
mod smbpasswd;

use std::alloc::System;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use helpers::Setting;
use system::sandbox::Sandbox;
use system::syslog::Log;
use zeroizing_alloc::ZeroAlloc;

use crate::args::Args;
use crate::requests::SmbService;

/// Wipes all memory when it is freed: passwords pass through the JSON library and the pipe's buffer.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// Where Samba keeps its files on every distribution that plex-auth is tested on, and on most others.
const SAMBA: [&str; 3] = ["/var/lib/samba", "/var/cache/samba", RUNTIME];

/// Samba's locks, in a directory that is lost when the machine is switched off.
const RUNTIME: &str = "/run/samba";

fn main() -> ExitCode {
    let options = Args::parse();
    let mut log = Log::of("plex-auth-samba");
    let setting = Setting { socket: &options.socket, user: &options.user, sandbox: sandbox(&options) };
    helpers::run(setting, SmbService::new(&options), &mut log)
}

/// The restrictions that smbpasswd inherits: it writes Samba's password file, its databases and its locks.
fn sandbox(options: &Args) -> Sandbox {
    // smbpasswd makes it where no smbd has run yet, but cannot do so in the sandbox. Where this fails, smbpasswd says so.
    let _ = system::prepare_own(Path::new(RUNTIME), 0o755);
    let own = options.passdb.parent().into_iter().chain(options.writable.iter().map(PathBuf::as_path));
    SAMBA.iter().map(Path::new).chain(own).fold(Sandbox::reading_and_executing(), Sandbox::tree_below)
}
