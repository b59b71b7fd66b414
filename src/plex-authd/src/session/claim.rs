//! The claim of a request for a slot.

use policy::{AttemptKey, Claim, Crowd, Origin, Purpose, Reason};
use protocol::{LoginRequest, Phase, Request};

use super::Session;
use crate::limits::connections::Slot;

impl Session {
    /// The claim of a request, by what is known without a look into the account database.
    pub(crate) fn claim(&self, request: &Request) -> Claim {
        match request {
            Request::Login(login) => self.login_claim(login, &login.user, self.origin_if(self.was_trusted(), login)),
            _ => Claim {
                purpose: Purpose::Command,
                origin: self.origin.clone(),
                crowd: Crowd::Many,
                account: String::new(),
            },
        }
    }

    /// A slot for an authentication that has none by what was typed: the account's canonical name and the origin may have one.
    pub(crate) fn claim_again(&mut self, request: &mut LoginRequest) -> Option<Slot> {
        let (name, origin) = (request.user.clone(), self.origin(request));
        self.resolve(request).ok()?;
        if (&name, &origin) == (&request.user, &self.origin) {
            return None;
        }
        let claim = self.login_claim(request, &request.user, self.origin.clone());
        let slot = self.context.limits.connections.acquire(claim, self.known_accounts());
        slot.filter(|slot| !slot.is_ending())
    }

    /// Checks the slot again, once the account's canonical name and the origin are known.
    ///
    /// # Errors
    /// [`Reason::NoSlot`]
    pub(super) fn confirm_slot(&self, request: &LoginRequest, account: &str) -> Result<(), Reason> {
        let Some(slot) = &self.slot else { return Ok(()) };
        let has_room = slot.replace(self.login_claim(request, account, self.origin(request)), self.known_accounts());
        if has_room { Ok(()) } else { Err(Reason::NoSlot) }
    }

    /// The caller is root, or was a trusted caller at the last look. For limits only.
    pub(crate) fn was_trusted(&self) -> bool {
        self.peer.uid == 0 || self.context.settings.trusted_callers.were_trusted(self.peer.uid)
    }

    /// Number of accounts that have signed in.
    pub(crate) fn known_accounts(&self) -> usize {
        self.context.identities.count()
    }

    /// The origin of a login, by what is known of the caller.
    pub(super) fn origin(&self, request: &LoginRequest) -> Origin {
        self.origin_if(self.is_trusted, request)
    }

    fn origin_if(&self, is_trusted: bool, request: &LoginRequest) -> Origin {
        let (service, rhost, ruser) = (request.service.as_deref(), request.rhost.as_deref(), request.ruser.as_deref());
        // root's own origin, so that wrong passwords in a test delay no login.
        let service = if self.is_explained { Some(policy::EXPLAINED) } else { service };
        policy::origin(self.peer.uid, is_trusted, service, rhost, ruser)
    }

    fn login_claim(&self, request: &LoginRequest, account: &str, origin: Origin) -> Claim {
        let key = AttemptKey { account: account.to_owned(), origin: origin.clone() };
        let purpose = match request.phase {
            Phase::Account | Phase::Password => Purpose::Account,
            Phase::Authenticate if self.context.limits.rate_limiter.is_known(&key) => Purpose::Known,
            Phase::Authenticate => Purpose::Unknown,
        };
        let crowd = Crowd::behind(&origin);
        Claim { purpose, origin, crowd, account: key.account }
    }
}
