//! The design, read once more: what a login comes to in a world, as slowly and plainly as it can be said. It shares
//! nothing with the policy but the names of the outcomes.

use std::collections::BTreeSet;

use policy::Outcome;

use crate::worlds::{How, List, Row, SignIn, Who, World};

/// Expected result of a sign-in.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    pub outcome: Outcome,
    /// The names under which the password may leave the machine; if there are none, it must stay.
    pub may_send: BTreeSet<&'static str>,
    /// The id that is pinned afterwards, and the words for which it holds.
    pub pinned: Option<(u64, String)>,
    /// Whether the password may be remembered.
    pub remember: bool,
}

impl Login {
    fn ends(outcome: Outcome) -> Self {
        Self { outcome, may_send: BTreeSet::new(), pinned: None, remember: false }
    }

    fn ends_after_sending(outcome: Outcome, logins: &BTreeSet<&'static str>) -> Self {
        Self { may_send: logins.clone(), ..Self::ends(outcome) }
    }
}

/// The Plex account that a local account maps to.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Number(u64),
    NameOrAddress(&'static str),
    Username(&'static str),
}

/// A sign-in: the design's steps from 1 to 7. The throttle has a model of its own.
pub fn sign_in(world: &World) -> Login {
    // 1. Local refusals.
    let Some(owner) = owner_of_account(world) else { return Login::ends(Outcome::NotManaged) };
    if !authorize_caller(world) {
        return Login::ends(Outcome::NotAllowed);
    }
    if !is_a_password(&world.typed.0.repeat(world.typed.1)) {
        return Login::ends(Outcome::WrongSecret);
    }

    // 3. Eligibility. `id` is who must sign in, `logins` is what they can sign in with, and `server_of` whose server their own
    // resources must show.
    let id;
    let server_of;
    let logins;
    if world.token {
        let list = match (&world.known, &world.fresh) {
            (Some(known), _) if known.age <= world.limits.friend_list => &known.list,
            (_, Some(fresh)) => fresh,
            _ => match the_owner_alone(world, owner) {
                Some((id, logins)) => return by_sign_in(world, owner, Some(id), &logins, None),
                None => return by_an_old_list(world, owner),
            },
        };
        let Some(meant) = meant(world, list, owner) else { return Login::ends(Outcome::NotAllowed) };
        if !let_in(world, list, meant) {
            return Login::ends(Outcome::NotAllowed);
        }
        id = Some(meant);
        server_of = (world.second_source.is_some() && meant != list.owner.id).then_some(list.owner.id);
        logins = logins_shown(world, list, meant);
    } else {
        id = pinned(world, owner);
        server_of = Some(world.owner_id);
        logins = match owner {
            Owner::Number(_) => BTreeSet::new(),
            Owner::NameOrAddress(name) | Owner::Username(name) => BTreeSet::from([name]),
        };
    }
    by_sign_in(world, owner, id, &logins, server_of)
}

/// Steps 4 to 7, for the person who was found.
fn by_sign_in(
    world: &World,
    owner: Owner,
    id: Option<u64>,
    logins: &BTreeSet<&'static str>,
    server_of: Option<u64>,
) -> Login {
    if logins.is_empty() {
        // Managed Home members, for one, have nothing to sign in with.
        return Login::ends(Outcome::NotAllowed);
    }

    // 4. The remembered password.
    if let (Some(memory), Some(limit)) = (&world.remembered, world.limits.remember)
        && memory.age <= limit
        && Some(memory.id) == id
        && memory.same
    {
        return Login::ends(Outcome::Success);
    }

    // 5. The sign-in.
    let ends = |outcome| Login::ends_after_sending(outcome, logins);
    let (who, second_factor, code_asked) = match &world.answer {
        SignIn::WrongPassword | SignIn::WrongCode | SignIn::CodeWanted | SignIn::EmailOnly => {
            return ends(Outcome::WrongSecret);
        }
        SignIn::Forbidden => return ends(Outcome::NotAllowed),
        SignIn::PromptFailed => return ends(Outcome::ConversationFailed),
        // Only a plex.tv that is away opens the cache for outages. One that answers in any way, and our own limits, do not.
        SignIn::Blocked | SignIn::RateLimited => return ends(Outcome::Throttled),
        SignIn::BudgetSpent => return Login::ends(Outcome::Throttled),
        SignIn::Unreadable => return ends(Outcome::Unavailable),
        SignIn::Down => return offline(world, id, ends(Outcome::Unavailable)),
        SignIn::Is { who, second_factor, code_asked } => (who, *second_factor, *code_asked),
    };

    // 6. The account that signed in.
    let right_one = match (id, owner) {
        (Some(id), _) => who.id == id,
        (None, owner) => refers_to(owner, who),
    };
    if !right_one {
        return ends(Outcome::NotAllowed);
    }
    if let Some(server_of) = server_of {
        match &world.resources {
            None => return offline(world, id, ends(Outcome::Unavailable)),
            Some(rows) if !rows.iter().any(|row| is_the_server(world, server_of, who, row)) => {
                return ends(Outcome::NotAllowed);
            }
            Some(_) => {}
        }
    }

    // 7. In.
    Login {
        pinned: Some((who.id, words(owner))),
        remember: second_factor == Some(false) && !code_asked,
        ..ends(Outcome::Success)
    }
}

/// The account phase: allowed, denied, or none of ours.
pub fn account_phase(world: &World) -> Outcome {
    let Some(owner) = owner_of_account(world) else { return Outcome::NotManaged };
    if !authorize_caller(world) {
        return Outcome::NotAllowed;
    }
    if is_the_owners_account(world, owner) {
        return Outcome::Success;
    }
    if !world.token {
        // Without a list: the user who has signed in to it lately, if it still maps to them.
        let lately = world.limits.known_list.max(world.limits.offline.unwrap_or(0));
        return match (&world.signed_in, pinned(world, owner)) {
            (Some((id, age)), Some(pinned)) if *id == pinned && *age <= lately => Outcome::Success,
            _ => Outcome::NotAllowed,
        };
    }
    // The known list decides, if it is young enough: also for a user who may sign in by it in an outage.
    let oldest = world.limits.offline.map_or(world.limits.known_list, |offline| offline.max(world.limits.known_list));
    let list = match (&world.known, &world.fresh) {
        (Some(known), _) if known.age <= oldest => &known.list,
        (_, Some(fresh)) => fresh,
        // Nothing that is known can tell, and that is a refusal.
        _ => return Outcome::NotAllowed,
    };
    match meant(world, list, owner) {
        Some(id) if let_in(world, list, id) => Outcome::Success,
        _ => Outcome::NotAllowed,
    }
}

/// Whether the account is that of the server's owner, who may always use it, provided that `admin_account` says that the
/// owner signs in here at all. The last list counts however old it is.
fn is_the_owners_account(world: &World, owner: Owner) -> bool {
    let Some(admin) = world.admin else { return false };
    let list = if world.token { world.known.as_ref().map(|known| &known.list) } else { None };
    // Both say who the owner is; when they say different things, nobody is.
    let written = if world.token { world.written_owner } else { Some(world.owner_id) };
    let ids: BTreeSet<u64> = written.into_iter().chain(list.map(|list| list.owner.id)).collect();
    if ids.len() > 1 {
        return false;
    }
    let account = match owner {
        Owner::Number(number) => Some(number),
        _ => pinned(world, owner),
    };
    if let (Some(account), Some(owner)) = (account, ids.first()) {
        return account == *owner;
    }
    let called = match owner {
        Owner::Number(_) => return false,
        Owner::NameOrAddress(name) => small(name) == small(admin),
        Owner::Username(name) => admin == name || small(admin) == name,
    };
    match list {
        None => called,
        Some(list) => {
            let others = list.others.iter().any(|(who, _)| who.id != list.owner.id && refers_to(owner, who));
            let listed = the_owner(world, list);
            goes_by(&listed, admin) && refers_to(owner, &listed) && (called || !others)
        }
    }
}

/// The owner's id and login names, for the owner's own account and where something says the id: no list is needed.
fn the_owner_alone(world: &World, owner: Owner) -> Option<(u64, BTreeSet<&'static str>)> {
    if !is_the_owners_account(world, owner) {
        return None;
    }
    let list = world.known.as_ref().map(|known| &known.list);
    let id = world.written_owner.or(list.map(|list| list.owner.id)).or(pinned(world, owner))?;
    let mut logins = list.map(|list| logins_shown(world, list, id)).unwrap_or_default();
    if logins.is_empty() {
        logins.extend(world.admin.filter(|login| !login.is_empty()));
    }
    Some((id, logins))
}

/// While plex.tv cannot be reached, a password that it accepted lately speaks for the same person, and nothing else
/// does.
fn offline(world: &World, id: Option<u64>, otherwise: Login) -> Login {
    match (&world.remembered, world.limits.offline) {
        (Some(memory), Some(limit)) if memory.age <= limit && Some(memory.id) == id && memory.same => {
            Login { outcome: Outcome::Success, ..otherwise }
        }
        _ => otherwise,
    }
}

/// Without a list of today, the last known one still has its say, for as long as a password may be remembered.
fn by_an_old_list(world: &World, owner: Owner) -> Login {
    let (Some(known), Some(limit)) = (&world.known, world.limits.offline) else {
        return Login::ends(Outcome::Unavailable);
    };
    if known.age > limit {
        return Login::ends(Outcome::Unavailable);
    }
    match meant(world, &known.list, owner) {
        Some(id) if let_in(world, &known.list, id) && !logins_shown(world, &known.list, id).is_empty() => {
            offline(world, Some(id), Login::ends(Outcome::Unavailable))
        }
        _ => Login::ends(Outcome::NotAllowed),
    }
}

fn owner_of_account(world: &World) -> Option<Owner> {
    let local = world.local.as_ref()?;
    if local.uid == 0 || local.uid < world.uid_min {
        return None;
    }
    for (user, plex) in &world.users {
        if *user == local.name {
            return Some(match plex.parse() {
                Ok(number) if plex.bytes().all(|byte| byte.is_ascii_digit()) => Owner::Number(number),
                _ => Owner::NameOrAddress(plex),
            });
        }
    }
    local.in_group.then_some(Owner::Username(local.name))
}

fn authorize_caller(world: &World) -> bool {
    let uid = world.local.as_ref().map(|local| local.uid);
    world.caller == 0 || world.trusted || Some(world.caller) == uid
}

fn is_a_password(typed: &str) -> bool {
    !typed.is_empty() && typed.len() <= 1024 && typed.bytes().all(|byte| byte >= 32 && byte != 127)
}

/// The pinned id, unless the owner has written another reference since. An id needs no binding. A member of the group is pinned
/// by the first list after it joined, where there is a token and so a list (R74).
fn pinned(world: &World, owner: Owner) -> Option<u64> {
    let stored = |name: &str| world.pin.as_ref().filter(|pin| pin.written == name).map(|pin| pin.id);
    match owner {
        Owner::Number(_) => None,
        Owner::NameOrAddress(name) => stored(name),
        Owner::Username(name) => stored(name).or_else(|| if world.token { had_the_name(world, name) } else { None }),
    }
}

/// The one account that had a member's name in the first list after it joined, if that list counts.
fn had_the_name(world: &World, name: &'static str) -> Option<u64> {
    let (list, second_source) = world.joined.as_ref()?;
    let everyone = users(world, list);
    let called = everyone.iter().filter(|who| refers_to(Owner::Username(name), who)).map(|who| who.id);
    let called: BTreeSet<u64> = called.collect();
    called.first().copied().filter(|_| called.len() == 1 && !second_source)
}

fn words(owner: Owner) -> String {
    match owner {
        Owner::Number(number) => number.to_string(),
        Owner::NameOrAddress(name) | Owner::Username(name) => name.to_owned(),
    }
}

/// The one person that an account belongs to: who was pinned, whatever anybody's name is now (R77), and nobody if they are
/// not there any more. Where nobody was pinned, the one person with the name.
fn meant(world: &World, list: &List, owner: Owner) -> Option<u64> {
    let users = users(world, list);
    if let Some(pinned) = pinned(world, owner) {
        return users.iter().map(|who| who.id).find(|id| *id == pinned);
    }
    // A member of the group belongs to nobody else, even if another user chooses its name.
    if matches!(owner, Owner::Username(_)) {
        return None;
    }
    let named: BTreeSet<u64> = users.iter().filter(|who| refers_to(owner, who)).map(|who| who.id).collect();
    if named.len() == 1 { named.first().copied() } else { None }
}

/// The owner, if the configuration names them; else a friend or Home member, or with `strict_friends` a user that
/// the server is shared with. Invitations do not count.
fn let_in(world: &World, list: &List, id: u64) -> bool {
    if id == list.owner.id {
        return world.admin.is_some_and(|admin| goes_by(&the_owner(world, list), admin));
    }
    list.others.iter().any(|(who, how)| {
        who.id == id
            && match how {
                How::Pending => false,
                How::Shared => true,
                How::Friend | How::Home => !world.strict,
            }
    })
}

/// The addresses that the list shows for a user, or the names where it shows none.
fn logins_shown(world: &World, list: &List, id: u64) -> BTreeSet<&'static str> {
    let all = users(world, list).into_iter().filter(|who| who.id == id).collect::<Vec<_>>();
    let shown = |of: fn(&Who) -> Option<&'static str>| {
        all.iter().filter_map(of).filter(|name| !name.is_empty()).collect::<BTreeSet<_>>()
    };
    let emails = shown(|who| who.email);
    if emails.is_empty() { shown(|who| who.username) } else { emails }
}

fn users(world: &World, list: &List) -> Vec<Who> {
    let mut all = vec![the_owner(world, list)];
    all.extend(list.others.iter().map(|(who, _)| who.clone()));
    all
}

/// The owner of a list. Where it shows no name of theirs, `admin_account` is their name, provided that the configuration
/// has their id too.
fn the_owner(world: &World, list: &List) -> Who {
    let shown = [list.owner.username, list.owner.email].into_iter().flatten().any(|name| !name.is_empty());
    match world.admin {
        Some(admin) if !shown && world.written_owner == Some(list.owner.id) => {
            Who { username: Some(admin), ..list.owner.clone() }
        }
        _ => list.owner.clone(),
    }
}

fn refers_to(owner: Owner, who: &Who) -> bool {
    match owner {
        Owner::Number(number) => number == who.id,
        Owner::NameOrAddress(name) => goes_by(who, name),
        // The case of the local name counts: `alice` and `Alice` are two accounts of the machine.
        Owner::Username(name) => who.username.is_some_and(|username| username == name || small(username) == name),
    }
}

fn goes_by(who: &Who, name: &str) -> bool {
    [who.username, who.email].into_iter().flatten().any(|shown| same(shown, name))
}

/// The same letters, where A is a and every other letter is only itself. Nothing is nobody's name.
fn same(one: &str, other: &str) -> bool {
    !one.is_empty() && small(one) == small(other)
}

fn small(text: &str) -> String {
    text.chars().map(|c: char| if c.is_ascii_uppercase() { char::from(c as u8 + 32) } else { c }).collect()
}

/// A row is the server if it is the owner's by plex.tv's word: owned by the owner, or shared by the owner.
fn is_the_server(world: &World, server_of: u64, who: &Who, row: &Row) -> bool {
    let owners = if row.owned { who.id == server_of } else { row.owner_id == Some(server_of) };
    row.machine_id == world.machine_id && row.is_server && owners
}
