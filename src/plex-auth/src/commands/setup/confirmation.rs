//! Confirmation of sign-ins by the media server, which setup never decides by itself (R72).

use std::time::Instant;

use config::Mistake;
use plex::Client;
use url::Url;

use super::local_server::{ANSWER, LocalServer};
use super::questions::Asking;
use super::server::Server;
use super::server_url::{ServerUrl, plain};
use crate::error::Error;
use crate::ui::terminal::warn;

/// Option for the address that plex.tv shows.
const AUTO: &str = "auto";

/// Answer to whether the media server is to confirm sign-ins.
pub(crate) enum Confirmation {
    /// It is not.
    No,
    /// It is, at this address.
    At(ServerUrl),
    /// It is, at an address that plex.tv shows.
    Auto,
    /// The configuration says so, with an address that is no longer accepted.
    Outdated(String, Mistake),
}

impl Confirmation {
    /// Reads the answer from the command line or the existing configuration.
    ///
    /// # Errors
    /// The address on the command line is not accepted.
    pub(crate) fn of(asking: Asking) -> Result<Self, Error> {
        let Asking { args, existing, .. } = asking;
        let insecure = existing.bool_of("server_url_insecure").unwrap_or(false);
        match (args.server_url.as_deref(), existing.text_of("server_url")) {
            (Some(""), _) | (None, None) => Ok(Self::No),
            (Some(AUTO), _) => Ok(Self::Auto),
            (Some(text), _) => {
                let insecure = args.server_url_insecure;
                let url = config::server_url(text, insecure).map_err(|mistake| refused(text, &mistake))?;
                if insecure && url.scheme() == "https" {
                    return Err(Error::new("--server-url-insecure is about plain http").hint("leave it out"));
                }
                let text = text.trim_end_matches('/').to_owned();
                Ok(Self::At(ServerUrl { text, url, insecure, is_given: true }))
            }
            (None, Some(text)) => Ok(match config::server_url(text, insecure) {
                Ok(url) => {
                    let insecure = insecure && url.scheme() == "http";
                    Self::At(ServerUrl { text: text.to_owned(), url, insecure, is_given: false })
                }
                Err(mistake) => Self::Outdated(text.to_owned(), mistake),
            }),
        }
    }

    /// The address to search for the server at, if there is one.
    pub(crate) fn address(&self) -> Option<&ServerUrl> {
        match self {
            Self::At(address) => Some(address),
            Self::No | Self::Auto | Self::Outdated(..) => None,
        }
    }

    /// The address to write, if it leads to the chosen server. `local` is the server that has answered there.
    ///
    /// # Errors
    /// Another server has answered at the address on the command line, or none at those that plex.tv shows.
    pub(crate) fn decide(
        &self,
        client: &Client,
        server: &Server,
        local: Option<&LocalServer>,
        strict: bool,
    ) -> Result<Option<ServerUrl>, Error> {
        match self {
            Self::No => Ok(None),
            _ if !strict => {
                warn("the media server only confirms friends with whom it is shared; server_url is left out");
                Ok(None)
            }
            Self::Auto => find(client, server).map(Some),
            Self::Outdated(text, mistake) => {
                warn(outdated(text, mistake, server));
                Ok(None)
            }
            Self::At(address) => match local {
                Some(local) if local.machine_id != server.machine_id && address.is_given => {
                    Err(Error::new(format!("the server at {} is another one than {}", local.url, server.name))
                        .hint("leave --server-url out, or name that server with --machine"))
                }
                Some(local) if local.machine_id != server.machine_id => {
                    warn(format!("{} is another server than {}; server_url is left out", local.url, server.name));
                    Ok(None)
                }
                Some(local) => Ok(Some(address.clone().answered_at(&local.url))),
                None => Ok(Some(address.clone())),
            },
        }
    }
}

/// The first address that plex.tv shows for the server at which it answers, under a valid certificate.
fn find(client: &Client, server: &Server) -> Result<ServerUrl, Error> {
    let answers = |url: &&Url| {
        let identity = client.server_identity(url, Instant::now() + ANSWER);
        identity.is_ok_and(|identity| identity.machine_identifier == server.machine_id)
    };
    if let Some(url) = server.addresses.iter().find(answers) {
        return Ok(ServerUrl { text: plain(url).to_owned(), url: url.clone(), insecure: false, is_given: true });
    }
    if server.addresses.is_empty() {
        return Err(Error::new(format!("plex.tv shows no https address of {}", server.name)).hint(
            "a token that was pasted shows none: add --sign-in link; or write it: --server-url https://NAME:PORT, with the \
             name in the server's certificate",
        ));
    }
    let tried: Vec<_> = server.addresses.iter().map(plain).collect();
    Err(Error::new(format!("{} does not answer at {}", server.name, tried.join(", ")))
        .hint("is it running, and do these names resolve here? Some routers drop answers for plex.direct"))
}

/// An address on the command line that is not accepted.
fn refused(text: &str, mistake: &Mistake) -> Error {
    let error = Error::new(format!("--server-url {}: {}", protocol::printable(text, 100), mistake.what()));
    match mistake {
        Mistake::PlainHttpHere => {
            error.hint("let plex.tv show its https address: --server-url auto; or allow it: --server-url-insecure")
        }
        Mistake::PlainHttp | Mistake::ServerUrlIsAnAddress => {
            error.hint("let plex.tv show its https address: --server-url auto")
        }
        _ => error.hint(mistake.hint()),
    }
}

/// Reports an address that is left out, with the ways to keep the media server's confirmation.
fn outdated(text: &str, mistake: &Mistake, server: &Server) -> Error {
    let text = protocol::printable(text, 100);
    let address = server.addresses.first().map_or(AUTO, plain);
    let insecure = if *mistake == Mistake::PlainHttpHere {
        format!(", or with that risk: --server-url {text} --server-url-insecure")
    } else {
        String::new()
    };
    Error::new(format!("server_url = \"{text}\" is left out, so plex.tv decides alone: {}", mistake.what()))
        .hint(format!("to let the media server refuse people too: --server-url {address}{insecure}"))
}
