//! `plex-auth-samba`: sets the password of SMB entries of managed accounts, disables and enables them, all through Samba's own
//! `smbpasswd`. Only plex-authd may connect, and its requests are checked again: an attacker who controls plex-authd gains no
//! more than its own decisions.

mod args;
mod passdb;
mod refusal;
mod requests;
mod smbpasswd;

use std::alloc::System;
use std::path::Path;
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
    // smbpasswd makes it where no smbd has run yet, but cannot do so in the sandbox. Where this fails, smbpasswd says so.
    let _ = system::prepare_own(Path::new(RUNTIME), 0o755);
    let setting = Setting { socket: &options.socket, user: &options.user, sandbox: sandbox(&options) };
    helpers::run(setting, SmbService::new(&options), &mut log)
}

/// The restrictions that smbpasswd inherits: it writes Samba's password file, its databases and its locks. A directory that an
/// option names must exist, unless it is below one of Samba's own, which are allowed as a whole.
fn sandbox(options: &Args) -> Sandbox {
    let writable = options.writable.iter().map(std::path::PathBuf::as_path);
    let named = options.passdb.parent().into_iter().chain(writable);
    let named = named.filter(|directory| !SAMBA.iter().any(|own| directory.starts_with(own)));
    let samba = SAMBA.iter().map(Path::new).fold(Sandbox::reading_and_executing(), Sandbox::tree_if_present);
    named.fold(samba, Sandbox::tree_below)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    /// The error of a process with these options; a thread of its own is restricted.
    fn refused(options: &[&str]) -> Option<String> {
        let options = Args::parse_from([&["plex-auth-samba"], options].concat());
        std::thread::spawn(move || sandbox(&options).enter()).join().unwrap().err().map(|error| error.to_string())
    }

    #[test]
    fn directories_that_options_name_must_exist_and_sambas_own_need_not() {
        assert_eq!(refused(&[]), None);
        assert_eq!(
            refused(&["--writable", "/var/lib/samba/missing", "--passdb", "/run/samba/missing/passdb.tdb"]),
            None
        );
        assert_eq!(refused(&["--writable", "/tmp", "--passdb", "/tmp/passdb.tdb"]), None);
        for options in [["--writable", "/srv/missing"], ["--passdb", "/srv/missing/passdb.tdb"]] {
            let error = refused(&options).unwrap();
            assert!(error.starts_with("/srv/missing: cannot be opened"), "{error}");
        }
    }
}
