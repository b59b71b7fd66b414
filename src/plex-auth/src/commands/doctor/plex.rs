//! `doctor --plex`: the shapes of the answers of plex.tv and of the media server, compared with what plex-auth relies on.

mod session;
mod shown;
mod sign_in;

use std::time::Instant;

use config::{Config, Source};
use plex::shape::{Endpoint, Shape};
use plex::{Client, Error as PlexError, Token};
use protocol::{AdminRequest, AdminResponse};

use self::session::Session;
use self::shown::name;
use self::sign_in::Account;
use super::settings;
use crate::client::daemon::Daemon;
use crate::client::plex_tv::{Clients, QUESTION};
use crate::client::preferences;
use crate::context::Context;
use crate::error::Error;
use crate::ui::check::Checks;
use crate::ui::terminal;

/// Runs the comparison. Everything that will be sent is announced first.
///
/// # Errors
/// The caller is not root, there is no terminal to ask for the password at, or no client can be set up.
pub(super) fn compare(context: &Context, sign_in: bool, checks: &mut Checks) -> Result<(), Error> {
    Context::require_root(if sign_in { "plex-auth doctor --plex --sign-in" } else { "plex-auth doctor --plex" })?;
    if sign_in && !terminal::is_interactive() {
        return Err(Error::new(
            "--sign-in asks for the owner's password, and there is no terminal for questions; nothing was sent",
        )
        .hint("run it at a terminal, or leave --sign-in out: plex-auth doctor --plex"));
    }
    if sign_in {
        refuse_while_stopped(context)?;
    }
    let Some(config) = settings::check(context, checks) else { return Ok(()) };
    let plan = plan(&config);
    announce(&config, &plan, sign_in);
    let owner = if sign_in { Some(Account::ask(&config)?) } else { None };
    let mut session = Session::new(checks);
    let clients = Clients::of(&config)?;
    let reading = clients.for_owner(config.client_identifier.as_deref());
    let _spinner = terminal::spinner("Comparing the responses");
    for (endpoint, step) in plan {
        match step {
            Step::Skip(why) => session.skip(endpoint.contract(), why),
            Step::Send if session.stopped_at(&[endpoint]) => {}
            Step::Send => {
                if let Some(shape) = read(endpoint, &config, &reading) {
                    session.add(endpoint.contract(), shape);
                }
            }
        }
    }
    if let Some(owner) = owner {
        // The identifier of the owner's token would end that token, and a stored one may be it.
        owner.compare(&clients.new_device(&system::random::identifier()), &mut session);
    }
    Ok(())
}

/// Checks that plex-authd's circuit breaker is closed: while plex.tv blocks this address or limits its requests, a sign-in or a
/// link code may prolong that for everybody. Without plex-authd, nothing is known about it.
///
/// # Errors
/// It is open.
fn refuse_while_stopped(context: &Context) -> Result<(), Error> {
    let status = Daemon::open(&context.socket).and_then(|mut daemon| daemon.ask(AdminRequest::Status));
    let Ok(AdminResponse::Status(status)) = status else { return Ok(()) };
    status.closed.or(status.link_closed).map_or(Ok(()), |(why, seconds)| {
        let what = format!("plex-authd sends no sign-ins or link codes at present: {why}; nothing was sent");
        let wait = protocol::counted(seconds, "second", "seconds");
        let hint = format!("run it again in {wait}, or leave --sign-in out: plex-auth doctor --plex");
        Err(Error::new(what).hint(hint))
    })
}

/// Treatment of a request.
enum Step {
    Send,
    Skip(&'static str),
}

/// The requests without a sign-in, in order.
fn plan(config: &Config) -> Vec<(Endpoint, Step)> {
    let has_token = matches!(config.source, Source::Token(_));
    let is_servers_own = match &config.source {
        Source::Token(token) => preferences::with_token(&Token::from(token.expose()), None).is_some(),
        Source::Resources { .. } => false,
    };
    let pasted = config.client_identifier.is_none();
    let without_token = "the configuration has no token";
    let reading = |endpoint: Endpoint| match endpoint {
        _ if !has_token => Step::Skip(without_token),
        _ if is_servers_own => Step::Skip("the token is the media server's own; `plex-auth setup` replaces it"),
        // R64: v2 needs a client identifier, and one of ours must not be tied to a token of unknown origin.
        Endpoint::User | Endpoint::Resources if pasted && config.owner_id.is_some() => Step::Skip(
            "the token was pasted and owner_id is set, so plex-auth never sends this request; after `plex-auth setup` it can",
        ),
        Endpoint::SharedServers if config.machine_id.is_none() => Step::Skip("the configuration has no machine_id"),
        _ => Step::Send,
    };
    let server = |endpoint| match config.server_url {
        Some(_) => (endpoint, Step::Send),
        None => (endpoint, Step::Skip("the configuration has no server_url")),
    };
    [Endpoint::User, Endpoint::Users, Endpoint::SharedServers, Endpoint::Resources]
        .map(|endpoint| (endpoint, reading(endpoint)))
        .into_iter()
        .chain([Endpoint::Identity, Endpoint::MediaServer].map(server))
        .collect()
}

/// Says what will be sent, on standard error.
fn announce(config: &Config, plan: &[(Endpoint, Step)], sign_in: bool) {
    terminal::note("This sends, once each:");
    for (endpoint, _) in plan.iter().filter(|(_, step)| matches!(step, Step::Send)) {
        let to = match (endpoint, &config.server_url) {
            (Endpoint::Identity | Endpoint::MediaServer, Some(server)) => format!("to {server}, without a valid token"),
            _ => format!("to {}, with the stored token", config.plex_url),
        };
        terminal::note(format!("  {} {to}", name(endpoint.contract())));
    }
    if sign_in {
        for (endpoint, what) in [
            (Endpoint::SignIn, "with the password that you will be asked for"),
            (Endpoint::Revocation, "which ends that sign-in"),
            (Endpoint::LinkCode, "which creates a link code"),
            (Endpoint::Approval, "once; the code is then forgotten, and expires (plex.tv cannot cancel one)"),
        ] {
            terminal::note(format!("  {} to {}, {what}", name(endpoint.contract()), config.plex_url));
        }
        terminal::note(
            "plex.tv may send the owner a mail about a new device, and lists it until the owner removes it.",
        );
    }
    terminal::note(
        "No answer is stored. What is shown are names of fields, types and numbers of rows, and no content.",
    );
}

/// Sends a request that changes nothing. `None` for one that does, or that the configuration has no address or name for.
fn read(endpoint: Endpoint, config: &Config, client: &Client) -> Option<Result<Shape, PlexError>> {
    let deadline = Instant::now() + QUESTION;
    let token = match &config.source {
        Source::Token(token) => Token::from(token.expose()),
        Source::Resources { .. } => Token::from(""),
    };
    let server = config.server_url.as_ref();
    match endpoint {
        Endpoint::User => Some(client.user_shape(&token, deadline)),
        Endpoint::Users => Some(client.users_shape(&token, deadline)),
        Endpoint::SharedServers => {
            let machine_id = config.machine_id.as_deref()?;
            Some(client.shared_servers_shape(&token, machine_id, deadline))
        }
        Endpoint::Resources => Some(client.resources_shape(&token, deadline)),
        Endpoint::Identity => Some(client.identity_shape(server?, deadline)),
        Endpoint::MediaServer => Some(client.media_server_shape(server?, deadline)),
        Endpoint::SignIn | Endpoint::Revocation | Endpoint::LinkCode | Endpoint::Approval => None,
    }
}
