//! Checks the values of a configuration, each by itself and in combination.

use std::path::Path;

use policy::PlexRef;
use protocol::Secret;
use toml::Spanned;

use crate::keys::{Config, Raw, Source};
use crate::mistake::Mistake;
use crate::parser;
use crate::place::Place;
use crate::problem::Problem;
use crate::values::{local_name, plex_account};

/// Reads and checks the text of a configuration; `file` is its name in problems. `token_file` is not read.
///
/// # Errors
/// [`Problem`]
pub fn parse(text: &str, file: &Path) -> Result<Config, Problem> {
    let raw = parser::read(text, file)?;
    let place = &Place { text, file };
    let users = raw.users.iter().map(|(user, plex)| mapping(place, user, plex)).collect::<Result<_, _>>()?;
    let accounts = raw.accounts.build(place, ())?;
    let cache = raw.cache.build(place, ())?;
    let samba = raw.samba.build(place, ())?;
    let throttle = raw.throttle.build(place, ())?;
    let timeouts = raw.timeouts.build(place, ())?;
    let config = raw.build(place, (source(place, &raw)?, users, accounts, cache, samba, throttle, timeouts))?;
    check(place, &raw, &config)?;
    Ok(config)
}

fn source(place: &Place, raw: &Raw) -> Result<Source, Problem> {
    let keys = (raw.token(place)?, raw.token_file(place)?, raw.machine_id(place)?, raw.owner_id(place)?);
    match keys {
        (Some(_), Some(_), ..) => Err(Problem::of_file(place.file, Mistake::TwoTokens)),
        (Some(token), None, ..) => Ok(Source::Token(token)),
        (None, Some(_), ..) => Ok(Source::Token(Secret::default())),
        (None, None, Some(machine_id), Some(owner_id)) if raw.strict_friends(place)? => {
            Ok(Source::Resources { machine_id, owner_id })
        }
        _ => Err(Problem::of_file(place.file, Mistake::NoToken)),
    }
}

fn mapping(place: &Place, user: &Spanned<String>, plex: &Spanned<String>) -> Result<(String, PlexRef), Problem> {
    let name = local_name(user.get_ref()).map_err(|mistake| place.problem(user, mistake))?;
    if name == "root" {
        return Err(place.problem(user, Mistake::RootMapped));
    }
    let plex = plex_account(plex.get_ref()).map_err(|mistake| place.problem(plex, mistake))?;
    Ok((name, PlexRef::parse(&plex)))
}

/// Refuses keys that have no effect without another one.
fn check(place: &Place, raw: &Raw, config: &Config) -> Result<(), Problem> {
    if let (Some(id), Source::Resources { .. }) = (&raw.client_identifier, &config.source) {
        return Err(place.problem(id, Mistake::ClientIdentifierWithoutToken));
    }
    if let Some(services) = &raw.link_services {
        if !config.link_sign_in {
            return Err(place.problem(services, Mistake::LinkServicesWithoutLink));
        }
        if config.link_services.is_empty() {
            return Err(place.problem(services, Mistake::NoLinkService));
        }
    }
    if let Some(url) = raw.server_url.as_ref().filter(|_| !config.strict_friends) {
        return Err(place.problem(url, Mistake::ServerUrlWithoutStrict));
    }
    if let Some(insecure) = raw.server_url_insecure.as_ref().filter(|insecure| *insecure.get_ref()) {
        match &config.server_url {
            None => return Err(place.problem(insecure, Mistake::InsecureWithoutServerUrl)),
            Some(url) if url.scheme() == "https" => return Err(place.problem(insecure, Mistake::InsecureWithHttps)),
            Some(_) => {}
        }
    }
    if config.strict_friends && config.machine_id.is_none() {
        return Err(Problem::of_file(place.file, Mistake::StrictWithoutMachineId));
    }
    Ok(())
}
