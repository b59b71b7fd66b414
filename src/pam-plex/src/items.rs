//! The PAM items that describe a login. Any of them may be missing.

use std::ffi::CStr;

use pam::items::{RHost, RUser, Service, Tty};
use pam::module::PamHandle;
use protocol::{LoginRequest, Phase};

use crate::args::Args;
use crate::terminal;

/// The longest item that is passed on, in characters; a host name takes at most 253.
const MAX_ITEM: usize = 256;

/// The PAM items of a login, except the account.
pub(crate) struct Items {
    service: Option<String>,
    tty: Option<String>,
    rhost: Option<String>,
    ruser: Option<String>,
    /// `PAM_TTY` names a terminal.
    terminal: bool,
}

impl Items {
    /// Reads the items. They come from the program and, through it, from the network: they are only shown.
    pub(crate) fn read(pamh: &PamHandle, phase: Phase) -> Self {
        let tty = pamh.get_item::<Tty>().ok().flatten();
        Self {
            service: pamh.get_item::<Service>().ok().flatten().map(|item| text(item.0)),
            tty: tty.as_ref().map(|item| text(item.0)),
            rhost: pamh.get_item::<RHost>().ok().flatten().map(|item| text(item.0)),
            ruser: pamh.get_item::<RUser>().ok().flatten().map(|item| text(item.0)),
            terminal: phase == Phase::Authenticate && tty.is_some_and(|item| terminal::is_named_by(item.0)),
        }
    }

    /// The request to the daemon.
    pub(crate) fn into_request(self, user: String, phase: Phase, args: &Args) -> LoginRequest {
        let Self { service, tty, rhost, ruser, terminal } = self;
        // Only prompts need to know the terminal.
        let screen = if phase == Phase::Authenticate { terminal::find() } else { None };
        LoginRequest {
            version: protocol::VERSION,
            phase,
            user,
            service,
            tty,
            rhost,
            ruser,
            link: args.link,
            plex_only: args.plex_only,
            one_prompt: args.one_prompt,
            terminal,
            screen,
        }
    }
}

/// The name of the program (`PAM_SERVICE`), for the log.
pub(crate) fn service(pamh: &PamHandle) -> Option<String> {
    pamh.get_item::<Service>().ok().flatten().map(|item| text(item.0))
}

fn text(item: &CStr) -> String {
    protocol::printable(&item.to_string_lossy(), MAX_ITEM)
}
