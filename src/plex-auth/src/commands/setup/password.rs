//! Sign-in of the owner with name and password, and a verification code if required.

use std::time::Instant;

use plex::{Client, SignedIn};
use zeroize::Zeroizing;

use super::owner::{FreshDevice, Owner, signed_in};
use super::plex_errors::explain;
use super::rollback;
use crate::client::plex_tv::QUESTION;
use crate::error::Error;
use crate::ui::secret_prompt::ask_hidden;
use crate::ui::terminal::{ask, say, spinner};

/// Most attempts. plex.tv blocks addresses that send many wrong passwords.
const TRIES: u32 = 3;

const WRONG: &str =
    "plex.tv rejected this. (An account made with Google or Apple has no password: use --sign-in link.)";

/// Asks for the owner's name and password.
///
/// # Errors
/// plex.tv rejects them.
pub(crate) fn sign_in(device: FreshDevice, default: Option<&str>) -> Result<Owner, Error> {
    let client = &device.client;
    for _ in 0..TRIES {
        let login = ask("The owner's Plex username or e-mail address", default)?;
        let password = ask_hidden("Plex password (not shown)").inspect_err(|_| rollback::settle())?;
        match attempt(client, &login, password.expose(), None) {
            Err(plex::Error::CodeWanted) => match with_code(client, &login, password.expose())? {
                Some(signed_in) => return Ok(owner(device, signed_in)),
                None => say(WRONG),
            },
            Err(plex::Error::Refused) => say(WRONG),
            Err(plex::Error::EmailOnly) => say("This account signs in with its e-mail address only."),
            Err(other) => return Err(explain(&other)),
            Ok(signed_in) => return Ok(owner(device, signed_in)),
        }
    }
    Err(Error::new("plex.tv rejected the name and password").hint("try a code instead: plex-auth setup --sign-in link"))
}

fn owner(device: FreshDevice, signed: SignedIn) -> Owner {
    rollback::fresh_token(&device.owner, &signed.token);
    signed_in(device, signed.account, signed.token, "a password")
}

fn attempt(client: &Client, login: &str, password: &str, code: Option<&str>) -> Result<SignedIn, plex::Error> {
    let _spinner = spinner("Asking plex.tv");
    client.sign_in(login, password, code, Instant::now() + QUESTION)
}

/// Signs in with a verification code; `None` if all were wrong.
fn with_code(client: &Client, login: &str, password: &str) -> Result<Option<SignedIn>, Error> {
    for _ in 0..TRIES {
        let typed = Zeroizing::new(ask("Verification code", None)?);
        let Some(code) = policy::verification_code(&typed) else {
            say(
                "A verification code has six digits, so this was not sent. A recovery code is entered at plex.tv itself: use",
            );
            say("--sign-in link.");
            continue;
        };
        match attempt(client, login, password, Some(&code)) {
            Ok(signed_in) => return Ok(Some(signed_in)),
            Err(plex::Error::WrongCode | plex::Error::CodeWanted) => {
                say("Wrong code. Enter the one that your app shows now.");
            }
            Err(plex::Error::Refused) => return Ok(None),
            Err(other) => return Err(explain(&other)),
        }
    }
    Ok(None)
}
