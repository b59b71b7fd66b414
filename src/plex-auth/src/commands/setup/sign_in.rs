//! The ways to the owner's token, in order: a given one, the configured one, the media server's approval, a sign-in.

use std::io::Read;
use std::path::Path;

use plex::Token;

use super::args::SignIn;
use super::local_server::LocalServer;
use super::owner::{FreshDevice, Owner};
use super::questions::Asking;
use super::token_owner::{Rejected, TokenOwner};
use super::{approval, link, password, plex_errors};
use crate::client::plex_tv::Clients;
use crate::client::preferences::{self, Preferences, ServerToken};
use crate::error::Error;
use crate::ui::terminal::warn;

const GIVEN: &str = "the token that was given";
const OF_THE_FILE: &str = "the token in the configuration";

/// Finds the owner: by the command line, by the configured token while it is valid, by the local server's approval; otherwise
/// the owner signs in.
///
/// # Errors
/// There is no token that plex.tv accepts.
pub(crate) fn owner(clients: &Clients, asking: Asking, local: Option<&LocalServer>) -> Result<Owner, Error> {
    let Asking { args, existing, interactive } = asking;
    let explained = |error: plex::Error| plex_errors::explain(&error);
    let tokens = TokenOwner { clients, existing };
    let of_a_server = |token: &Token| preferences::with_token(token, args.preferences.as_deref());
    if let Some(file) = &args.token_file {
        let token = read(file)?;
        return match of_a_server(&token) {
            Some(server) => by_server(clients, interactive, server_token(server, GIVEN).as_ref()),
            None => match tokens.of(token, GIVEN).map_err(explained)? {
                Ok(owner) => Ok(owner),
                Err(Rejected(plex::Error::Refused)) => Err(Error::new(format!("plex.tv rejects {GIVEN}"))
                    .hint("it is mistyped or was signed out; get another one: plex-auth setup --sign-in link")),
                Err(Rejected(other)) => Err(plex_errors::explain(&other)),
            },
        };
    }
    match args.sign_in {
        Some(SignIn::Link) => return link::sign_in(FreshDevice::new(clients)),
        Some(SignIn::Password) if interactive => {
            return password::sign_in(FreshDevice::new(clients), existing.text_of("admin_account"));
        }
        Some(SignIn::Password) => {
            return Err(Error::new("a password can only be typed at a terminal")
                .hint("use --sign-in link, or --token-file FILE"));
        }
        Some(SignIn::Preferences) => {
            let server = local.and_then(LocalServer::own_token).ok_or_else(|| {
                Error::new("no local Plex server whose Preferences.xml can be read and has a token")
                    .hint("name it: --preferences FILE; or use --sign-in link")
            })?;
            return by_server(clients, interactive, Some(&server));
        }
        None => {}
    }
    let mut server = local.and_then(LocalServer::own_token);
    if let Some(token) = existing.token() {
        match of_a_server(&token) {
            Some(preferences) => server = server_token(preferences, OF_THE_FILE).or(server),
            None => match tokens.of(token, OF_THE_FILE).map_err(explained)? {
                Ok(owner) => return Ok(owner),
                Err(Rejected(error)) => warn(format!("plex.tv no longer takes {OF_THE_FILE}: {error}")),
            },
        }
    }
    by_server(clients, interactive, server.as_ref())
}

/// The token to approve a code with, in place of using it for anything else.
fn server_token(preferences: Preferences, how: &str) -> Option<ServerToken> {
    warn(format!("{how} is the media server's own; it is replaced by one issued to plex-auth"));
    let Preferences { machine_id, token, .. } = preferences;
    machine_id.zip(token).map(|(machine_id, token)| ServerToken { machine_id, token })
}

/// Signs the owner in by the media server's approval. Where there is none, the owner approves a code.
fn by_server(clients: &Clients, interactive: bool, server: Option<&ServerToken>) -> Result<Owner, Error> {
    if let Some(server) = server {
        match approval::sign_in(FreshDevice::new(clients), server) {
            Ok(owner) => return Ok(owner),
            Err(why) => warn(format!("sign-in through the media server failed: {}", why.into_parts().0)),
        }
    }
    if interactive {
        return link::sign_in(FreshDevice::new(clients));
    }
    Err(Error::new("the owner must sign in, but there is no terminal")
        .hint("give a token: --token-file FILE; or a code to approve: --sign-in link"))
}

fn read(file: &Path) -> Result<Token, Error> {
    let unreadable = |error: std::io::Error| Error::new(format!("--token-file {}: {error}", file.display()));
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(unreadable)?)
    };
    let mut text = zeroize::Zeroizing::new(String::new());
    source.take(8192).read_to_string(&mut text).map_err(unreadable)?;
    match text.trim() {
        "" => Err(Error::new(format!("--token-file {}: there is no token in it", file.display()))),
        token => Ok(Token::from(token)),
    }
}
