//! `plex-auth setup`: from an installed package to the first friend's login.

mod approval;
mod args;
mod authselect;
mod choice;
mod confirmation;
mod diff;
mod dry_run;
mod edit;
mod finish;
mod friends;
mod link;
mod local_server;
mod named_server;
mod network;
mod owner;
mod pam;
mod password;
mod plex_errors;
mod preflight;
mod proof;
mod questions;
mod rollback;
mod server;
mod server_url;
mod sign_in;
mod superseded;
mod token_owner;

use std::process::ExitCode;

use config::Config;
use directory::Reader;
use policy::{PlexRef, PlexUser, Rules};

use crate::accounts::{create::create, membership, purpose::Purpose};
use crate::client::friends::{Extent, Friends};
use crate::client::plex_tv::{Clients, NewIdentifier, QUESTION};
use crate::client::service_manager;
use crate::config_file::existing::Existing;
use crate::config_file::write;
use crate::context::Context;
use crate::error::Error;
use crate::ui::hint;
use crate::ui::terminal::{self, Status, say};

pub(crate) use args::SetupArgs;
use choice::AccountChoice;
use confirmation::Confirmation;
use edit::Wanted;
use network::Network;
use questions::Asking;
use superseded::Superseded;

pub(crate) fn run(context: &Context, args: &SetupArgs) -> Result<ExitCode, Error> {
    let done = perform(context, args);
    rollback::give_up();
    done.map(|()| ExitCode::SUCCESS)
}

fn perform(context: &Context, args: &SetupArgs) -> Result<(), Error> {
    let path = context.config.as_path();
    let interactive = !args.yes && terminal::is_interactive();
    if !args.yes && !interactive {
        return Err(Error::new("there is no terminal to ask at").hint(
            "take the defaults: plex-auth setup --yes; what else can be answered beforehand: plex-auth setup --help",
        ));
    }
    if !args.dry_run {
        preflight::check(path)?;
    }
    let existing = Existing::read(path)?;
    rollback::watch();
    let asking = Asking { args, existing: &existing, interactive };
    let place = Network::of(asking)?;
    let clients = place.clients(if args.dry_run { NewIdentifier::Passing } else { NewIdentifier::Stored })?;

    let Asked { wanted, chosen, owner, superseded } = ask(&clients, asking, place)?;
    let (text, config) = edit::apply(&existing, &wanted, path)?;
    let create = asking.create(&chosen);
    let way = pam::way();
    let pam = asking.pam(way)?;
    if args.dry_run {
        dry_run::show(path, &existing, &text, &wanted);
        let create = if create { chosen.as_slice() } else { &[] };
        return dry_run::say_else(create, &config, &owner, way.command().filter(|_| pam));
    }
    say("");
    write_down(context, &existing, &text, superseded.as_ref())?;
    if create {
        make_accounts(context, &config, &chosen)?;
    }
    protect(&config, &owner);
    match way {
        pam::Way::Hand if pam => pam::by_hand(),
        _ if pam => way.go()?,
        _ => {}
    }
    finish::say_next(&existing, &chosen, wanted.group.as_deref());
    Ok(())
}

/// Answers to all questions.
struct Asked {
    /// Settings for the file.
    wanted: Wanted,
    /// The chosen accounts, including those in the file.
    chosen: Vec<AccountChoice>,
    /// The server's owner.
    owner: PlexUser,
    /// The previous token, if it is replaced.
    superseded: Option<Superseded>,
}

/// Asks for all settings, in the file's order.
fn ask(clients: &Clients, asking: Asking, place: Network) -> Result<Asked, Error> {
    let Asking { args, existing, interactive } = asking;
    let confirmation = Confirmation::of(asking)?;
    let local = {
        let _spinner = terminal::spinner("Looking for a Plex server here");
        local_server::find(clients.plain(), confirmation.address(), args.preferences.as_deref())?
    };
    if let Some(local) = &local {
        let name = local.name.as_deref().map(|name| format!("{}, ", protocol::printable(name, 40))).unwrap_or_default();
        good(format!("Plex Media Server: {name}{}", local.url.as_str().trim_end_matches('/')));
    }
    let owner = sign_in::owner(clients, asking, local.as_ref())?;
    good(format!("The owner: {}, by {}", owner.name(), owner.how));
    let (machine, local) = (args.machine.as_deref(), local.as_ref());
    let server = if owner.may_use_v2 {
        server::choose(&owner, machine, existing, local, interactive)?
    } else {
        named_server::choose(&owner, machine, existing, local)?
    };
    good(format!("The server: {}", server.name));

    let admin = asking.admin(&owner)?;
    let group = asking.group()?;
    let strict = asking.strict(&server)?;
    let link = asking.link()?;
    let server_url = confirmation.decide(clients.plain(), &server, local, strict)?;
    // The shares are read in any case: the response also proves that the server is the owner's. The second source does not.
    let reader = Reader {
        client: &owner.client,
        token: &owner.token,
        owner_id: Some(owner.account.id),
        has_identity: owner.may_use_v2,
        machine_id: Some(&server.machine_id),
        strict,
        timeout: QUESTION,
        deadline: None,
    };
    let rules = Rules { strict, admin: admin.clone(), owner_id: Some(owner.account.id) };
    let extent = if strict { Extent::Deciding } else { Extent::All };
    let friends = Friends::fetch(&reader, owner.account.clone(), rules, extent).map_err(|error| match error {
        directory::Error::Plex(error) => plex_errors::explain(&error),
        wrong_owner @ directory::Error::WrongOwner { .. } => Error::new(wrong_owner.to_string()),
    })?;
    if let Some(why) = friends.second_source() {
        proof::without_shares(asking, &owner, &server, why)?;
    }
    let users = existing.users();
    let chosen = match args.users.as_slice() {
        [] if interactive => friends::ask_which(&friends, &users, !existing.is_configured())?,
        named => friends::named(named, &friends)?,
    };
    // Existing entries for the same person keep their text.
    let is = |plex: &str, id| friends.id_of(&PlexRef::parse(plex)) == Some(id);
    let there = |new: &&AccountChoice| users.iter().any(|(local, plex)| *local == new.local && is(plex, new.plex));
    let fresh = chosen.iter().filter(|new| !there(new)).cloned().collect();
    let known = existing.token().is_some_and(|token| token.expose() == owner.token.expose());
    let superseded = if known { None } else { Superseded::by(&owner.token, existing, clients, local) };
    let wanted = Wanted {
        token: Some(owner.token).filter(|_| !known),
        client_identifier: owner.identifier,
        machine_id: server.machine_id,
        server_name: server.name,
        owner_id: owner.account.id.0,
        admin,
        strict,
        link,
        server_url,
        group,
        plex_url: place.given_url,
        ca_file: place.given_ca,
        users: fresh,
    };
    Ok(Asked { wanted, chosen, owner: owner.account, superseded })
}

/// Writes the new text unless the file has it, makes the daemon load it, and revokes the previous token.
fn write_down(
    context: &Context,
    existing: &Existing,
    text: &str,
    superseded: Option<&Superseded>,
) -> Result<(), Error> {
    let path = context.config.as_path();
    if existing.text.as_deref() == Some(text) && config::load(path).is_ok() {
        good(format!("{} says all this already", path.display()));
        return Ok(());
    }
    rollback::write(|| write::write(path, text))?;
    good(format!("{} is written", path.display()));
    if superseded.is_some() {
        superseded::let_the_clock_move();
    }
    let told = service_manager::restart();
    if let Some(superseded) = superseded {
        superseded.revoke(context, told);
    }
    Ok(())
}

/// Creates missing accounts. A failure does not affect the others; the remaining steps are shown at the end.
fn make_accounts(context: &Context, config: &Config, users: &[AccountChoice]) -> Result<(), Error> {
    let purpose = Purpose::recorded(config)?.map_or_else(|| Purpose::configured_shell(config), Ok)?;
    for user in choice::missing(users) {
        if let Err(error) = create(context, &user.local, &user.plex.to_string(), &purpose, false) {
            terminal::warn(error);
        }
    }
    Ok(())
}

/// Adds the accounts to the group that PAM checks while plex-authd is stopped. Failures are only printed: the file is written
/// already.
fn protect(config: &Config, owner: &PlexUser) {
    if let Some(Err(failure)) = config.group.as_deref().map(membership::ensure) {
        terminal::warn(failure);
    } else {
        membership::join_all(config, Some(owner));
    }
    for warning in config.warnings() {
        terminal::warn(hint::with(&warning.what, &warning.fix));
    }
    membership::warn_about_powers(config, Some(owner));
}

fn good(text: impl std::fmt::Display) {
    say(format!("{} {text}", Status::Ok.shown()));
}
