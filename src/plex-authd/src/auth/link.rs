//! Link sign-in, as far as plex.tv is asked: a code, whether it has been approved, and who approved it. A code is worth
//! a sign-in to whoever approves it, so it is never logged, and nothing that comes of one is remembered.

use std::sync::Arc;
use std::time::Instant;

use plex::{Approval, Error, LinkCode, SignedIn};
use policy::{AttemptKey, PlexId, PlexRef, Reason};

use crate::auth::account_locks::{CodeSlot, LockedAccount};
use crate::auth::password::AuthResult;
use crate::auth::token_revoker::{Device, HeldToken};
use crate::context::Context;

/// A code that waits for approval, and the device that it was made for: only that one can fetch the token.
pub(crate) struct OpenCode {
    pub code: LinkCode,
    pub device: Device,
    /// Keeps other codes for the same account, and sign-ins, to other devices. There is none where no approval would be
    /// accepted.
    _slot: Option<CodeSlot>,
}

impl Context {
    /// Whether a service may show link codes.
    pub(crate) fn offers_link(&self, service: Option<&str>) -> bool {
        let listed = |service: &str| self.config.link_services.iter().any(|listed| listed == service);
        self.config.link_sign_in && service.is_some_and(listed)
    }

    /// A fresh code. It counts as a wrong try until somebody has signed in by it, so that codes do not cost nothing.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn link_code(&self, key: &AttemptKey, whose: &PlexRef, deadline: Instant) -> Result<OpenCode, Reason> {
        self.limiter.open()?;
        self.limiter.wrong(key);
        let slot = match self.expected(&key.account, whose) {
            Some(expected) => Some(self.turns.take(expected, deadline).ok_or(Reason::AccountBusy)?.open_code()),
            None => None,
        };
        let device = self.device(slot.as_ref().map_or(0, |slot| slot.slot)).clone();
        let code = device.client.link_code(deadline).map_err(|error| self.no_answer(error))?;
        Ok(OpenCode { code, device, _slot: slot })
    }

    /// Who will approve a code for an account, as far as that counts: with a list, nobody but the people on it is let in.
    fn expected(&self, account: &str, whose: &PlexRef) -> Option<LockedAccount> {
        let id = match whose {
            PlexRef::Id(id) => Some(*id),
            _ => self.id_of(account, whose),
        };
        if id.is_none() && self.friends.is_some() { None } else { Some(id.into()) }
    }

    /// The token of whoever has approved a code, or nothing as long as nobody has.
    ///
    /// # Errors
    /// Why it is not worth asking again.
    pub(crate) fn approval(&self, open: &OpenCode, deadline: Instant) -> Result<Option<HeldToken>, Reason> {
        match open.device.client.approval(&open.code, deadline) {
            Ok(Approval::Approved(token)) => Ok(Some(self.sign_out.hold(&open.device, token))),
            Ok(Approval::Waiting) => Ok(None),
            Ok(Approval::Expired) => Err(Reason::CodeExpired),
            Err(error) => Err(self.no_answer(error)),
        }
    }

    /// Decides about whoever approved a code: as about a password, but that plex.tv has signed them in already.
    pub(crate) fn judge_approval(
        &self,
        key: &AttemptKey,
        whose: &PlexRef,
        hold: HeldToken,
        deadline: Instant,
    ) -> AuthResult {
        let account = match hold.client.account(&hold.token, deadline) {
            Ok(account) => account,
            Err(error) => return AuthResult::No(self.no_answer(error)),
        };
        let (id, token) = (PlexId(account.id), hold.token.clone());
        let token = hold.belongs_to(SignedIn { account, token, two_factor: None });
        // Until the sign-in is confirmed, as for a password.
        let Some(_turn) = self.turns.take(LockedAccount::Account(id), deadline) else {
            return AuthResult::No(Reason::AccountBusy);
        };
        let who = match self.eligible(&key.account, whose, true, deadline) {
            Ok(who) => who,
            Err(why) if why.is_outage() => return AuthResult::No(why),
            Err(why) => return self.deny(key, why),
        };
        match self.confirm(&who, &token, deadline) {
            Ok((id, by)) => {
                self.learn(key, &who, &token);
                AuthResult::Yes(id, by, Some(Arc::new(token)))
            }
            // Whoever approved it may be anybody, so what is remembered of the account's own person stays.
            Err(why) => AuthResult::No(why),
        }
    }

    /// What an error of plex.tv's means where nobody's password is asked about: that it cannot be asked.
    pub(crate) fn no_answer(&self, error: Error) -> Reason {
        match error {
            Error::RateLimited(wait) => {
                self.limiter.limited(wait);
                Reason::RateLimited
            }
            Error::Unreachable(why) => Reason::Unreachable(format!("plex.tv: {why}")),
            other => Reason::Unavailable(format!("plex.tv: {other}")),
        }
    }
}
