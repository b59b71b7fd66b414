//! The owner's friends, read from plex.tv or from plex-authd, with the daemon's own rules.

use std::path::Path;

use config::{Config, Source};
use directory::Reader;
use plex::Token;
use policy::{BootTime, FriendList, FriendRecord, PlexId, PlexRef, PlexUser, Reason, Relationship, Rules};
use protocol::{AdminRequest, AdminResponse, FriendListStatus, ListedFriend};

use super::daemon::{self, Daemon};
use super::known_binding::KnownBinding;
use super::plex_tv::{Clients, QUESTION};
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal;

/// The friend list, and the rules for it.
#[derive(Debug, Clone)]
pub(crate) struct Friends {
    rules: Rules,
    /// The list that decides, as in the daemon.
    deciding: FriendList,
    /// All friends that plex.tv lists, including those without access.
    all: FriendList,
    /// The configuration names a server.
    has_server: bool,
    /// Why plex-authd, whose list it is, doubts it.
    doubt: Option<String>,
    /// Why the friends without access are missing: plex.tv no longer has their list.
    incomplete: Option<String>,
}

/// Extent of what is read from plex.tv.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The list that decides.
    Deciding,
    /// All friends, including those without access.
    All,
}

impl Friends {
    /// Reads the list that decides.
    ///
    /// # Errors
    /// Without a token, or when plex.tv does not answer.
    pub(crate) fn read(config: &Config) -> Result<Self, Error> {
        read(config, Extent::Deciding)
    }

    /// Reads all friends.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_all(config: &Config) -> Result<Self, Error> {
        read(config, Extent::All)
    }

    /// Requests the list from plex-authd.
    ///
    /// # Errors
    /// The daemon has no list, or has not read the present configuration.
    pub(crate) fn from_daemon(context: &Context, config: &Config) -> Result<Self, Error> {
        let mut daemon = Daemon::open(&context.socket)?.patient();
        let AdminResponse::Status(status) = daemon.ask(AdminRequest::Status)? else {
            return Err(daemon::unexpected_reply());
        };
        if Path::new(&status.config) != context.config || daemon::changed_since(&context.config, status.config_age) {
            let what = format!("plex-authd has not read {} since it was changed", context.config.display());
            return Err(Error::new(what).hint("run: systemctl reload plex-authd"));
        }
        let (status, listed) = Daemon::open(&context.socket)?.patient().friend_list()?;
        let mut listed = listed.into_iter();
        let person = |listed: &ListedFriend| PlexUser {
            id: PlexId(listed.plex_id),
            username: listed.username.clone(),
            email: listed.email.clone(),
        };
        let owner = listed.next().filter(|first| first.relationship == "owner").ok_or_else(daemon::unexpected_reply)?;
        let record = |listed: ListedFriend| {
            Some(FriendRecord { person: person(&listed), relationship: Relationship::named(&listed.relationship)? })
        };
        let entries = listed.map(record).collect::<Option<Vec<_>>>().ok_or_else(daemon::unexpected_reply)?;
        let FriendListStatus { second_source, doubt, .. } = status;
        let list = FriendList { owner: person(&owner), entries, second_source, fetched_at: BootTime::from_millis(0) };
        Ok(Self { doubt, ..Self::new(config.rules(), list.clone(), list, config.machine_id.is_some()) })
    }

    /// Fetches the lists that `extent` needs.
    ///
    /// # Errors
    /// As the reader.
    pub(crate) fn fetch(
        reader: &Reader,
        owner: PlexUser,
        rules: Rules,
        extent: Extent,
    ) -> Result<Self, directory::Error> {
        let deciding = reader.list(owner, BootTime::from_millis(0))?;
        let mut all = deciding.clone();
        let mut incomplete = None;
        if extent == Extent::All {
            match reader.others() {
                Ok(others) => all.entries.extend(others),
                // It does not decide who has access.
                Err(error) if error.is_lasting() => incomplete = Some(error.to_string()),
                Err(error) => return Err(plex::Error::from(error).into()),
            }
        }
        Ok(Self { incomplete, ..Self::new(rules, deciding, all, reader.machine_id.is_some()) })
    }

    fn new(rules: Rules, deciding: FriendList, mut all: FriendList, has_server: bool) -> Self {
        // The owner is on the screen by name, even where plex.tv did not show their account.
        all.owner = rules.named_owner(&all);
        Self { rules, deciding, all, has_server, doubt: None, incomplete: None }
    }

    /// A list that a test made up.
    #[cfg(test)]
    pub(crate) fn from_list(rules: Rules, list: FriendList) -> Self {
        Self { rules, all: list.clone(), deciding: list, has_server: true, doubt: None, incomplete: None }
    }

    /// Checks that the rules allow this Plex account to sign in.
    ///
    /// # Errors
    /// The policy's reason.
    pub(crate) fn is_permitted(&self, id: PlexId) -> Result<(), Reason> {
        self.rules.is_permitted(&self.deciding, id).map(drop)
    }

    /// The Plex account that a local account belongs to today.
    ///
    /// # Errors
    /// The policy's reason if the account may not be used.
    pub(crate) fn account(&self, reference: &PlexRef, known: &KnownBinding) -> Result<PlexId, Reason> {
        let binding = known.or_first(&self.rules, &self.deciding, reference);
        policy::Access::of_any_age(&self.rules, &self.deciding).account(reference, binding.as_ref(), None).result()
    }

    /// The id that an entry of `[users]` resolves to, with or without access.
    pub(crate) fn id_of(&self, reference: &PlexRef) -> Option<PlexId> {
        self.id_of_account(reference, &KnownBinding::Unknown)
    }

    /// The id that a local account belongs to, with or without access.
    pub(crate) fn id_of_account(&self, reference: &PlexRef, known: &KnownBinding) -> Option<PlexId> {
        let binding = known.or_first(&self.rules, &self.all, reference);
        self.rules.resolve(&self.all, reference, binding.as_ref()).id().ok()
    }

    /// True if a local account is the owner's own.
    pub(crate) fn is_owners(&self, reference: &PlexRef) -> bool {
        self.rules.is_owners(Some(&self.deciding), reference, None)
    }

    /// The person with this username, e-mail address or id, if exactly one has it.
    pub(crate) fn get(&self, who: &str) -> Option<&PlexUser> {
        let id = self.id_of(&PlexRef::parse(who))?;
        std::iter::once(self.owner()).chain(self.friends()).find(|person| person.id == id)
    }

    /// The person with this username, e-mail address or id.
    ///
    /// # Errors
    /// No one, or more than one, has it.
    pub(crate) fn find(&self, who: &str) -> Result<&PlexUser, Error> {
        self.get(who).ok_or_else(|| {
            Error::new(format!(
                "not exactly one person on the owner's list is called '{}'",
                protocol::printable(who, 64)
            ))
            .hint("use a name, an address or an id from: plex-auth friends")
        })
    }

    /// Fault of the list's first source, if the list comes from the second.
    pub(crate) fn second_source(&self) -> Option<&str> {
        self.deciding.second_source.as_deref()
    }

    /// Why the list that does not decide is missing: that of shares without `strict_friends`, that of friends with it.
    pub(crate) fn incomplete(&self) -> Option<&str> {
        self.incomplete.as_deref()
    }

    /// Why no local account may be created, locked or removed by this list: it is in doubt, or from the second source.
    pub(crate) fn uncertainty(&self) -> Option<String> {
        let second = |why: &str| {
            format!("the friend list is from the second source, which is less reliable about who has access: {why}")
        };
        let doubt = self.doubt.as_ref().map(|why| format!("the friend list is in doubt: {why}"));
        doubt.or_else(|| self.second_source().map(second)).map(|why| protocol::printable(&why, 600))
    }

    pub(crate) fn owner(&self) -> &PlexUser {
        &self.all.owner
    }

    /// The friends, each once, sorted by name, without the owner.
    pub(crate) fn friends(&self) -> Vec<&PlexUser> {
        let mut friends: Vec<_> = self.all.entries.iter().map(|entry| &entry.person).collect();
        friends.retain(|person| person.id != self.all.owner.id);
        // Of several rows for one person, the one with the most details.
        friends.sort_by_key(|person| (person.id, person.username.is_none(), person.email.is_none()));
        friends.dedup_by_key(|person| person.id);
        friends.sort_by_key(|person| (name(person).to_lowercase(), person.id));
        friends
    }

    /// The word for a person's access to the server.
    pub(crate) fn access(&self, id: PlexId) -> &'static str {
        let has = |relationship| {
            self.all.entries.iter().any(|entry| entry.person.id == id && entry.relationship == relationship)
        };
        match () {
            () if id == self.all.owner.id => "owner",
            () if has(Relationship::Shared) => "shared",
            () if has(Relationship::Home) => "home",
            () if has(Relationship::Pending) => "invited",
            () if self.has_server => "no",
            () => "friend",
        }
    }
}

/// Display name of a person: username, e-mail address or id, made printable.
pub(crate) fn name(person: &PlexUser) -> String {
    let named = [&person.username, &person.email].into_iter().flatten().find(|name| !name.is_empty());
    named.map_or_else(|| format!("Plex id {}", person.id), |name| protocol::printable(name, 64))
}

/// Display name of a person, with the id, which never changes.
pub(crate) fn name_and_id(person: &PlexUser) -> String {
    format!("{} (Plex id {})", name(person), person.id)
}

fn read(config: &Config, extent: Extent) -> Result<Friends, Error> {
    let Source::Token(token) = &config.source else {
        return Err(Error::new("without the owner's token there is no friend list")
            .hint("put it into the configuration: plex-auth setup"));
    };
    let client = Clients::of(config)?.for_owner(config.client_identifier.as_deref());
    let token = Token::from(token.expose());
    let reader = Reader {
        client: &client,
        token: &token,
        owner_id: config.owner_id,
        has_identity: config.client_identifier.is_some(),
        machine_id: config.machine_id.as_deref(),
        strict: config.strict_friends,
        timeout: QUESTION,
        deadline: None,
    };
    let _spinner = terminal::spinner("Reading the friend list from plex.tv");
    let owner = reader.owner().map_err(|error| explain(&error))?;
    let friends = Friends::fetch(&reader, owner, config.rules(), extent).map_err(|error| explain(&error))?;
    if let Some(why) = friends.incomplete() {
        let why = protocol::printable(why, 300);
        terminal::warn(format!("friends without access may be missing: plex.tv no longer lists them: {why}"));
    }
    Ok(friends)
}

fn explain(error: &directory::Error) -> Error {
    let error = match error {
        directory::Error::WrongOwner { .. } => {
            return Error::new(error.to_string()).hint("run: plex-auth setup");
        }
        directory::Error::Plex(plex::Error::Refused) => {
            return Error::new("plex.tv rejects the owner's token").hint("run: plex-auth setup --sign-in link");
        }
        directory::Error::Plex(error) => error,
    };
    let what = format!("the friend list cannot be read: plex.tv: {}", protocol::printable(&error.to_string(), 300));
    Error::new(what).hint(match error {
        plex::Error::Unreachable(_) | plex::Error::Unavailable(_) => {
            "is this machine online? look closer: plex-auth doctor"
        }
        _ => "run this again in a few minutes",
    })
}

#[cfg(test)]
mod tests;
