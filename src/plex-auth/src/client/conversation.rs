//! A login of the command's own: plex-authd asks, somebody at the terminal answers.

use std::path::Path;
use std::time::Duration;

use protocol::{
    AdminResponse, Connection, Deadline, InvalidInput, MAX_PASSWORD, Prompt, PromptReply, Reply, Request, Secret,
    Verdict, printable,
};

use crate::client::daemon::{unexpected_reply, unreachable};
use crate::error::Error;
use crate::ui::secret_prompt::ask_hidden;
use crate::ui::terminal::{self, spinner};

/// How long the daemon may be silent; it says every now and then that it is at work.
const SILENCE: Duration = Duration::from_secs(5);

/// Lets plex-authd decide about `user`, and gives its verdict, and its reason where that was asked for.
pub(crate) fn converse(socket: &Path, user: &str, question: &Request) -> Result<(Verdict, String), Error> {
    let mut connection = Connection::open(socket).map_err(|error| unreachable(socket, &error))?;
    let broken = |error: protocol::Error| Error::new(format!("plex-authd: {error}"));
    let send = |connection: &mut Connection, request: &Request| connection.send(request, Deadline::after(SILENCE));
    send(&mut connection, question).map_err(broken)?;
    let mut because = String::new();
    loop {
        let reply = {
            let _spinner = spinner("plex-authd decides");
            next(&mut connection).map_err(broken)?
        };
        match reply {
            Reply::Prompt(prompt) => {
                send(&mut connection, &Request::PromptReply(ask(&prompt, user)?)).map_err(broken)?
            }
            Reply::Admin(AdminResponse::Because(why)) => because = why,
            Reply::Admin(AdminResponse::NotYours) => return Err(Error::new("only root may ask plex-authd this")),
            Reply::Verdict(verdict) => return Ok((verdict, because)),
            Reply::Admin(_) | Reply::Working => return Err(unexpected_reply()),
        }
    }
}

/// The next reply that says something.
fn next(connection: &mut Connection) -> Result<Reply, protocol::Error> {
    loop {
        match connection.receive(Deadline::after(SILENCE))? {
            Reply::Working => {}
            other => return Ok(other),
        }
    }
}

fn ask(prompt: &Prompt, user: &str) -> Result<PromptReply, Error> {
    let lines = prompt.text.trim_end().trim_end_matches(':').lines().map(|line| printable(line, 200));
    let text = lines.collect::<Vec<_>>().join("\n");
    let typed = match (prompt.echo, prompt.password) {
        // The plain prompt of a login, at which nobody would know whose password is meant.
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
