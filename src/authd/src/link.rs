//! Link sign-in, as far as plex.tv is asked: a code, whether it has been approved, and who approved it. A code is worth
//! a sign-in to whoever approves it, so it is never logged, and nothing that comes of one is remembered.

use std::sync::Arc;
use std::time::Instant;

use plex::{Approval, Error, LinkCode, SignedIn, Token};
use policy::{Key, Reason, Reference};

use crate::desk::Desk;
use crate::login::Answer;

impl Desk {
    /// Whether a service may show link codes.
    pub(crate) fn offers_link(&self, service: Option<&str>) -> bool {
        let listed = |service: &str| self.config.link_services.iter().any(|listed| listed == service);
        self.config.link_sign_in && service.is_some_and(listed)
    }

    /// A fresh code. It counts as a wrong try until somebody has signed in by it, so that codes do not cost nothing.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn link_code(&self, key: &Key, deadline: Instant) -> Result<LinkCode, Reason> {
        self.gate.open()?;
        self.gate.wrong(key);
        self.client.link_code(deadline).map_err(|error| self.no_answer(error))
    }

    /// The token of whoever has approved a code, or nothing as long as nobody has.
    ///
    /// # Errors
    /// Why it is not worth asking again.
    pub(crate) fn approval(&self, code: &LinkCode, deadline: Instant) -> Result<Option<Token>, Reason> {
        match self.client.approval(code, deadline) {
            Ok(Approval::Approved(token)) => Ok(Some(token)),
            Ok(Approval::Waiting) => Ok(None),
            Ok(Approval::Expired) => Err(Reason::CodeExpired),
            Err(error) => Err(self.no_answer(error)),
        }
    }

    /// Decides about whoever approved a code: as about a password, but that plex.tv has signed them in already.
    pub(crate) fn judge_approval(&self, key: &Key, whose: &Reference, token: Token, deadline: Instant) -> Answer {
        let account = match self.client.account(&token, deadline) {
            Ok(account) => account,
            Err(error) => {
                self.sign_out.end(token);
                return Answer::No(self.no_answer(error));
            }
        };
        let token = self.sign_out.borrow(SignedIn { account, token, two_factor: None });
        let who = match self.eligible(&key.account, whose, true, deadline) {
            Ok(who) => who,
            Err(why) if why.is_outage() => return Answer::No(why),
            Err(why) => return self.deny(key, why),
        };
        match self.confirm(&who, &token, deadline) {
            Ok((id, by)) => {
                self.learn(key, &who, &token);
                Answer::Yes(id, by, Some(Arc::new(token)))
            }
            // Whoever approved it may be anybody, so what is remembered of the account's own person stays.
            Err(why) => Answer::No(why),
        }
    }

    /// What an error of plex.tv's means where nobody's password is asked about: that it cannot be asked.
    pub(crate) fn no_answer(&self, error: Error) -> Reason {
        match error {
            Error::RateLimited(wait) => {
                self.gate.limited(wait);
                Reason::RateLimited
            }
            Error::Unreachable(why) => Reason::Unreachable(format!("plex.tv: {why}")),
            other => Reason::Unavailable(format!("plex.tv: {other}")),
        }
    }
}
