//! `plex-auth setup`: from an installed package to the first friend's login.

pub(crate) mod accounts;
mod diff;
pub(crate) mod edit;
pub(crate) mod existing;
mod finish;
pub(crate) mod friends;
mod interrupt;
mod link;
mod local_server;
mod options;
mod pam;
mod password;
mod people;
mod preferences;
pub(crate) mod programs;
mod questions;
mod ready;
mod server;
pub(crate) mod service;
mod sign_in;
mod trouble;
pub(crate) mod write;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use plex::Client;

use crate::context::Context;
use crate::failure::Failure;
use crate::plex_tv::{self, Place};
use crate::terminal::{self, Mark, say};

use edit::Wanted;
use existing::Existing;
use friends::Mapping;
pub(crate) use options::Options;
use people::People;
use questions::Asking;

/// How long a connection to plex.tv may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

pub(crate) fn run(context: &Context, options: &Options) -> Result<ExitCode, Failure> {
    let done = perform(&context.config, options);
    interrupt::give_up();
    done.map(|()| ExitCode::SUCCESS)
}

fn perform(path: &Path, options: &Options) -> Result<(), Failure> {
    let interactive = !options.yes && terminal::is_interactive();
    if !options.yes && !interactive {
        return Err(Failure::new("there is no terminal to ask at").mend(
            "take the defaults: plex-auth setup --yes; what else can be answered beforehand: plex-auth setup --help",
        ));
    }
    if !options.dry_run {
        ready::check(path)?;
    }
    let existing = Existing::read(path)?;
    interrupt::watch();
    let asking = Asking { options, existing: &existing, interactive };
    let place = Network::of(asking)?;
    let client = place.client(options.dry_run)?;

    let (wanted, changes) = ask(&client, asking, place)?;
    let (text, _) = edit::apply(&existing, &wanted, path)?;
    let way = pam::way();
    let pam = asking.pam(way)?;
    if options.dry_run {
        show(path, &existing, &text, &wanted, way.command().filter(|_| pam));
        return Ok(());
    }
    say("");
    write_down(path, &existing, &text)?;
    match way {
        pam::Way::Hand if pam => pam::by_hand(),
        _ if pam => way.go()?,
        _ => {}
    }
    finish::say_next(&existing, &changes, wanted.group.as_deref());
    Ok(())
}

/// All that is asked, in its order.
fn ask(client: &Client, asking: Asking, place: Network) -> Result<(Wanted, Vec<Mapping>), Failure> {
    let Asking { options, existing, interactive } = asking;
    let local = {
        let _spinner = terminal::spinner("Looking for the Plex server on this machine");
        let configured = existing.text_of("server_url");
        local_server::find(client, options.server_url.as_deref(), configured, options.preferences.as_deref())?
    };
    if let Some(local) = &local {
        let name = local.name.as_deref().map(|name| format!("{}, ", wire::printable(name, 40))).unwrap_or_default();
        good(format!("Plex Media Server: {name}{}", local.url.as_str().trim_end_matches('/')));
    }
    let owner = sign_in::owner(client, options, existing, local.as_ref(), interactive)?;
    good(format!("The owner: {}, by {}", owner.name(), owner.how));
    let server = server::choose(client, &owner, options.machine.as_deref(), existing, local.as_ref(), interactive)?;
    good(format!("The server: {}", server.name));

    let admin = asking.admin(&owner)?;
    let group = asking.group()?;
    let strict = asking.strict(&server)?;
    let link = asking.link()?;
    let server_url = asking.server_url(&server, local.as_ref(), strict)?;
    let people = People::read(client, &owner, &server, strict, admin.as_deref())?;
    let users = existing.users();
    let mut chosen = match options.users.as_slice() {
        [] if interactive => friends::ask_which(&people, &users, !existing.is_configured())?,
        named => friends::named(named, &people)?,
    };
    // Who is there already, under whatever name of theirs, stays as they were typed.
    chosen.retain(|new| !users.iter().any(|(local, plex)| *local == new.local && people.is(plex, new.plex)));
    let known = existing.token().is_some_and(|token| token.expose() == owner.token.expose());
    let wanted = Wanted {
        token: Some(owner.token).filter(|_| !known),
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
        users: chosen.clone(),
    };
    Ok((wanted, chosen))
}

/// The way to plex.tv.
struct Network {
    url: url::Url,
    ca_file: Option<PathBuf>,
    given_url: Option<String>,
    given_ca: Option<PathBuf>,
}

impl Network {
    fn of(asking: Asking) -> Result<Self, Failure> {
        let Asking { options, existing, .. } = asking;
        let given_url = options.plex_url.clone();
        let address = given_url.as_deref().or(existing.text_of("plex_url")).unwrap_or("https://plex.tv");
        let url = config::base_url(address)
            .map_err(|(what, mend)| Failure::new(format!("--plex-url {address}: {what}")).mend(mend))?;
        let absolute = |file: &PathBuf| {
            std::fs::canonicalize(file).map_err(|error| Failure::new(format!("--ca-file {}: {error}", file.display())))
        };
        let given_ca = options.ca_file.as_ref().map(absolute).transpose()?;
        let ca_file = given_ca.clone().or_else(|| existing.text_of("ca_file").map(PathBuf::from));
        Ok(Self { url, ca_file, given_url, given_ca })
    }

    fn client(&self, passing: bool) -> Result<Client, Failure> {
        let place = Place { url: self.url.clone(), ca_file: self.ca_file.clone(), connect: CONNECT };
        if passing { plex_tv::passing_client(place) } else { plex_tv::client(place) }
    }
}

/// Puts the new text into the file, unless it is there, and lets the daemon read it.
fn write_down(path: &Path, existing: &Existing, text: &str) -> Result<(), Failure> {
    if existing.text.as_deref() == Some(text) && config::load(path).is_ok() {
        good(format!("{} says all this already", path.display()));
        return Ok(());
    }
    interrupt::write(|| write::write(path, text))?;
    good(format!("{} is written", path.display()));
    service::restart();
    Ok(())
}

/// What would be done.
fn show(path: &Path, existing: &Existing, text: &str, wanted: &Wanted, pam: Option<String>) {
    let known = existing.token();
    let secrets: Vec<&str> = [&known, &wanted.token].into_iter().flatten().map(plex::Token::expose).collect();
    let changes = diff::diff(existing.text.as_deref().unwrap_or_default(), text, &secrets);
    say("");
    if changes.is_empty() {
        say(format!("{} would stay as it is.", path.display()));
    } else {
        say(format!("{} would change:", path.display()));
        terminal::print(&changes);
    }
    if let Some(command) = pam {
        say(format!("PAM would be changed by: {command}"));
    }
    say("Nothing was changed.");
}

fn good(text: impl std::fmt::Display) {
    say(format!("{} {text}", Mark::Good.shown()));
}
