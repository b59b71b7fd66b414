//! Login from the command line: plex-authd's prompts are shown at the terminal.

use std::io::{IsTerminal, stdin};
use std::path::Path;
use std::time::Duration;

use protocol::{
    AdminReply, AdminRequest, AdminResponse, Connection, Deadline, InvalidInput, LoginRequest, MAX_PASSWORD, Phase,
    Prompt, PromptReply, Reply, Request, Secret, Trace, Verdict, printable,
};

use crate::client::daemon::{broken, unexpected_reply, unreachable};
use crate::error::Error;
use crate::ui::secret_prompt::ask_hidden;
use crate::ui::terminal::{self, spinner};

/// Longest silence of the daemon, which sends [`Reply::Working`] while it is busy.
const SILENCE: Duration = Duration::from_secs(5);

/// Signs `user` in, as `service`.
///
/// # Errors
/// As [`converse`].
pub(crate) fn sign_in(socket: &Path, user: &str, service: &str) -> Result<Verdict, Error> {
    let request = Request::Login(request(user, service, Phase::Authenticate, None));
    converse(socket, user, &request).map(|(verdict, _)| verdict)
}

/// Lets plex-authd decide about a phase of a login that a process of the user `caller` (root without one) would ask about, and
/// explain the decision, with what is held against the account at the address `from`, or anywhere.
///
/// # Errors
/// As [`converse`].
pub(crate) fn explain(
    socket: &Path,
    user: &str,
    service: &str,
    phase: Phase,
    from: Option<&str>,
    caller: Option<u32>,
) -> Result<(Verdict, Option<Trace>), Error> {
    // An origin of its own, so that wrong passwords delay no login at the machine.
    let login = request(user, service, phase, Some("root"));
    converse(socket, user, &Request::Admin(AdminRequest::Explain { login, from: from.map(str::to_owned), caller }))
}

/// A request without `PAM_TTY` and a remote host.
fn request(user: &str, service: &str, phase: Phase, ruser: Option<&str>) -> LoginRequest {
    LoginRequest {
        version: protocol::VERSION,
        phase,
        user: user.to_owned(),
        service: Some(service.to_owned()),
        tty: None,
        rhost: None,
        ruser: ruser.map(str::to_owned),
        link: false,
        plex_only: false,
        one_prompt: false,
        terminal: stdin().is_terminal(),
        screen: None,
    }
}

/// Lets plex-authd decide about `user`. Returns its verdict, and the trace if the request is to explain the decision.
///
/// # Errors
/// The daemon is not available, or the caller is not root.
fn converse(socket: &Path, user: &str, request: &Request) -> Result<(Verdict, Option<Trace>), Error> {
    let mut connection = Connection::open(socket).map_err(|error| unreachable(socket, &error))?;
    let send = |connection: &mut Connection, request: &Request| connection.send(request, Deadline::after(SILENCE));
    send(&mut connection, request).map_err(broken)?;
    let mut trace = None;
    loop {
        let reply = {
            let _spinner = spinner("Waiting for plex-authd");
            next(&mut connection).map_err(broken)?
        };
        match reply {
            AdminReply::Login(Reply::Prompt(prompt)) => {
                send(&mut connection, &Request::PromptReply(ask(&prompt, user)?)).map_err(broken)?;
            }
            AdminReply::Login(Reply::Notice(text)) => terminal::note(printable(&text, 200)),
            AdminReply::Response { managed: AdminResponse::Trace(steps) } => trace = Some(steps),
            AdminReply::Response { managed: AdminResponse::NotYours } => {
                return Err(Error::new("only root may ask plex-authd this"));
            }
            AdminReply::Login(Reply::Verdict(verdict)) => return Ok((verdict, trace)),
            AdminReply::Response { .. } | AdminReply::Login(Reply::Working) => return Err(unexpected_reply()),
        }
    }
}

/// The next reply other than [`Reply::Working`].
fn next(connection: &mut Connection) -> Result<AdminReply, protocol::Error> {
    loop {
        match connection.receive(Deadline::after(SILENCE))? {
            AdminReply::Login(Reply::Working) => {}
            other => return Ok(other),
        }
    }
}

fn ask(prompt: &Prompt, user: &str) -> Result<PromptReply, Error> {
    let lines = prompt.text.trim_end().trim_end_matches(':').lines().map(|line| printable(line, 200));
    let text = lines.collect::<Vec<_>>().join("\n");
    let typed = match (prompt.echo, prompt.password) {
        // The plain prompt of a login does not say which password is meant.
        (false, true) if text == "Password" => ask_hidden(&format!("Plex password of {user}"))?,
        (false, _) => ask_hidden(&text)?,
        (true, _) => match terminal::ask(&text, None) {
            Ok(typed) => Secret::from(typed),
            Err(_) => return Ok(PromptReply::Failed),
        },
    };
    let fits = typed.expose().len() <= MAX_PASSWORD;
    Ok(if fits { PromptReply::Text(typed) } else { PromptReply::Invalid(InvalidInput::TooLong) })
}
