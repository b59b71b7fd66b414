//! One login, step by step: what the policy wants to know is fetched here, and what it says is done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use config::{Config, Source};
use plex::{Client, Error};
use policy::{Account, Eligible, Pin, PlexId, Reason, Reference, Rules, ServerRow};
use wire::Secret;

use crate::friends::{Friends, person};
use crate::log::Log;
use crate::signout::{Borrowed, SignOut};
use crate::state::State;

/// Everything that a login needs and that all logins share.
pub(crate) struct Desk {
    pub config: Config,
    pub rules: Rules,
    pub uid_min: u32,
    pub client: Client,
    pub state: State,
    /// The list, where there is a token to read it with.
    pub friends: Option<Arc<Friends>>,
    pub sign_out: SignOut,
    pub log: Log,
    /// Without a list: who signed in lately, which is then all that the account phase can go by.
    pub recent: Mutex<HashMap<String, (PlexId, Instant)>>,
}

/// What plex.tv said to a name and a password.
pub(crate) enum Said {
    /// Signed in.
    Yes(Borrowed),
    /// The password may be right, but a verification code must come with it.
    CodeWanted,
    /// The code that came with it is wrong.
    WrongCode,
    /// No.
    No(Reason),
}

impl Desk {
    /// Whom an account belongs to.
    ///
    /// # Errors
    /// Why this project has no say about it.
    pub(crate) fn managed(&self, account: Option<&Account>) -> Result<Reference, Reason> {
        policy::managed(account, self.uid_min, &self.config.users)
    }

    /// Whether somebody would be let in with the right password; decided before the password goes anywhere.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn eligible(&self, account: &str, whose: &Reference, deadline: Instant) -> Result<Eligible, Reason> {
        let pin = self.pin(account)?;
        match &self.friends {
            Some(friends) => {
                let circle = friends.fresh(deadline).map_err(Reason::Unavailable)?;
                policy::eligible(&self.rules, &circle, whose, pin.as_ref(), Instant::now())
            }
            None => policy::eligible_without_list(whose, pin.as_ref()),
        }
    }

    /// Asks plex.tv.
    pub(crate) fn sign_in(&self, who: &Eligible, password: &Secret, code: Option<&Secret>, deadline: Instant) -> Said {
        match self.client.sign_in(&who.login, password.expose(), code.map(Secret::expose), deadline) {
            Ok(signed_in) => Said::Yes(self.sign_out.borrow(signed_in)),
            Err(Error::CodeWanted) => Said::CodeWanted,
            Err(Error::WrongCode) => Said::WrongCode,
            Err(Error::Refused) => Said::No(Reason::WrongPassword),
            Err(Error::EmailOnly) => Said::No(Reason::EmailOnly),
            Err(Error::Forbidden(_)) => Said::No(Reason::Forbidden),
            Err(Error::AddressBlocked) => Said::No(Reason::AddressBlocked),
            Err(Error::RateLimited(_)) => Said::No(Reason::RateLimited),
            Err(Error::Unavailable(why)) => Said::No(Reason::Unavailable(format!("plex.tv: {why}"))),
        }
    }

    /// Whether the one who signed in is the one who was meant and, without a list, reaches the server.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn confirm(&self, who: &Eligible, signed_in: &Borrowed, deadline: Instant) -> Result<PlexId, Reason> {
        let account = person(signed_in.signed_in.account.clone());
        who.confirm(&account)?;
        if let Source::Resources { machine_id, owner_id } = &self.config.source {
            let rows = self
                .client
                .resources(&signed_in.signed_in.token, deadline)
                .map_err(|error| Reason::Unavailable(format!("plex.tv: {error}")))?;
            let rows: Vec<ServerRow> = rows.iter().filter_map(server_row).collect();
            policy::reaches(machine_id, *owner_id, account.id, &rows)?;
        }
        Ok(account.id)
    }

    /// Notes a success. What goes wrong here is logged and changes no verdict.
    pub(crate) fn remember(&self, account: &str, who: &Eligible, signed_in: &Borrowed) {
        let person = person(signed_in.signed_in.account.clone());
        if self.friends.is_none() {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.insert(account.to_owned(), (person.id, Instant::now()));
        }
        let pin = who.pin(&person);
        let kept = match self.state.pin(account) {
            Ok(Some(before)) if before == pin => Ok(()),
            _ => self.state.set_pin(account, &pin),
        };
        if let Err(error) = kept {
            self.log.warning(format!("state.db: who '{account}' belongs to could not be kept: {error}"));
        }
    }

    /// Whether a managed account may be used today, by what is known already.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn account_today(&self, account: &str, whose: &Reference, deadline: Instant) -> Result<PlexId, Reason> {
        let now = Instant::now();
        let Some(friends) = &self.friends else {
            let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            let (id, learnt) = recent.get(account).ok_or(Reason::ListTooOld)?;
            let young = now.saturating_duration_since(*learnt) <= self.rules.known;
            return if young { Ok(*id) } else { Err(Reason::ListTooOld) };
        };
        let pin = self.pin(account)?;
        // Only a daemon that has just started has no list at all; then the first one is worth a wait.
        let circle = match friends.known() {
            Some(circle) => circle,
            None => friends.fresh(deadline).map_err(Reason::Unavailable)?,
        };
        policy::account_today(&self.rules, &circle, whose, pin.as_ref(), now)
    }

    /// A pin that cannot be read may be one that says no.
    fn pin(&self, account: &str) -> Result<Option<Pin>, Reason> {
        self.state.pin(account).map_err(|error| Reason::Unavailable(format!("state.db: {error}")))
    }
}

fn server_row(resource: &plex::Resource) -> Option<ServerRow> {
    Some(ServerRow {
        machine_id: resource.client_identifier.clone()?,
        is_server: resource.is_server(),
        owned: resource.owned,
        owner_id: resource.owner_id.map(PlexId),
    })
}
