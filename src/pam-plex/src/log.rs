//! Lines for syslog's authpriv, sent as datagrams.
//!
//! The C library's `syslog()` and the crates that imitate it look at `TZ`, open a time zone file and keep a descriptor.
//! In another program's process, perhaps a setuid one, none of these is safe. A datagram needs none of them: syslog adds the time
//! to lines without one.

use std::os::fd::AsRawFd;

use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, sendto, socket};
use pam::module::PamHandle;
use protocol::Severity;

use crate::items;

/// The socket of syslog.
const SYSLOG: &str = "/dev/log";

/// The longest text of a line, in characters.
const MAX_TEXT: usize = 800;

/// The log of one call.
pub(crate) struct Log {
    name: String,
    debug: bool,
}

impl Log {
    /// A log named after the program and the hook, as libpam's own modules write them.
    pub(crate) fn new(pamh: &PamHandle, hook: &str, debug: bool) -> Self {
        let service = items::service(pamh).unwrap_or_else(|| "-".into());
        Self { name: format!("pam_plex({service}:{hook})"), debug }
    }

    /// The same log, with or without debugging lines.
    pub(crate) fn with_debug(self, debug: bool) -> Self {
        Self { debug, ..self }
    }

    /// A fault that the administrator must fix.
    pub(crate) fn error(&self, text: &str) {
        self.write(Severity::Error, text);
    }

    /// An event of this login.
    pub(crate) fn notice(&self, text: &str) {
        self.write(Severity::Notice, text);
    }

    /// Details, written only with `debug` in the stack.
    pub(crate) fn debug(&self, text: &str) {
        if self.debug {
            self.write(Severity::Debug, text);
        }
    }

    /// Best effort, without waiting: a login does not depend on its log.
    fn write(&self, severity: Severity, text: &str) {
        let line = protocol::syslog_line(severity, &self.name, &protocol::printable(text, MAX_TEXT));
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let Ok(fd) = socket(AddressFamily::Unix, SockType::Datagram, flags, None) else { return };
        // Never from a standard descriptor: see the connection to the daemon.
        let fd = if fd.as_raw_fd() < 3 { fd.try_clone() } else { Ok(fd) };
        if let (Ok(fd), Ok(address)) = (fd, UnixAddr::new(SYSLOG)) {
            let _ = sendto(fd.as_raw_fd(), line.as_bytes(), &address, MsgFlags::MSG_NOSIGNAL);
        }
    }
}
