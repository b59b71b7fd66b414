//! The part with a password: one sign-in of the owner, its end, and one link code.

use std::thread::sleep;
use std::time::{Duration, Instant};

use config::Config;
use plex::Client;
use plex::shape::Endpoint;
use protocol::Secret;

use super::session::Session;
use crate::client::plex_tv::QUESTION;
use crate::error::Error;
use crate::ui::secret_prompt::ask_hidden;
use crate::ui::terminal;

/// Interval between two requests: plex.tv allows one poll of a link code a second.
const INTERVAL: Duration = Duration::from_secs(1);

/// The owner's account, as typed.
pub(super) struct Account {
    login: String,
    password: Secret,
    code: Option<Secret>,
}

impl Account {
    /// Asks for it. The verification code is asked for now, since a sign-in is sent only once.
    pub(super) fn ask(config: &Config) -> Result<Self, Error> {
        let hint = "run it again and type both, or leave --sign-in out: plex-auth doctor --plex";
        let again = |error: Error| error.with_outcome("nothing was sent").hint(hint);
        let login = terminal::ask("Plex username or e-mail address of the owner", config.admin_account.as_deref());
        let login = login.map_err(again)?;
        let password = ask_hidden("Plex password (not shown, not stored)").map_err(again)?;
        if login.is_empty() || password.expose().is_empty() {
            return Err(again(Error::new("no username or no password was typed")));
        }
        let code = ask_hidden("Verification code (empty if plex.tv asks for none)").map_err(again)?;
        let code = Some(code).filter(|code| !code.expose().trim().is_empty());
        Ok(Self { login, password, code })
    }

    /// Sends the requests, each once, and nothing more as soon as plex.tv limits them.
    pub(super) fn compare(&self, client: &Client, session: &mut Session) {
        let deadline = || Instant::now() + QUESTION;
        if session.stopped_at(&[Endpoint::SignIn, Endpoint::Revocation, Endpoint::LinkCode, Endpoint::Approval]) {
            return;
        }
        let code = self.code.as_ref().map(|code| code.expose().trim());
        let signed_in = client.sign_in_shape(&self.login, self.password.expose(), code, deadline());
        let (shape, token) = signed_in.map_or_else(|error| (Err(error), None), |(shape, token)| (Ok(shape), token));
        session.add(Endpoint::SignIn.contract(), shape);
        match token {
            // Also where plex.tv limits requests: the token must not stay valid.
            Some(token) => {
                let shape = client.sign_out_shape(&token, deadline());
                session.add(Endpoint::Revocation.contract(), shape);
            }
            None => session.skip(Endpoint::Revocation.contract(), "the sign-in has given no token"),
        }
        if session.stopped_at(&[Endpoint::LinkCode, Endpoint::Approval]) {
            return;
        }
        let asked = client.link_code_shape(deadline());
        let (shape, code) = asked.map_or_else(|error| (Err(error), None), |(shape, code)| (Ok(shape), code));
        session.add(Endpoint::LinkCode.contract(), shape);
        if session.stopped_at(&[Endpoint::Approval]) {
            return;
        }
        match code {
            Some(code) => {
                sleep(INTERVAL);
                session.add(Endpoint::Approval.contract(), client.approval_shape(&code, deadline()));
            }
            None => session.skip(Endpoint::Approval.contract(), "there is no code"),
        }
    }
}
