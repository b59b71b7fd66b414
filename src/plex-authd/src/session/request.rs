//! Decides about one request: the local account, the caller's rights, and then by phase.

use policy::{Account, AttemptKey, Origin, PlexRef, Reason};
use protocol::{LoginRequest, Phase};
use system::accounts;

use super::{Session, Stop};
use crate::auth::account;
use crate::auth::outcome::Source;

impl Session {
    pub(super) fn decide(&mut self, request: &mut LoginRequest) -> Result<Source, Stop> {
        // The account phase is the same in every version of the protocol.
        if request.version != protocol::VERSION && request.phase != Phase::Account {
            return Err(Reason::OtherVersion(request.version).into());
        }
        let (account, mapped_to, origin) = self.resolve(request)?;
        self.id = self.context.plex_id(&account.name, &mapped_to);
        self.confirm_slot(request, &account.name)?;
        match request.phase {
            Phase::Account => self.check_account(&account.name, &mapped_to),
            Phase::Password => Err(Reason::ChangedAtPlex.into()),
            Phase::Authenticate if request.plex_only && !self.context.helpers.local_passwords.has_none(&account) => {
                Err(Reason::LocalFirst.into())
            }
            Phase::Authenticate => {
                // Not in the account phase, which also runs for keys and cron jobs and sends no sign-in, and not where a local
                // password comes first, with which plex.tv is not contacted.
                self.context.warm_up();
                self.authenticate(request, AttemptKey { account: account.name, origin }, mapped_to)
            }
        }
    }

    /// The local account, the Plex account that it is mapped to, and the origin of the request. From here on, the request has
    /// the account's canonical name: one name in each limit, cache and log line, whatever was typed (R66).
    ///
    /// # Errors
    /// The account is not managed, or the caller may not ask about it.
    pub(super) fn resolve(&mut self, request: &mut LoginRequest) -> Result<(Account, PlexRef, Origin), Reason> {
        let (settings, uid) = (&self.context.settings, self.explained.caller.unwrap_or(self.peer.uid));
        let managed = settings.managed_accounts();
        let unreadable = |error: accounts::Error| Reason::AccountsUnreadable(error.to_string());
        let account = managed.look_up(&request.user).map_err(unreadable)?;
        if let Some(account) = &account {
            request.user.clone_from(&account.name);
        }
        let mapped_to = managed.resolve(account.as_ref())?;
        let unreadable = |error: accounts::Error| Reason::Unavailable(format!("the local account database: {error}"));
        let trusted = uid != 0 && settings.trusted_callers.contains(uid).map_err(unreadable)?;
        self.is_trusted = uid == 0 || trusted;
        self.origin = self.origin(request);
        policy::authorize_caller(uid, trusted, account.as_ref())?;
        let origin = self.origin.clone();
        account.map(|account| (account, mapped_to, origin)).ok_or(Reason::NoLocalAccount)
    }

    fn check_account(&mut self, account: &str, mapped_to: &PlexRef) -> Result<Source, Stop> {
        if let Some(result) = account::check_at_once(&self.context, account, mapped_to) {
            return Ok(result?);
        }
        self.run_with_deadline(|context, deadline| account::check(context, account, mapped_to, deadline))
    }
}
