//! A login that plex-authd decides about, and says why.

use std::path::Path;

use protocol::{AdminRequest, LoginRequest, Phase, Request, Verdict};

use crate::client::conversation::converse;
use crate::error::Error;

/// Lets plex-authd decide, and gives its verdict and its reason. What it asks is asked here.
pub(super) fn explain(socket: &Path, user: &str, service: &str, phase: Phase) -> Result<(Verdict, String), Error> {
    let hello = LoginRequest {
        version: protocol::VERSION,
        phase,
        user: user.to_owned(),
        service: Some(service.to_owned()),
        tty: None,
        rhost: None,
        // So that wrong passwords slow down nobody who sits at the machine.
        ruser: Some("root".into()),
        link: false,
        plex_only: false,
        screen: None,
    };
    converse(socket, user, &Request::Admin(AdminRequest::Explain(hello)))
}
