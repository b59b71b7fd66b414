//! The owner's token, and the account that it belongs to.

use std::io::Read;
use std::path::Path;
use std::time::Instant;

use plex::{Client, Token};

use super::args::{SetupArgs, SignIn};
use super::local_server::LocalServer;
use super::owner::{FreshDevice, Owner};
use super::{link, password, plex_errors};
use crate::client::plex_tv::{self, QUESTION};
use crate::config_file::existing::Existing;
use crate::error::Error;
use crate::ui::terminal;

const GIVEN: &str = "the token that was given";
const OF_THE_FILE: &str = "the token in the configuration";
const OF_THE_SERVER: &str = "the server's own token";

/// Finds the owner: by the command line, by the configured token while it is valid, by the local server's; otherwise the
/// owner signs in.
///
/// # Errors
/// There is no token that plex.tv accepts.
pub(crate) fn owner(
    client: &Client,
    args: &SetupArgs,
    existing: &Existing,
    local: Option<&LocalServer>,
    interactive: bool,
) -> Result<Owner, Error> {
    if let Some(file) = &args.token_file {
        return given(client, read(file)?, GIVEN);
    }
    let of_the_server = || local.and_then(|local| local.token.clone());
    match args.sign_in {
        Some(SignIn::Link) => return link::sign_in(FreshDevice::new(client)),
        Some(SignIn::Password) if interactive => {
            return password::sign_in(FreshDevice::new(client), existing.text_of("admin_account"));
        }
        Some(SignIn::Password) => {
            return Err(Error::new("a password can only be typed at a terminal")
                .hint("use --sign-in link, or --token-file FILE"));
        }
        Some(SignIn::Preferences) => {
            let token = of_the_server().ok_or_else(|| {
                Error::new("no local Plex server whose Preferences.xml can be read and has a token")
                    .hint("name it: --preferences FILE; or use --sign-in link")
            })?;
            return given(client, token, OF_THE_SERVER);
        }
        None => {}
    }
    let identifier = existing.text_of("client_identifier").map(str::to_owned);
    let keeper = identifier.as_ref().map_or_else(|| client.clone(), |id| plex_tv::as_keeper(client, id));
    if let Some(owner) = still_good(&keeper, existing.token(), OF_THE_FILE)? {
        let owner = Owner { identifier, ..owner };
        return Ok(owner);
    }
    if let Some(owner) = still_good(client, of_the_server(), OF_THE_SERVER)? {
        return Ok(owner);
    }
    if interactive {
        return link::sign_in(FreshDevice::new(client));
    }
    Err(Error::new("the owner must sign in, and nobody can be asked")
        .hint("give a token: --token-file FILE; or a code to approve: --sign-in link"))
}

/// The owner of a given token.
fn given(client: &Client, token: Token, how: &'static str) -> Result<Owner, Error> {
    let account = client.account(&token, Instant::now() + QUESTION).map_err(|error| match error {
        plex::Error::Refused => Error::new(format!("plex.tv does not take {how}"))
            .hint("it is mistyped or was signed out; get another one: plex-auth setup --sign-in link"),
        other => plex_errors::explain(&other),
    })?;
    Ok(Owner { account, token, how, client: client.clone(), identifier: None })
}

/// The owner of an existing token; `None` if it was revoked.
fn still_good(client: &Client, token: Option<Token>, how: &'static str) -> Result<Option<Owner>, Error> {
    let Some(token) = token.filter(|token| !token.expose().is_empty()) else { return Ok(None) };
    match client.account(&token, Instant::now() + QUESTION) {
        Ok(account) => Ok(Some(Owner { account, token, how, client: client.clone(), identifier: None })),
        Err(plex::Error::Refused) => {
            terminal::warn(format!("plex.tv no longer takes {how}"));
            Ok(None)
        }
        Err(other) => Err(plex_errors::explain(&other)),
    }
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
