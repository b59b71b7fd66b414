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
        return Err(
            Error::new("root never signs in with Plex").hint("run it as the person: su - NAME -c 'plex-auth login'")
        );
    }
    let user = match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        Ok(None) => return Err(Error::new(format!("there is no local account with the number {uid}"))),
        Err(error) => {
            return Err(Error::new(format!("the account with the number {uid} cannot be looked up: {}", error.desc())));
        }
    };
    let verdict = sign_in(&context.socket, &user, SERVICE)?;
    let again = "plex-auth login";
    let (what, hint) = match verdict {
        Verdict::Success => {
            terminal::say(format!("{} That is the Plex password of {user}.", Status::Ok.shown()));
            terminal::say("  If this machine has shares for you, they take it from now on.");
            return Ok(ExitCode::SUCCESS);
        }
        Verdict::WrongSecret => ("Plex does not take this password or code".to_owned(), again),
        Verdict::NotAllowed => (format!("{user} may not sign in here with Plex"), "ask the owner of the Plex server"),
        Verdict::NotManaged => (format!("{user} is a local account that has nothing to do with Plex"), "ask the owner"),
        Verdict::Throttled => ("there were too many tries".to_owned(), "wait for some minutes, then: plex-auth login"),
        // LocalFirst is never sent: the request does not ask for it.
        Verdict::Unavailable | Verdict::LocalFirst => {
            ("Plex cannot be asked now".to_owned(), "try again later; the log of plex-authd says why")
        }
        Verdict::ConversationFailed => ("nobody answered".to_owned(), again),
    };
    Err(Error::new(what).hint(hint))
}
