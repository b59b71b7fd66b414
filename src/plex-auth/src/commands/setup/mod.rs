//! `plex-auth setup`: from an installed package to the first friend's login.

pub(crate) mod accounts;
mod args;
mod authselect;
mod diff;
mod dry_run;
pub(crate) mod edit;
pub(crate) mod existing;
mod finish;
pub(crate) mod friends;
mod link;
mod local_server;
mod network;
mod pam;
mod password;
mod people;
mod plex_errors;
mod preferences;
mod preflight;
mod questions;
mod rollback;
mod server;
pub(crate) mod service;
mod sign_in;
mod superseded;
pub(crate) mod write;

use std::process::ExitCode;

use config::Config;
use plex::Client;
use policy::PlexUser;

use crate::commands::user::{add, membership};
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{self, Status, say};

pub(crate) use args::Options;
use edit::Wanted;
use existing::Existing;
use friends::Mapping;
use network::Network;
use people::People;
use questions::Asking;
use superseded::Superseded;

pub(crate) fn run(context: &Context, options: &Options) -> Result<ExitCode, Error> {
    let done = perform(context, options);
    rollback::give_up();
    done.map(|()| ExitCode::SUCCESS)
}

fn perform(context: &Context, options: &Options) -> Result<(), Error> {
    let path = context.config.as_path();
    let interactive = !options.yes && terminal::is_interactive();
    if !options.yes && !interactive {
        return Err(Error::new("there is no terminal to ask at").mend(
            "take the defaults: plex-auth setup --yes; what else can be answered beforehand: plex-auth setup --help",
        ));
    }
    if !options.dry_run {
        preflight::check(path)?;
    }
    let existing = Existing::read(path)?;
    rollback::watch();
    let asking = Asking { options, existing: &existing, interactive };
    let place = Network::of(asking)?;
    let client = place.client(options.dry_run)?;

    let Asked { wanted, chosen, owner, superseded } = ask(&client, asking, place)?;
    let (text, config) = edit::apply(&existing, &wanted, path)?;
    let create = asking.create(&chosen);
    let way = pam::way();
    let pam = asking.pam(way)?;
    if options.dry_run {
        dry_run::show(path, &existing, &text, &wanted);
        let create = if create { chosen.as_slice() } else { &[] };
        return dry_run::say_else(create, &config, &owner, way.command().filter(|_| pam));
    }
    say("");
    write_down(context, &existing, &text, superseded.as_ref())?;
    if create {
        make_accounts(context, &chosen);
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

/// The answers.
struct Asked {
    /// All that goes into the file.
    wanted: Wanted,
    /// The people who were chosen, those that the file names already too.
    chosen: Vec<Mapping>,
    /// The server's owner.
    owner: PlexUser,
    /// The token that leaves the file.
    superseded: Option<Superseded>,
}

/// Asks for all that goes into the file, in the file's order.
fn ask(client: &Client, asking: Asking, place: Network) -> Result<Asked, Error> {
    let Asking { options, existing, interactive } = asking;
    let local = {
        let _spinner = terminal::spinner("Looking for the Plex server on this machine");
        let configured = existing.text_of("server_url");
        local_server::find(client, options.server_url.as_deref(), configured, options.preferences.as_deref())?
    };
    if let Some(local) = &local {
        let name = local.name.as_deref().map(|name| format!("{}, ", protocol::printable(name, 40))).unwrap_or_default();
        good(format!("Plex Media Server: {name}{}", local.url.as_str().trim_end_matches('/')));
    }
    let owner = sign_in::owner(client, options, existing, local.as_ref(), interactive)?;
    good(format!("The owner: {}, by {}", owner.name(), owner.how));
    let server = server::choose(&owner, options.machine.as_deref(), existing, local.as_ref(), interactive)?;
    good(format!("The server: {}", server.name));

    let admin = asking.admin(&owner)?;
    let group = asking.group()?;
    let strict = asking.strict(&server)?;
    let link = asking.link()?;
    let server_url = asking.server_url(&server, local.as_ref(), strict)?;
    let people = People::read(&owner, &server, strict, admin.as_deref())?;
    let users = existing.users();
    let chosen = match options.users.as_slice() {
        [] if interactive => friends::ask_which(&people, &users, !existing.is_configured())?,
        named => friends::named(named, &people)?,
    };
    // Who is there already, under whatever name of theirs, stays as they were typed.
    let there = |new: &&Mapping| users.iter().any(|(local, plex)| *local == new.local && people.is(plex, new.plex));
    let fresh = chosen.iter().filter(|new| !there(new)).cloned().collect();
    let person = directory::person(owner.account.clone());
    let known = existing.token().is_some_and(|token| token.expose() == owner.token.expose());
    let superseded = if known { None } else { Superseded::by(&owner.token, existing, client, local.as_ref()) };
    let wanted = Wanted {
        token: Some(owner.token).filter(|_| !known),
        client_identifier: owner.identifier,
        machine_id: server.machine_id,
        server_name: server.name,
        owner_id: owner.account.id,
        admin,
        strict,
        link,
        server_url,
        group,
        plex_url: place.given_url,
        ca_file: place.given_ca,
        users: fresh,
    };
    Ok(Asked { wanted, chosen, owner: person, superseded })
}

/// Puts the new text into the file, unless it is there, lets the daemon read it, and revokes the token that has left it.
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
    let told = service::restart();
    if let Some(superseded) = superseded {
        superseded.revoke(context, told);
    }
    Ok(())
}

/// One that cannot be made keeps no other from being made; what is left to do is said at the end.
fn make_accounts(context: &Context, users: &[Mapping]) {
    for user in friends::missing(users) {
        if let Err(failure) = add::run(context, &add::Options::new(&user.local, user.plex)) {
            terminal::warn(failure);
        }
    }
}

/// Adds the accounts to the group by which PAM knows them while plex-authd is stopped. What goes wrong is said: the file is
/// written already.
fn protect(config: &Config, owner: &PlexUser) {
    if let Some(Err(failure)) = config.group.as_deref().map(membership::ensure) {
        terminal::warn(failure);
    } else {
        membership::join_all(config, Some(owner));
    }
    for warning in config.warnings() {
        terminal::warn(format!("{}\n  {}", warning.what, warning.mend));
    }
    membership::warn_about_powers(config, Some(owner));
}

fn good(text: impl std::fmt::Display) {
    say(format!("{} {text}", Status::Ok.shown()));
}
