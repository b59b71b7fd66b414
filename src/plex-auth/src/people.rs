//! The owner's people, read afresh from plex.tv and judged by the same rules as at a login.

use std::path::Path;
use std::time::Instant;

use config::{Config, Source};
use plex::{Client, Token};
use policy::{
    BootTime, FriendList, FriendRecord, IdentityBinding, PlexId, PlexRef, PlexUser, Reason, Relationship, Rules,
};
use protocol::{AdminRequest, AdminResponse, ListedFriend};

use crate::client::daemon::{self, Daemon};
use crate::client::plex_tv::{self, Place, QUESTION};
use crate::commands::doctor::changed_since;
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal;

/// What ties somebody to the server that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It is theirs.
    Owner,
    /// It is shared with them.
    Shared,
    /// It is not, but they belong to the owner's Home.
    Home,
    /// They were invited and have not accepted.
    Invited,
    /// They are a friend, and nobody has said which server counts.
    Friend,
    /// They are a friend without access.
    No,
}

impl Access {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Shared => "shared",
            Self::Home => "home",
            Self::Invited => "invited",
            Self::Friend => "friend",
            Self::No => "no",
        }
    }
}

/// Everybody on the owner's list, and the rules that it is judged by.
#[derive(Debug, Clone)]
pub(crate) struct People {
    rules: Rules,
    /// What the daemon goes by.
    circle: FriendList,
    /// Everybody that plex.tv shows.
    everybody: FriendList,
    /// Whether there is a server that counts.
    server: bool,
}

impl People {
    /// Reads the list that the daemon goes by.
    ///
    /// # Errors
    /// When there is none to be had.
    pub(crate) fn read(config: &Config) -> Result<Self, Error> {
        Reader::new(config)?.read(false)
    }

    /// The same, and whoever else is a friend of the owner's.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_everybody(config: &Config) -> Result<Self, Error> {
        Reader::new(config)?.read(true)
    }

    /// The list that plex-authd has, which has the network to read it and is not root.
    ///
    /// # Errors
    /// When it has none, or one for another configuration.
    pub(crate) fn ask(context: &Context, config: &Config) -> Result<Self, Error> {
        let mut daemon = Daemon::open(&context.socket)?.patient();
        let AdminResponse::Status(status) = daemon.ask(AdminRequest::Status)? else { return Err(daemon::astray()) };
        if Path::new(&status.config) != context.config || changed_since(&context.config, status.config_age) {
            return Err(Error::new(format!(
                "plex-authd has not read {} since it was changed",
                context.config.display()
            ))
            .mend("run: systemctl reload plex-authd"));
        }
        let mut listed =
            Daemon::open(&context.socket)?.patient().list::<ListedFriend>(AdminRequest::People)?.into_iter();
        let person = |listed: &ListedFriend| PlexUser {
            id: PlexId(listed.plex_id),
            username: listed.username.clone(),
            email: listed.email.clone(),
        };
        let owner = listed.next().filter(|first| first.tie == "owner").ok_or_else(daemon::astray)?;
        let entry = |listed: ListedFriend| {
            Some(FriendRecord { person: person(&listed), tie: Relationship::named(&listed.tie)? })
        };
        let entries = listed.map(entry).collect::<Option<Vec<_>>>().ok_or_else(daemon::astray)?;
        let circle = FriendList { owner: person(&owner), entries, fetched_at: BootTime::from_millis(0) };
        Ok(Self { rules: config.rules(), everybody: circle.clone(), circle, server: config.machine_id.is_some() })
    }

    /// People as a test imagines them.
    #[cfg(test)]
    pub(crate) fn imagined(rules: Rules, circle: FriendList) -> Self {
        Self { rules, everybody: circle.clone(), circle, server: true }
    }

    /// Whether the rules let somebody sign in.
    ///
    /// # Errors
    /// Why they do not.
    pub(crate) fn may(&self, id: PlexId) -> Result<(), Reason> {
        self.rules.is_permitted(&self.circle, id).map(drop)
    }

    /// Whose a local account is today.
    ///
    /// # Errors
    /// Why it may not be used.
    pub(crate) fn today(&self, reference: &PlexRef, pin: Option<&IdentityBinding>) -> Result<PlexId, Reason> {
        policy::Access::of_any_age(&self.rules, &self.circle).account(reference, pin, None).result()
    }

    /// Whom a reference stands for, whether they may sign in or not.
    pub(crate) fn id_of(&self, reference: &PlexRef) -> Option<PlexId> {
        self.everybody.id_of(reference)
    }

    /// The one person that a username, an e-mail address or an id stands for.
    ///
    /// # Errors
    /// When it is nobody, or several.
    pub(crate) fn find(&self, who: &str) -> Result<&PlexUser, Error> {
        let id = self.id_of(&PlexRef::parse(who));
        let owner = Some(&self.everybody.owner).filter(|owner| Some(owner.id) == id);
        owner.or_else(|| self.friends().into_iter().find(|person| Some(person.id) == id)).ok_or_else(|| {
            Error::new(format!("no one person on the owner's list goes by '{}'", protocol::printable(who, 64)))
                .mend("take a name, an address or an id from: plex-auth friends")
        })
    }

    /// The owner.
    pub(crate) fn owner(&self) -> &PlexUser {
        &self.everybody.owner
    }

    /// Everybody but the owner, each once, in the order of their names.
    pub(crate) fn friends(&self) -> Vec<&PlexUser> {
        let mut people: Vec<_> = self.everybody.entries.iter().map(|entry| &entry.person).collect();
        people.retain(|person| person.id != self.everybody.owner.id);
        // Of the rows that show somebody, the one that says most.
        people.sort_by_key(|person| (person.id, person.username.is_none(), person.email.is_none()));
        people.dedup_by_key(|person| person.id);
        people.sort_by_key(|person| (name(person).to_lowercase(), person.id));
        people
    }

    /// What ties somebody to the server.
    pub(crate) fn access(&self, id: PlexId) -> Access {
        let ties: Vec<_> =
            self.everybody.entries.iter().filter(|entry| entry.person.id == id).map(|entry| entry.tie).collect();
        if id == self.everybody.owner.id {
            Access::Owner
        } else if ties.contains(&Relationship::Shared) {
            Access::Shared
        } else if ties.contains(&Relationship::Home) {
            Access::Home
        } else if ties.contains(&Relationship::Pending) {
            Access::Invited
        } else if self.server {
            Access::No
        } else {
            Access::Friend
        }
    }
}

/// What somebody is called, fit for a screen.
pub(crate) fn name(person: &PlexUser) -> String {
    let named = [&person.username, &person.email].into_iter().flatten().find(|name| !name.is_empty());
    named.map_or_else(|| format!("Plex id {}", person.id), |name| protocol::printable(name, 64))
}

/// Somebody with the number that is theirs for life.
pub(crate) fn name_and_id(person: &PlexUser) -> String {
    format!("{} (Plex id {})", name(person), person.id)
}

struct Reader<'a> {
    config: &'a Config,
    token: Token,
    client: Client,
}

impl<'a> Reader<'a> {
    fn new(config: &'a Config) -> Result<Self, Error> {
        let Source::Token(token) = &config.source else {
            return Err(Error::new("without the owner's token there is no friend list")
                .mend("put it into the configuration: plex-auth setup"));
        };
        let connect = config.timeouts.connect;
        let place = Place {
            url: config.plex_url.clone(),
            ca_file: config.ca_file.clone(),
            connect,
            identifier: config.client_identifier.clone(),
        };
        // Only a sign-in makes a device of an identifier, so here it need not be written down.
        let client = plex_tv::passing_client(place)?;
        Ok(Self { config, token: Token::from(token.expose()), client })
    }

    fn read(&self, everybody: bool) -> Result<People, Error> {
        let _spinner = terminal::spinner("Asking plex.tv for the friend list");
        let owner = self.client.account(&self.token, deadline()).map(directory::person).map_err(|e| explain(&e))?;
        if let Some(expected) = self.config.owner_id.filter(|id| *id != owner.id) {
            return Err(Error::new(format!("the token belongs to Plex id {}, but owner_id is {expected}", owner.id))
                .mend("mend one of them: plex-auth setup"));
        }
        let strict = self.config.strict_friends;
        let (mut judged, mut beside) = (Vec::new(), Vec::new());
        if let Some(machine_id) = self.config.machine_id.as_deref().filter(|_| strict || everybody) {
            let list = directory::shares(&self.client, &self.token, machine_id, deadline());
            let list = list.map_err(|error| explain(&error))?;
            if strict { &mut judged } else { &mut beside }.extend(list);
        }
        if !strict || everybody {
            let list = directory::friends(&self.client, &self.token, deadline()).map_err(|error| explain(&error))?;
            if strict { &mut beside } else { &mut judged }.extend(list);
        }
        let circle = |entries| FriendList { owner: owner.clone(), entries, fetched_at: BootTime::from_millis(0) };
        let all: Vec<FriendRecord> = judged.iter().chain(&beside).cloned().collect();
        Ok(People {
            rules: self.config.rules(),
            circle: circle(judged),
            everybody: circle(all),
            server: self.config.machine_id.is_some(),
        })
    }
}

fn deadline() -> Instant {
    Instant::now() + QUESTION
}

fn explain(error: &plex::Error) -> Error {
    if *error == plex::Error::Refused {
        return Error::new("plex.tv does not take the owner's token")
            .mend("get a new one: plex-auth setup --sign-in link");
    }
    let failure =
        Error::new(format!("the friend list cannot be had: plex.tv: {}", protocol::printable(&error.to_string(), 300)));
    match error {
        plex::Error::Unreachable(_) | plex::Error::Unavailable(_) => {
            failure.mend("is this machine online? look closer: plex-auth doctor")
        }
        _ => failure.mend("run this again in some minutes"),
    }
}

#[cfg(test)]
mod tests;
