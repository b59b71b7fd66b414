//! The policy's functions in the order in which the daemon calls them (authd's `session.rs` and `login.rs`), with the
//! world in place of the account database, the state and plex.tv.

use std::collections::BTreeMap;
use std::time::Duration;

use policy::{
    Access, Account, BootTime, CachedPassword, Decision, FriendList, FriendRecord, IdentityBinding, ListState, PlexId,
    PlexRef, PlexUser, Reason, Relationship, Rules, ServerRow, SignInTarget, Step, authorize_caller, may_remember,
    reaches, resolve_account, validate_password,
};

use crate::worlds::{How, List, SignIn, Who, World};

/// Not long after the machine's start, so that much of what is known is older than that.
const NOW: BootTime = BootTime::from_millis(5_000);

/// Result of a sign-in.
#[derive(Debug)]
pub struct SignInResult {
    pub verdict: Result<Evidence, Reason>,
    /// The name under which the password was sent, if it was.
    pub sent: Option<String>,
    pub pin: Option<IdentityBinding>,
    pub remember: bool,
}

/// Source that accepted a sign-in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evidence {
    Plex,
    CachedPassword,
    Offline,
}

impl SignInResult {
    fn with(verdict: Result<Evidence, Reason>) -> Self {
        Self { verdict, sent: None, pin: None, remember: false }
    }
}

/// A sign-in, from the prompt to the verdict.
pub fn sign_in(world: &World) -> SignInResult {
    let mapped_to = match look_up(world).and_then(|mapped_to| typed(world).map(|()| mapped_to)) {
        Ok(mapped_to) => mapped_to,
        Err(why) => return SignInResult::with(Err(why)),
    };
    let who = match today(world, &mapped_to) {
        Ok(who) => who,
        Err(why) if why.is_outage() => return SignInResult::with(offline(world, &mapped_to, why)),
        Err(why) => return SignInResult::with(Err(why)),
    };
    if knows(world, &who, world.limits.remember) {
        return SignInResult::with(Ok(Evidence::CachedPassword));
    }
    let mut ended = ask(world, &who);
    if ended.verdict.as_ref().is_err_and(Reason::is_outage) {
        ended.verdict = ended.verdict.or_else(|why| offline(world, &mapped_to, why));
    }
    ended
}

/// The account phase, and whether it was decided without a list because the account is the owner's.
pub fn account_phase(world: &World) -> (Result<(), Reason>, bool) {
    match look_up(world) {
        Err(why) => (Err(why), false),
        Ok(mapped_to) if is_the_owners(world, &mapped_to) => (Ok(()), true),
        Ok(mapped_to) => (account_of_a_friend(world, &mapped_to).map(drop), false),
    }
}

fn is_the_owners(world: &World, mapped_to: &PlexRef) -> bool {
    let list = world.known.as_ref().filter(|_| world.token).map(|known| friend_list(world, &known.list, known.age));
    rules(world).is_owners(list.as_ref(), mapped_to, pin(world).as_ref())
}

fn account_of_a_friend(world: &World, mapped_to: &PlexRef) -> Result<PlexId, Reason> {
    let oldest = millis(world.limits.known_list.max(world.limits.offline.unwrap_or_default()));
    if !world.token {
        let signed_in = world.signed_in.map(|(id, age)| (PlexId(id), NOW - millis(age)));
        return checked(access(world, &rules(world), None, oldest).account(mapped_to, pin(world).as_ref(), signed_in));
    }
    let kept = world
        .known
        .as_ref()
        .map(|known| friend_list(world, &known.list, known.age))
        .filter(|kept| kept.age(NOW) <= oldest);
    let list = kept.or_else(|| known(world)).ok_or_else(down)?;
    checked(access(world, &rules(world), Some(&list), oldest).account(mapped_to, pin(world).as_ref(), None))
}

fn look_up(world: &World) -> Result<PlexRef, Reason> {
    let mapped_to = mapping(world)?;
    authorize_caller(world.caller, world.trusted, account(world).as_ref())?;
    Ok(mapped_to)
}

fn mapping(world: &World) -> Result<PlexRef, Reason> {
    let users: BTreeMap<_, _> =
        world.users.iter().map(|(user, plex)| ((*user).to_owned(), PlexRef::parse(plex))).collect();
    resolve_account(account(world).as_ref(), world.uid_min, &users)
}

fn account(world: &World) -> Option<Account> {
    world.local.as_ref().map(|l| Account { name: l.name.to_owned(), uid: l.uid, in_group: l.in_group })
}

fn typed(world: &World) -> Result<(), Reason> {
    validate_password(&world.typed.0.repeat(world.typed.1))
}

fn today(world: &World, mapped_to: &PlexRef) -> Result<SignInTarget, Reason> {
    let pin = pin(world);
    if !world.token {
        return checked(access(world, &rules(world), None, Duration::ZERO).sign_in(mapped_to, pin.as_ref()));
    }
    let limit = millis(world.limits.friend_list);
    match known(world).filter(|list| list.age(NOW) <= limit) {
        Some(list) => checked(access(world, &rules(world), Some(&list), limit).sign_in(mapped_to, pin.as_ref())),
        None => owner_sign_in(world, mapped_to).unwrap_or_else(|| Err(down())),
    }
}

/// The owner's sign-in where there is no young list.
fn owner_sign_in(world: &World, mapped_to: &PlexRef) -> Option<Result<SignInTarget, Reason>> {
    rules(world).owner_sign_in(known(world).as_ref(), mapped_to, pin(world).as_ref()).map(checked)
}

/// Asks plex.tv.
fn ask(world: &World, who: &SignInTarget) -> SignInResult {
    let failed = |why| SignInResult { sent: Some(who.login.clone()), ..SignInResult::with(Err(why)) };
    let (signed_in, second_factor, code_asked) = match &world.answer {
        SignIn::BudgetSpent => return SignInResult::with(Err(Reason::BudgetSpent)),
        SignIn::WrongPassword => return failed(Reason::WrongPassword),
        SignIn::WrongCode => return failed(Reason::WrongCode),
        SignIn::EmailOnly => return failed(Reason::EmailOnly),
        SignIn::Forbidden => return failed(Reason::Forbidden),
        SignIn::CodeWanted => return failed(Reason::CodeWanted),
        SignIn::PromptFailed => return failed(Reason::PromptFailed),
        SignIn::Blocked => return failed(Reason::AddressBlocked),
        SignIn::RateLimited => return failed(Reason::RateLimited),
        SignIn::Unreadable => return failed(Reason::Unavailable("plex.tv: a page".into())),
        SignIn::Down => return failed(down()),
        SignIn::Is { who, second_factor, code_asked } => (person(who), *second_factor, *code_asked),
    };
    let reach = |()| if who.needs_server() { reach(world, who, signed_in.id) } else { Ok(()) };
    match who.confirm(&signed_in).and_then(reach) {
        Ok(()) => SignInResult {
            pin: Some(who.binding(&signed_in)),
            remember: may_remember(second_factor, code_asked),
            sent: Some(who.login.clone()),
            verdict: Ok(Evidence::Plex),
        },
        Err(why) => failed(why),
    }
}

fn reach(world: &World, who: &SignInTarget, id: PlexId) -> Result<(), Reason> {
    let rows = world.resources.as_ref().ok_or_else(down)?;
    let shown = |row: &crate::worlds::Row| ServerRow {
        machine_id: row.machine_id.to_owned(),
        is_server: row.is_server,
        owned: row.owned,
        owner_id: row.owner_id.map(PlexId),
    };
    let owner_id = who.owner_id().ok_or(Reason::NoAccess)?;
    reaches(world.machine_id, owner_id, id, &rows.iter().map(shown).collect::<Vec<_>>())
}

fn offline(world: &World, mapped_to: &PlexRef, why: Reason) -> Result<Evidence, Reason> {
    let Some(offline) = world.limits.offline.filter(|_| why.opens_offline_cache()) else { return Err(why) };
    let pin = pin(world);
    let young = |list: &FriendList| list.age(NOW) <= millis(world.limits.friend_list);
    let without_list =
        if known(world).is_some_and(|list| young(&list)) { None } else { owner_sign_in(world, mapped_to) };
    let who = if let Some(owner) = without_list.filter(|_| world.token) {
        owner
    } else if world.token {
        let Some(list) = known(world) else { return Err(why) };
        let oldest = millis(offline.max(world.limits.friend_list));
        checked(access(world, &rules(world), Some(&list), oldest).sign_in(mapped_to, pin.as_ref()))
    } else {
        checked(access(world, &rules(world), None, Duration::ZERO).sign_in(mapped_to, pin.as_ref()))
    };
    match who {
        Ok(who) if knows(world, &who, Some(offline)) => Ok(Evidence::Offline),
        Err(denial) if !denial.is_outage() => Err(denial),
        _ => Err(why),
    }
}

fn knows(world: &World, who: &SignInTarget, limit: Option<u64>) -> bool {
    world.remembered.as_ref().is_some_and(|memory| {
        let remembered = CachedPassword { id: PlexId(memory.id), at: NOW - millis(memory.age) };
        remembered.counts_for(who, limit.map(millis), NOW) && memory.same
    })
}

/// The list at hand once a sign-in has tried to have a fresh one.
fn known(world: &World) -> Option<FriendList> {
    let kept = world.known.as_ref().map(|known| friend_list(world, &known.list, known.age));
    let young = |list: &FriendList| list.age(NOW) <= millis(world.limits.friend_list);
    match (kept, &world.fresh) {
        (Some(kept), _) if young(&kept) => Some(kept),
        (_, Some(fresh)) => Some(friend_list(world, fresh, 0)),
        (kept, None) => kept,
    }
}

fn down() -> Reason {
    Reason::Unreachable("plex.tv: down".into())
}

fn rules(world: &World) -> Rules {
    let owner_id = if world.token { world.written_owner } else { Some(world.owner_id) };
    Rules { strict: world.strict, admin: world.admin.map(Into::into), owner_id: owner_id.map(PlexId) }
}

fn access<'a>(world: &World, rules: &'a Rules, list: Option<&'a FriendList>, max_age: Duration) -> Access<'a> {
    let list = match list {
        Some(list) => ListState::Fetched(list),
        None if world.token => ListState::NotFetched,
        None => ListState::NoToken,
    };
    Access { rules, list, now: NOW, max_age }
}

/// The result of a decision, once its trace agrees: the last step refuses what the decision refuses, and no other does.
fn checked<T>(decision: Decision<T>) -> Result<T, Reason> {
    let refusals: Vec<_> = decision.steps().iter().filter_map(Step::refusal).collect();
    let last = decision.steps().last().and_then(Step::refusal);
    let result = decision.result();
    assert_eq!(refusals, result.as_ref().err().into_iter().cloned().collect::<Vec<_>>());
    assert_eq!(last.as_ref(), result.as_ref().err());
    result
}

/// The stored binding. A member of the group has been bound by the first list, unless an earlier binding is its own.
fn pin(world: &World) -> Option<IdentityBinding> {
    let stored =
        world.pin.as_ref().map(|pin| IdentityBinding { id: PlexId(pin.id), reference: pin.written.to_owned() });
    let Ok(PlexRef::Member(local)) = mapping(world) else { return stored };
    if !world.token || stored.as_ref().is_some_and(|stored| stored.reference == local) {
        return stored;
    }
    let first = world.joined.as_ref().map(|(list, second)| {
        let second_source = second.then(|| "the first one is gone".to_owned());
        FriendList { second_source, ..friend_list(world, list, 0) }
    });
    first.filter(FriendList::binds_members).and_then(|list| rules(world).first_binding(&list, &local)).or(stored)
}

fn friend_list(world: &World, list: &List, age: u64) -> FriendList {
    let relationship = |how| match how {
        How::Shared => Relationship::Shared,
        How::Friend => Relationship::Friend,
        How::Home => Relationship::Home,
        How::Pending => Relationship::Pending,
    };
    let entries = list
        .others
        .iter()
        .map(|(who, how)| FriendRecord { person: person(who), relationship: relationship(*how) })
        .collect();
    let second_source = world.second_source.map(str::to_owned);
    FriendList { owner: person(&list.owner), entries, second_source, fetched_at: NOW - millis(age) }
}

fn person(who: &Who) -> PlexUser {
    PlexUser { id: PlexId(who.id), username: who.username.map(Into::into), email: who.email.map(Into::into) }
}

fn millis(span: u64) -> Duration {
    Duration::from_millis(span)
}
