//! The decision as a table: every row of Organizr's that applies here, the rows that are refused on purpose, and
//! what names, pins and time add to them.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod identity;
mod reasons;

use std::time::Duration;

use policy::{
    Access, BootTime, FriendList, FriendRecord, Grounds, IdentityBinding, LastSignIn, ListState, Outcome, Phase,
    PlexId, PlexRef, PlexUser, Reason, Relationship, Resolution, Rules, SignInTarget, Standing, Step,
};

const FRESH: Duration = Duration::from_secs(300);
const KNOWN: Duration = Duration::from_secs(3600);
const NOW: BootTime = BootTime::from_millis(1_000_000);

fn person(id: u64, name: &str) -> PlexUser {
    PlexUser { id: PlexId(id), username: Some(name.into()), email: Some(format!("{name}@example.org")) }
}

fn rules(strict: bool, admin: Option<&str>) -> Rules {
    Rules { strict, admin: admin.map(Into::into), owner_id: None }
}

fn entry(id: u64, name: &str, relationship: Relationship) -> FriendRecord {
    FriendRecord { person: person(id, name), relationship }
}

fn den(fetched_at: BootTime) -> FriendList {
    FriendList {
        owner: person(1, "olga"),
        entries: vec![
            entry(2, "alice", Relationship::Shared),
            entry(3, "bob", Relationship::Friend),
            entry(4, "hugo", Relationship::Home),
            entry(5, "carol", Relationship::Pending),
            entry(6, "dora", Relationship::Pending),
            entry(6, "dora", Relationship::Shared),
            FriendRecord {
                person: PlexUser { id: PlexId(7), username: None, email: None },
                relationship: Relationship::Shared,
            },
        ],
        second_source: None,
        fetched_at,
    }
}

/// Access by a list at this time, for a sign-in.
fn access<'a>(rules: &'a Rules, list: &'a FriendList, now: BootTime) -> Access<'a> {
    Access { rules, list: ListState::Fetched(list), now, max_age: FRESH }
}

/// Access where there is no token.
fn without_list(rules: &Rules, now: BootTime) -> Access<'_> {
    Access { rules, list: ListState::NoToken, now, max_age: KNOWN }
}

fn ask(rules: &Rules, name: &str) -> Result<SignInTarget, Reason> {
    access(rules, &den(NOW), NOW).sign_in(&PlexRef::parse(name), None).result()
}

#[test]
fn rules_and_relationships_decide_who_has_access() {
    let admin = Some("OLGA@example.org");
    // Rows: name, strict, admin_account, expected. A is the admin, F a friend, S shared, as in Organizr's table.
    let cases = [
        ("A: the admin, by either name", "olga", true, admin, Ok(())),
        ("A: the admin, on no list and not strict", "olga@example.org", false, admin, Ok(())),
        ("owner, no admin_account", "olga", true, None, Err(Reason::OwnerNotAdmin)),
        ("owner, an outdated admin_account", "olga", true, Some("old"), Err(Reason::OwnerNotAdmin)),
        ("a friend named as admin gains nothing", "bob", true, Some("bob"), Err(Reason::NoAccess)),
        ("not F", "mallory", false, admin, Err(Reason::NotOnList)),
        ("not F, strict", "mallory", true, admin, Err(Reason::NotOnList)),
        ("F and S, strict", "alice", true, admin, Ok(())),
        ("F not S, strict", "bob", true, admin, Err(Reason::NoAccess)),
        ("F not S, not strict", "bob", false, admin, Ok(())),
        ("Home, strict", "hugo", true, admin, Err(Reason::NoAccess)),
        ("Home, not strict", "hugo", false, admin, Ok(())),
        // Organizr lets a pending invitation in. It is refused here.
        ("pending, strict", "carol", true, admin, Err(Reason::Pending)),
        ("pending, not strict", "carol", false, admin, Err(Reason::Pending)),
        ("one invitation pending, one accepted", "dora", true, admin, Ok(())),
        ("a managed Home user has nothing to sign in with", "7", true, admin, Err(Reason::NotOnList)),
    ];
    for (what, name, strict, admin, expected) in cases {
        assert_eq!(ask(&rules(strict, admin), name).map(|_| ()), expected, "{what}");
    }
}

#[test]
fn references_are_usernames_addresses_or_ids_and_the_address_signs_in() {
    for name in ["alice", "ALICE", "alice@example.org", "2"] {
        assert_eq!(ask(&rules(true, None), name).unwrap().login, "alice@example.org", "{name}");
    }
}

#[test]
fn the_address_signs_in_from_any_row_of_the_friend_list() {
    let (now, rules) = (NOW, rules(true, None));
    let row = |username: Option<&str>, email: Option<&str>| FriendRecord {
        person: PlexUser { id: PlexId(8), username: username.map(Into::into), email: email.map(Into::into) },
        relationship: Relationship::Shared,
    };
    let cases = [
        ([row(Some("gina"), None), row(None, Some("g@example.org"))], "g@example.org"),
        ([row(None, Some("g@example.org")), row(Some("gina"), None)], "g@example.org"),
        ([row(None, None), row(Some("gina"), None)], "gina"),
        ([row(Some("gina"), Some("")), row(None, None)], "gina"),
    ];
    for (rows, expected) in cases {
        let list = FriendList { entries: rows.to_vec(), ..den(now) };
        let who = access(&rules, &list, now).sign_in(&PlexRef::parse("8"), None).result().unwrap();
        assert_eq!(who.login, expected, "{rows:?}");
    }
}

#[test]
fn a_user_without_name_and_address_signs_in_by_link_and_not_with_a_password() {
    let (rules, now) = (rules(true, None), NOW);
    let by_link = |id, now| access(&rules, &den(NOW), now).sign_in_by_link(&PlexRef::parse(id), None).result();
    assert_eq!(ask(&rules, "7"), Err(Reason::NotOnList));
    assert!(by_link("7", now).is_ok_and(|who| who.is(PlexId(7))));
    assert_eq!(by_link("3", now), Err(Reason::NoAccess));
    assert_eq!(by_link("7", now + FRESH + Duration::from_secs(1)), Err(Reason::ListTooOld));
}

#[test]
fn a_friend_list_that_is_too_old_decides_nothing() {
    let now = NOW;
    let (rules, alice) = (rules(true, None), PlexRef::parse("alice"));
    let list = den(now);
    let second = Duration::from_secs(1);
    let sign_in = |age| access(&rules, &list, now + age).sign_in(&alice, None).result();
    assert!(sign_in(FRESH).is_ok());
    assert_eq!(sign_in(FRESH + second), Err(Reason::ListTooOld));
    let account = |age| {
        let access = Access { max_age: KNOWN, ..access(&rules, &list, now + age) };
        access.account(&alice, None, None).result()
    };
    assert_eq!(account(KNOWN), Ok(PlexId(2)));
    assert_eq!(account(KNOWN + second), Err(Reason::ListTooOld));
    // A token without a list is not the same as no token.
    let none = Access { list: ListState::NotFetched, ..access(&rules, &list, now) };
    assert_eq!(none.sign_in(&alice, None).result(), Err(Reason::ListTooOld));
    assert_eq!(none.sign_in_by_link(&alice, None).result(), Err(Reason::ListTooOld));
    assert_eq!(none.account(&alice, None, Some((PlexId(2), now))).result(), Err(Reason::ListTooOld));
    assert_eq!(Reason::ListTooOld.outcome(Phase::Authenticate), Outcome::Unavailable);
    assert_eq!(Reason::ListTooOld.outcome(Phase::Account), Outcome::NotAllowed);
}

#[test]
fn without_a_list_the_account_phase_needs_a_recent_sign_in_of_the_mapped_account() {
    let (rules, alice, second) = (rules(true, None), PlexRef::parse("alice"), Duration::from_secs(1));
    let pin = IdentityBinding { id: PlexId(2), reference: "alice".into() };
    let today = |reference: &PlexRef, signed_in: Option<(PlexId, BootTime)>, now: BootTime| {
        without_list(&rules, now).account(reference, Some(&pin), signed_in).result()
    };
    assert_eq!(today(&alice, Some((PlexId(2), NOW)), NOW + KNOWN), Ok(PlexId(2)));
    assert_eq!(today(&alice, Some((PlexId(2), NOW)), NOW + KNOWN + second), Err(Reason::NoSignInYet));
    assert_eq!(today(&alice, Some((PlexId(3), NOW)), NOW), Err(Reason::NoSignInYet), "another person's");
    assert_eq!(today(&alice, None, NOW), Err(Reason::NoSignInYet));
    // The owner has given the account to another user since.
    let bob = PlexRef::parse("bob");
    assert_eq!(today(&bob, Some((PlexId(2), NOW)), NOW), Err(Reason::NoSignInYet));
    let unbound = without_list(&rules, NOW).account(&alice, None, Some((PlexId(2), NOW))).result();
    assert_eq!(unbound, Err(Reason::NoSignInYet));
}

/// `plex-auth test` shows the trace of the decision itself: each step with its facts, the refusing one last.
#[test]
fn the_trace_of_a_decision_has_every_fact_and_ends_with_the_refusal() {
    let (rules, list) = (rules(true, Some("olga")), den(NOW));
    let steps = |name: &str, binding: Option<&IdentityBinding>| {
        let decision = access(&rules, &list, NOW + FRESH).sign_in(&PlexRef::parse(name), binding);
        let (steps, refusal) = (decision.steps().to_vec(), decision.refusal().cloned());
        assert_eq!(steps.last().and_then(Step::refusal), refusal, "{name}");
        assert_eq!(refusal, decision.result().err(), "{name}");
        steps
    };
    let age = Step::ListAge { age: FRESH, max_age: FRESH };
    let resolved = |matches: &[u64], bound: Option<u64>| {
        let matches = matches.iter().copied().map(PlexId).collect();
        Step::Resolution(Resolution {
            matches,
            bound: bound.map(PlexId),
            bound_is_listed: bound.is_some(),
            needs_binding: false,
        })
    };
    let standing = |relationships: &[Relationship]| {
        Step::Standing(Standing::Other { relationships: relationships.to_vec(), strict: true })
    };
    let login = |name: &str| Step::ListedLogin(Some(format!("{name}@example.org")));

    let dora = [Relationship::Pending, Relationship::Shared];
    assert_eq!(steps("dora", None), [age.clone(), resolved(&[6], None), standing(&dora), login("dora")]);
    assert_eq!(rules.is_permitted(&list, PlexId(6)), Ok(Grounds::Relationship(Relationship::Shared)));
    assert_eq!(rules.is_permitted(&list, PlexId(99)), Err(Reason::NotOnList));
    assert_eq!(list.people(), 6, "each account once, and not the owner's");
    let owner = Step::Standing(Standing::Owner { is_admin: true });
    assert_eq!(steps("1", None), [age.clone(), resolved(&[1], None), owner, login("olga")]);
    assert_eq!(steps("bob", None), [age.clone(), resolved(&[3], None), standing(&[Relationship::Friend])]);
    let former = IdentityBinding { id: PlexId(2), reference: "former".into() };
    let alice = [age.clone(), resolved(&[], Some(2)), standing(&[Relationship::Shared]), login("alice")];
    assert_eq!(steps("former", Some(&former)), alice);
    let taken = IdentityBinding { id: PlexId(2), reference: "bob".into() };
    let alice = [age.clone(), resolved(&[3], Some(2)), standing(&[Relationship::Shared]), login("alice")];
    assert_eq!(steps("bob", Some(&taken)), alice, "R77");
    let gone = IdentityBinding { id: PlexId(9), reference: "bob".into() };
    let facts =
        Resolution { matches: vec![PlexId(3)], bound: Some(PlexId(9)), bound_is_listed: false, needs_binding: false };
    assert_eq!(steps("bob", Some(&gone)), [age, Step::Resolution(facts)]);

    let decision = without_list(&rules, NOW).account(&PlexRef::parse("former"), Some(&former), None);
    let expected = LastSignIn { last: None, bound: Some(PlexId(2)), max_age: KNOWN };
    assert_eq!(decision.steps(), [Step::NoToken, Step::LastSignIn(expected)]);
}
