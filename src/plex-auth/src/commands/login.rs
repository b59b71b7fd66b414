//! `plex-auth login`: signs the calling user in, so that services that need the Plex password, such as Samba, receive it.

use std::process::ExitCode;

use nix::unistd::{User, getuid};
use protocol::Verdict;

use crate::client::conversation::sign_in;
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{self, Status};

/// Name of the service in the log.
const SERVICE: &str = "plex-auth";

pub(crate) fn run(context: &Context) -> Result<ExitCode, Error> {
    let uid = getuid();
    if uid.is_root() {
        return Err(Error::new("root does not sign in with Plex; run it as the user")
            .hint("run: su - NAME -c 'plex-auth login'"));
    }
    let user = match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        Ok(None) => return Err(Error::new(format!("there is no local account with the uid {uid}"))),
        Err(error) => {
            return Err(Error::new(format!("the account with the uid {uid} cannot be looked up: {}", error.desc())));
        }
    };
    let verdict = sign_in(&context.socket, &user, SERVICE)?;
    let again = "run: plex-auth login";
    let (what, hint) = match verdict {
        Verdict::Success => {
            terminal::say(format!("{} Plex accepted the password of {user}.", Status::Ok.shown()));
            terminal::say("  Shares of this machine accept it from now on.");
            return Ok(ExitCode::SUCCESS);
        }
        Verdict::WrongSecret => ("Plex does not accept this password or code".to_owned(), again),
        Verdict::NotAllowed => (format!("{user} may not sign in here with Plex"), "ask the owner of the Plex server"),
        Verdict::NotManaged => (format!("{user} is not linked to a Plex account"), "ask the owner of this machine"),
        Verdict::Throttled => ("there were too many failed attempts".to_owned(), "try again in a few minutes"),
        // LocalFirst is never sent: the request does not ask for it.
        Verdict::Unavailable | Verdict::LocalFirst => {
            ("Plex cannot be reached now".to_owned(), "try again later; the log of plex-authd has the reason")
        }
        Verdict::ConversationFailed => ("nothing was typed".to_owned(), again),
    };
    Err(Error::new(what).hint(hint))
}
