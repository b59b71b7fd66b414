//! Checks of the owner's token and of the server that counts.

use std::time::Instant;

use config::Config;
use directory::Reader;
use plex::{Client, Error, Token};
use policy::{BootTime, PlexId, PlexUser, reaches};

use crate::client::plex_tv::{Clients, QUESTION};
use crate::client::preferences;
use crate::ui::check::Checks;

const SETUP: &str = "run: plex-auth setup";
const LATER: &str = "later, run plex-auth doctor again";

/// Checks the token, and returns its account, if plex.tv told.
pub(super) fn check(config: &Config, clients: &Clients, token: &Token, checks: &mut Checks) -> Option<PlexUser> {
    if preferences::with_token(token, None).is_some() {
        let what = "it is the media server's own: plex.tv may rewrite its record of the server from requests with it, and Plex \
                    apps then may not find the server";
        checks.warning("token", what, "replace it by one of plex-auth's own; run: plex-auth setup");
        return None;
    }
    let client = clients.for_owner(config.client_identifier.as_deref());
    match config.owner_id {
        Some(owner) if config.client_identifier.is_none() => {
            listed(config, owner, &client, token, checks);
            None
        }
        _ => shown(config, &client, token, checks),
    }
}

/// Checks a token that was issued to an unknown device. With `owner_id`, only the older list of people is read with it (R64).
fn listed(config: &Config, owner: PlexId, client: &Client, token: &Token, checks: &mut Checks) {
    let reader = Reader {
        client,
        token,
        owner_id: Some(owner),
        has_identity: false,
        machine_id: config.machine_id.as_deref(),
        // Only the owner sees with whom the server is shared, no matter who has access here.
        strict: config.machine_id.is_some(),
        timeout: QUESTION,
        deadline: None,
    };
    let list = match reader.owner().and_then(|owner| reader.list(owner, BootTime::from_millis(0))) {
        Ok(list) => list,
        Err(directory::Error::Plex(Error::Refused | Error::Forbidden(_))) => {
            checks.error("token", "plex.tv no longer accepts it", SETUP);
            return;
        }
        Err(error) => {
            checks.warning("token", format!("it cannot be checked: {error}"), LATER);
            return;
        }
    };
    checks.ok("token", format!("plex.tv accepts it; according to owner_id it belongs to Plex id {owner}"));
    let Some(machine_id) = &config.machine_id else { return };
    match list.second_source {
        None => checks.ok("machine", format!("{machine_id} is the server of the token's account")),
        Some(why) => {
            let what = format!("plex.tv does not show with whom {machine_id} is shared: {why}");
            let hint = "is it the server of the token's account? otherwise run: plex-auth setup --sign-in link; \
                        if it is, look for an update of plex-auth";
            checks.warning("machine", what, hint);
        }
    }
}

/// Checks a token by the account that plex.tv shows for it.
fn shown(config: &Config, client: &Client, token: &Token, checks: &mut Checks) -> Option<PlexUser> {
    let account = match client.account(token, Instant::now() + QUESTION) {
        Ok(account) => account,
        Err(Error::Refused | Error::Forbidden(_)) => {
            checks.error("token", "plex.tv no longer accepts it", SETUP);
            return None;
        }
        Err(error) => {
            checks.warning("token", format!("plex.tv does not show who owns it: {error}"), LATER);
            return None;
        }
    };
    let name = account.username.clone().or_else(|| account.email.clone()).unwrap_or_else(|| "somebody".to_owned());
    let (id, person) = (account.id, account);
    let before = checks.count();
    if let Some(owner) = config.owner_id.filter(|owner| *owner != id) {
        checks.error("token", format!("it is {name}'s (Plex id {id}), and owner_id is {owner}"), SETUP);
    }
    if let Some(admin) = config.admin_account.as_ref().filter(|admin| !person.goes_by(admin)) {
        let hint = format!("write admin_account = \"{name}\", or sign {admin} in: plex-auth setup");
        let what = format!("it belongs to {name}, but admin_account is {admin}, who cannot sign in");
        checks.warning("token", what, hint);
    }
    checks.ok_unless(before, "token", format!("plex.tv accepts it; it is {name}'s"));
    if let Some(machine_id) = &config.machine_id {
        machine(machine_id, id, &name, client, token, checks);
    }
    Some(person)
}

fn machine(id: &str, owner: PlexId, name: &str, client: &Client, token: &Token, checks: &mut Checks) {
    let rows = match client.resources(token, Instant::now() + QUESTION) {
        Ok(rows) => rows,
        Err(error) => {
            checks.warning("machine", format!("plex.tv does not say which servers {name} has: {error}"), LATER);
            return;
        }
    };
    let rows: Vec<_> = rows.into_iter().filter_map(|row| row.server_row()).collect();
    if reaches(id, owner, owner, &rows).is_ok() {
        checks.ok("machine", format!("{id} is {name}'s server"));
    } else {
        checks.error("machine", format!("{name} has no server {id}: nobody but {name} can sign in"), SETUP);
    }
}
