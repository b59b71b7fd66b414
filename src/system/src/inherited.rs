//! Inheritance from the process that started this one: sockets that systemd passes, and descriptors that were left open.
//!
//! A descriptor's number becomes an owned descriptor by a message to this process itself (`SCM_RIGHTS`): the kernel checks the
//! number, and no code here has to promise that nothing else uses it. No system call is needed that the units' filters forbid.

use std::fs;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::{env, process};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use rustix::cmsg_space;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

/// The first descriptor that is not one of the standard ones. systemd passes sockets from here on.
const FIRST: RawFd = 3;

/// Where the kernel shows each descriptor of this process, and its flags.
const DESCRIPTORS: &str = "/proc/self/fdinfo";

/// Makes every descriptor that systemd passes this process's own: those up to the first error, and that error. See
/// `sd_listen_fds(3)`.
pub(crate) fn passed() -> (Vec<OwnedFd>, io::Result<()>) {
    let [pid, count] = ["LISTEN_PID", "LISTEN_FDS"].map(|name| env::var(name).ok());
    let mut descriptors = Vec::new();
    let outcome = passed_count(pid.as_deref(), count.as_deref(), process::id()).and_then(|count| {
        for (inherited, _) in (FIRST..).zip(0..count) {
            descriptors.push(own(inherited)?);
        }
        Ok(())
    });
    (descriptors, outcome)
}

/// Number of descriptors that are passed to this process, by the two variables.
fn passed_count(pid: Option<&str>, count: Option<&str>, own: u32) -> io::Result<u32> {
    let (Some(pid), Some(count)) = (pid, count) else { return Ok(0) };
    let pid: u32 = pid.parse().map_err(|_| invalid("LISTEN_PID is not a process id"))?;
    if pid != own {
        // Meant for the process that started this one.
        return Ok(0);
    }
    count.parse().map_err(|_| invalid("LISTEN_FDS is not a number"))
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

pub(crate) fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests;
