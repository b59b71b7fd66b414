//! A login of the command's own: plex-authd asks, somebody at the terminal answers.

use std::path::Path;
use std::time::Duration;

use wire::{
    Answer, Ask, Connection, Deadline, MAX_PASSWORD, Managed, Reply, Request, Secret, Unusable, Verdict, printable,
};

use crate::daemon::{astray, unreachable};
use crate::failure::Failure;
use crate::hidden::ask_hidden;
use crate::terminal::{self, spinner};

/// How long the daemon may be silent; it says every now and then that it is at work.
const SILENCE: Duration = Duration::from_secs(5);

/// Lets plex-authd decide about `user`, and gives its verdict, and its reason where that was asked for.
pub(crate) fn converse(socket: &Path, user: &str, question: &Request) -> Result<(Verdict, String), Failure> {
    let mut connection = Connection::open(socket).map_err(|error| unreachable(socket, &error))?;
    let broken = |error: wire::Error| Failure::new(format!("plex-authd: {error}"));
    let send = |connection: &mut Connection, request: &Request| connection.send(request, Deadline::after(SILENCE));
    send(&mut connection, question).map_err(broken)?;
    let mut because = String::new();
    loop {
        let reply = {
            let _spinner = spinner("plex-authd decides");
            next(&mut connection).map_err(broken)?
        };
        match reply {
            Reply::Ask(prompt) => send(&mut connection, &Request::Answer(ask(&prompt, user)?)).map_err(broken)?,
            Reply::Managed(Managed::Because(why)) => because = why,
            Reply::Managed(Managed::NotYours) => return Err(Failure::new("only root may ask plex-authd this")),
            Reply::Verdict(verdict) => return Ok((verdict, because)),
            Reply::Managed(_) | Reply::Working => return Err(astray()),
        }
    }
}

/// The next reply that says something.
fn next(connection: &mut Connection) -> Result<Reply, wire::Error> {
    loop {
        match connection.receive(Deadline::after(SILENCE))? {
            Reply::Working => {}
            other => return Ok(other),
        }
    }
}

fn ask(prompt: &Ask, user: &str) -> Result<Answer, Failure> {
    let lines = prompt.text.trim_end().trim_end_matches(':').lines().map(|line| printable(line, 200));
    let text = lines.collect::<Vec<_>>().join("\n");
    let typed = match (prompt.echo, prompt.password) {
        // The plain prompt of a login, at which nobody would know whose password is meant.
        (false, true) if text == "Password" => ask_hidden(&format!("Plex password of {user}"))?,
        (false, _) => ask_hidden(&text)?,
        (true, _) => match terminal::ask(&text, None) {
            Ok(typed) => Secret::from(typed),
            Err(_) => return Ok(Answer::Failed),
        },
    };
    let fits = typed.expose().len() <= MAX_PASSWORD;
    Ok(if fits { Answer::Text(typed) } else { Answer::Unusable(Unusable::TooLong) })
}
