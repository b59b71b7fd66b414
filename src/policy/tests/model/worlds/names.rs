//! From what the generator draws to a world.

use super::generator::{Age, IDS, Id, Name, RawList, RawLocal, RawMapping, RawRow, RawWho};
use super::{Limits, List, Local, Row, Who};

/// The names, ids and ages of one world.
pub(super) struct Names<'a> {
    pub family: [&'static str; 5],
    pub hero: u64,
    pub owner: u64,
    pub limits: &'a Limits,
}

impl Names<'_> {
    pub fn name(&self, name: Name) -> &'static str {
        match name {
            Name::Family(member) => self.family.get(member).copied().unwrap_or_default(),
            Name::Any(name) => name,
            Name::Empty => "",
        }
    }

    pub fn id(&self, id: Id) -> u64 {
        match id {
            Id::Hero => self.hero,
            Id::Next => self.hero.wrapping_add(1),
            Id::Owner => self.owner,
            Id::Any(id) => id,
        }
    }

    pub fn age(&self, age: Age) -> u64 {
        let (limit, by) = match age {
            Age::New => (Some(0), 0),
            Age::FriendList(by) => (Some(self.limits.friend_list), by),
            Age::KnownList(by) => (Some(self.limits.known_list), by),
            Age::Remember(by) => (self.limits.remember, by),
            Age::Offline(by) => (self.limits.offline, by),
            Age::Old => (None, 0),
        };
        limit.unwrap_or(1_000_000_000).saturating_add_signed(by)
    }

    pub fn who(&self, (id, username, email): RawWho) -> Who {
        let name = |name: Option<Name>| name.map(|name| self.name(name));
        Who { id: self.id(id), username: name(username), email: name(email) }
    }

    pub fn list(&self, (owner, others): RawList) -> List {
        List { owner: self.who(owner), others: others.into_iter().map(|(who, how)| (self.who(who), how)).collect() }
    }

    pub fn row(&self, (ours, is_server, owned, owner_id): RawRow) -> Row {
        // Other ids differ in case only.
        Row { machine_id: if ours { "den" } else { "DEN" }, is_server, owned, owner_id: owner_id.map(|id| self.id(id)) }
    }

    pub fn local(&self, (there, uid, uid_min, caller, name): &RawLocal) -> (Option<Local>, u32, u32, bool) {
        let local = there.then(|| Local { name: self.name(*name), uid: *uid, in_group: false });
        let (caller, trusted) = match caller {
            0 => (0, false),
            1 => (*uid, false),
            2 => (33, true),
            _ => (33, false),
        };
        (local, *uid_min, caller, trusted)
    }

    /// The account with its group, `[users]`, and what stands for the account's owner in it.
    pub fn mapped(
        &self,
        local: Option<Local>,
        how: RawMapping,
    ) -> (Option<Local>, Vec<(&'static str, &'static str)>, &'static str) {
        // The entries of others must make no difference.
        let mut users = vec![("ALICE", "bob"), ("olga", "olga@example.org")];
        let Some(mut local) = local else { return (None, users, "") };
        users.retain(|(user, _)| *user != local.name);
        local.in_group = matches!(how, RawMapping::Group | RawMapping::GroupAndUsers(_));
        let written = match how {
            RawMapping::Users(name) | RawMapping::GroupAndUsers(name) => Some(self.name(name)),
            RawMapping::UsersId(id) => IDS.iter().find(|known| known.0 == self.id(id)).map(|known| known.1),
            RawMapping::Group | RawMapping::None => None,
        };
        users.extend(written.map(|written| (local.name, written)));
        let written = written.unwrap_or(local.name);
        (Some(local), users, written)
    }
}
