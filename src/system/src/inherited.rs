//! Inheritance from the process that started this one: a socket that systemd passes, and descriptors that were left open.
//!
//! A descriptor's number becomes an owned descriptor by a message to this process itself (`SCM_RIGHTS`): the kernel checks the
//! number, and no code here has to promise that nothing else uses it. No system call is needed that the units' filters forbid.

use std::fs;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::{env, process};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use rustix::cmsg_space;
use rustix::net::sockopt::{socket_acceptconn, socket_domain, socket_type};
use rustix::net::{AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketType, recvmsg};

/// The first descriptor that is not one of the standard ones. systemd passes sockets from here on.
const FIRST: RawFd = 3;

/// Where the kernel shows each descriptor of this process, and its flags.
const DESCRIPTORS: &str = "/proc/self/fdinfo";

/// The listening socket that systemd passes, if any. See `sd_listen_fds(3)`.
///
/// # Errors
/// The variables are not systemd's, more than one descriptor was passed, or it is no listening Unix stream socket.
pub(crate) fn listening_socket() -> io::Result<Option<UnixListener>> {
    let [pid, count] = ["LISTEN_PID", "LISTEN_FDS"].map(|name| env::var(name).ok());
    if !is_passed(pid.as_deref(), count.as_deref(), process::id())? {
        return Ok(None);
    }
    let socket = own(FIRST)?;
    let is_listening = socket_domain(&socket)? == AddressFamily::UNIX
        && socket_type(&socket)? == SocketType::STREAM
        && socket_acceptconn(&socket)?;
    if is_listening { Ok(Some(socket.into())) } else { Err(invalid("it is not a listening Unix stream socket")) }
}

/// Whether a socket is passed to this process, by the two variables.
fn is_passed(pid: Option<&str>, count: Option<&str>, own: u32) -> io::Result<bool> {
    let (Some(pid), Some(count)) = (pid, count) else { return Ok(false) };
    let pid: u32 = pid.parse().map_err(|_| invalid("LISTEN_PID is not a process id"))?;
    match count.parse::<u32>() {
        // Meant for the process that started this one.
        _ if pid != own => Ok(false),
        Ok(0) => Ok(false),
        Ok(1) => Ok(true),
        Ok(_) => Err(invalid("LISTEN_FDS is more than 1; the unit of the socket must have one ListenStream=")),
        Err(_) => Err(invalid("LISTEN_FDS is not a number")),
    }
}

/// Makes a descriptor that this process inherited its own. Programs started by this process do not inherit it.
fn own(inherited: RawFd) -> io::Result<OwnedFd> {
    let (sender, recipient) = UnixStream::pair()?;
    let rights = [inherited];
    let message = [IoSlice::new(&[0])];
    sendmsg::<()>(sender.as_raw_fd(), &message, &[ControlMessage::ScmRights(&rights)], MsgFlags::empty(), None)?;
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    recvmsg(&recipient, &mut [IoSliceMut::new(&mut [0])], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let passed_on = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let owned = passed_on.ok_or_else(|| invalid("the kernel passed no descriptor on"))?;
    nix::unistd::close(inherited)?;
    Ok(owned)
}

/// Closes what the parent left open, so that it reaches neither this process nor one that it starts. Descriptors that this
/// process has opened itself are close-on-exec, and stay open: no inherited one can be.
///
/// # Errors
/// The descriptors cannot be listed: /proc is not mounted, or not readable.
pub fn close_descriptors() -> io::Result<()> {
    for inherited in descriptors()? {
        match nix::unistd::close(inherited) {
            Ok(()) | Err(Errno::EBADF) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The descriptors that this process has inherited, except the standard ones.
fn descriptors() -> io::Result<Vec<RawFd>> {
    let mut inherited = Vec::new();
    for entry in fs::read_dir(DESCRIPTORS)? {
        let entry = entry?;
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        match fs::read_to_string(entry.path()) {
            Ok(about) => {
                let flags = flags(&about).ok_or_else(|| invalid("the kernel shows no flags of a descriptor"))?;
                if number >= FIRST && !flags.contains(OFlag::O_CLOEXEC) {
                    inherited.push(number);
                }
            }
            // Closed since by another thread.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(inherited)
}

/// The flags in the kernel's text about a descriptor.
fn flags(about: &str) -> Option<OFlag> {
    let flags = about.lines().find_map(|line| line.strip_prefix("flags:"))?;
    i32::from_str_radix(flags.trim(), 8).ok().map(OFlag::from_bits_retain)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests;
