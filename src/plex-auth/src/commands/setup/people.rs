//! The people around the server, judged by the same rules as at a login.

use std::collections::BTreeSet;
use std::time::Instant;

use policy::{BootTime, FriendList, FriendRecord, PlexId, PlexRef, PlexUser, Rules};

use super::plex_errors::explain;
use super::server::Server;
use super::sign_in::Owner;
use crate::client::plex_tv::QUESTION;
use crate::error::Error;
use crate::people::name;
use crate::ui::terminal;

/// Everybody on the owner's list, and the rules that it is judged by.
pub(crate) struct People {
    circle: FriendList,
    rules: Rules,
}

impl People {
    /// Reads the list that the daemon will go by.
    ///
    /// # Errors
    /// When plex.tv does not show it.
    pub(crate) fn read(owner: &Owner, server: &Server, strict: bool, admin: Option<&str>) -> Result<Self, Error> {
        let (deadline, client) = (|| Instant::now() + QUESTION, &owner.client);
        let said = |list: Result<Vec<FriendRecord>, plex::Error>| list.map_err(|error| explain(&error));
        // Asked in both cases: the answer also shows that the server is really theirs, and not only called so.
        let mut entries = said(directory::shares(client, &owner.token, &server.machine_id, deadline()))?;
        if !strict {
            entries.extend(said(directory::friends(client, &owner.token, deadline()))?);
        }
        let owner = directory::person(owner.account.clone());
        let circle = FriendList { owner, entries, fetched_at: BootTime::from_millis(0) };
        Ok(Self { circle, rules: Rules { strict, admin: admin.map(str::to_owned), owner_id: None } })
    }

    /// Everybody who may sign in and has a name to do it with, in the order of their names, the owner last.
    pub(crate) fn welcome(&self) -> Vec<&PlexUser> {
        let mut seen = BTreeSet::new();
        let everybody = self.circle.entries.iter().map(|entry| &entry.person);
        let may = |person: &&PlexUser| {
            let named = person.username.is_some() || person.email.is_some();
            named && self.rules.is_permitted(&self.circle, person.id).is_ok() && seen.insert(person.id)
        };
        let mut people: Vec<_> = everybody.filter(may).collect();
        people.sort_by_key(|person| name(person).to_lowercase());
        let owner = Some(&self.circle.owner).filter(|owner| self.may(owner.id).is_ok());
        people.into_iter().chain(owner).collect()
    }

    /// Whether somebody may sign in.
    pub(crate) fn may(&self, id: PlexId) -> Result<(), policy::Reason> {
        self.rules.is_permitted(&self.circle, id).map(drop)
    }

    /// Whether somebody is the owner.
    pub(crate) fn is_owner(&self, id: PlexId) -> bool {
        id == self.circle.owner.id
    }

    /// Whether a username, an e-mail address or an id stands for this very person.
    pub(crate) fn is(&self, reference: &str, id: PlexId) -> bool {
        self.circle.id_of(&PlexRef::parse(reference)) == Some(id)
    }

    /// Whom a username, an e-mail address or an id stands for.
    ///
    /// # Errors
    /// When it is nobody on the list, or several.
    pub(crate) fn find(&self, reference: &str) -> Result<&PlexUser, Error> {
        let id = self.circle.id_of(&PlexRef::parse(reference));
        let mut everybody = self.circle.entries.iter().map(|entry| &entry.person).chain([&self.circle.owner]);
        id.and_then(|id| everybody.find(|person| person.id == id)).ok_or_else(|| {
            let known: Vec<_> = self.welcome().into_iter().take(20).map(name).collect();
            Error::new(format!("no one person on the owner's list goes by {}", protocol::printable(reference, 64)))
                .mend(format!("those who may sign in: {}", known.join(", ")))
        })
    }

    /// Says what keeps somebody out who was named all the same.
    pub(crate) fn warn_about(&self, person: &PlexUser) {
        if let Err(why) = self.may(person.id) {
            terminal::warn(format!("{} cannot sign in yet: {why}", name(person)));
        }
    }
}
