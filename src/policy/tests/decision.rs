//! The decision as a table: every row of Organizr's that applies here, the rows that are refused on purpose, and
//! what names, pins and time add to them.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::time::Duration;

use policy::{
    Access, BootTime, FriendList, FriendRecord, Grounds, IdentityBinding, LastSignIn, ListState, Outcome, Phase,
    PlexId, PlexRef, PlexUser, Reason, Relationship, Resolution, Rules, SignInTarget, Standing, Step,
};
use strum::IntoEnumIterator;

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
fn the_first_login_decides_who_a_name_belongs_to() {
    let now = NOW;
    let rules = rules(true, None);
    let alice = PlexRef::parse("alice");
    let pin = |id, reference: &str| Some(IdentityBinding { id: PlexId(id), reference: reference.into() });
    let who = |pin: Option<IdentityBinding>, list: &FriendList| {
        access(&rules, list, now).account(&alice, pin.as_ref(), None).result()
    };

    assert_eq!(who(pin(2, "alice"), &den(now)), Ok(PlexId(2)));
    // The first login was Dora's, who had this name then (R77).
    assert_eq!(who(pin(6, "alice"), &den(now)), Ok(PlexId(6)));
    let taken = Reason::Renamed { pinned: PlexId(9), now: PlexId(2) };
    assert_eq!(who(pin(9, "alice"), &den(now)), Err(taken.clone()));
    assert_eq!(taken.outcome(Phase::Authenticate), Outcome::NotAllowed);
    // The owner wrote another name since: their word, not an old login, says who it is.
    assert_eq!(who(pin(9, "former@example.org"), &den(now)), Ok(PlexId(2)));

    let mut renamed = den(now);
    renamed.entries.retain(|entry| entry.person.id != PlexId(2));
    assert_eq!(who(pin(2, "alice"), &renamed), Err(Reason::NotOnList));
    renamed.entries.push(entry(2, "alicia", Relationship::Shared));
    assert_eq!(who(pin(2, "alice"), &renamed), Ok(PlexId(2)));
    assert_eq!(who(None, &renamed), Err(Reason::NotOnList));
}

/// The machine has an account `2` that the Plex user called `2` signed in to, as a member of the group.
#[test]
fn r33_an_id_in_the_configuration_is_the_account_whatever_is_bound_under_that_name() {
    let now = NOW;
    let pin = IdentityBinding { id: PlexId(3), reference: "2".into() };
    let rules = rules(false, None);
    let who = |list: &FriendList| access(&rules, list, now).account(&PlexRef::parse("2"), Some(&pin), None).result();
    assert_eq!(who(&den(now)), Ok(PlexId(2)));
    let mut without = den(now);
    without.entries.retain(|entry| entry.person.id != PlexId(2));
    assert_eq!(who(&without), Err(Reason::NotOnList), "and nobody else");
}

#[test]
fn a_reference_that_matches_two_accounts_is_refused() {
    let now = NOW;
    let mut list = den(now);
    let impostor = PlexUser { id: PlexId(8), username: Some("alice@example.org".into()), email: None };
    list.entries.push(FriendRecord { person: impostor, relationship: Relationship::Shared });
    let rules = rules(true, None);
    let ask = |name| access(&rules, &list, now).sign_in(&PlexRef::parse(name), None).result().map(|_| ());
    assert_eq!(ask("alice@example.org"), Err(Reason::Ambiguous));
    assert_eq!(ask("alice"), Ok(()));
    assert_eq!(ask("2"), Ok(()));
}

/// A friend, another friend and a person who is only invited: each can have, or choose, the name of someone else's account.
#[test]
fn r77_a_known_id_decides_whoever_else_has_the_name_now() {
    let rules = rules(true, Some("olga"));
    let pin = |id| IdentityBinding { id: PlexId(id), reference: "alice@example.org".into() };
    let reference = PlexRef::parse("alice@example.org");
    let named = |id, relationship| FriendRecord {
        person: PlexUser { id: PlexId(id), username: Some("Alice@example.org".into()), email: None },
        relationship,
    };
    let who = |list: &FriendList, id| {
        let binding = pin(id);
        let access = access(&rules, list, NOW);
        let target = access.sign_in(&reference, Some(&binding)).result().map(|target| target.plex_id().unwrap());
        assert_eq!(target, access.account(&reference, Some(&binding), None).result());
        target
    };
    for relationship in [Relationship::Shared, Relationship::Friend, Relationship::Home, Relationship::Pending] {
        let mut list = den(NOW);
        list.entries.push(named(8, relationship));
        assert_eq!(who(&list, 2), Ok(PlexId(2)), "two people have the name: {relationship:?}");
        list.entries.push(named(9, relationship));
        assert_eq!(who(&list, 2), Ok(PlexId(2)), "three do: {relationship:?}");
        let unbound = access(&rules, &list, NOW).sign_in(&reference, None).result();
        assert_eq!(unbound, Err(Reason::Ambiguous), "nobody is known: {relationship:?}");
        // Alice has another name now, and others have hers.
        list.entries.retain(|entry| entry.person.id != PlexId(2));
        list.entries.push(entry(2, "alicia", Relationship::Shared));
        assert_eq!(who(&list, 2), Ok(PlexId(2)), "renamed: {relationship:?}");
        // Alice is no friend any more, and nobody inherits her account.
        list.entries.retain(|entry| entry.person.id != PlexId(2));
        assert_eq!(who(&list, 2), Err(Reason::Renamed { pinned: PlexId(2), now: PlexId(8) }), "{relationship:?}");
        list.entries.retain(|entry| entry.person.id.0 < 8);
        assert_eq!(who(&list, 2), Err(Reason::NotOnList), "{relationship:?}");
    }
    // The known id is judged by the rules like any other.
    let mut list = den(NOW);
    list.entries.retain(|entry| entry.person.id != PlexId(2));
    list.entries.push(entry(2, "alicia", Relationship::Pending));
    list.entries.push(named(8, Relationship::Shared));
    assert_eq!(who(&list, 2), Err(Reason::Pending));
}

/// A friend chooses the name of a member of the group, which nobody at Plex had when the member joined.
#[test]
fn r74_member_of_the_group_belongs_to_the_account_that_had_its_name_when_it_joined_and_to_no_other() {
    let rules = rules(true, Some("olga"));
    let member = |local: &str| PlexRef::Member(local.into());
    let mut later = den(NOW);
    later.entries.push(entry(9, "nora", Relationship::Shared));
    for (list, expected) in [(den(NOW), Reason::NotOnList), (later.clone(), Reason::Unbound)] {
        let access = access(&rules, &list, NOW);
        assert_eq!(access.sign_in(&member("nora"), None).result(), Err(expected.clone()));
        assert_eq!(access.sign_in_by_link(&member("nora"), None).result(), Err(expected.clone()));
        assert_eq!(access.account(&member("nora"), None, Some((PlexId(9), NOW))).result(), Err(expected));
    }
    assert_eq!(rules.first_binding(&den(NOW), "nora"), None);
    // The list that is the first after it joined binds it, whatever access the account has.
    for (local, id) in [("alice", 2), ("bob", 3), ("carol", 5), ("olga", 1)] {
        let binding = rules.first_binding(&den(NOW), local);
        assert_eq!(binding, Some(IdentityBinding { id: PlexId(id), reference: local.into() }), "{local}");
    }
    let alice = rules.first_binding(&den(NOW), "alice");
    let who = access(&rules, &later, NOW).account(&member("alice"), alice.as_ref(), None).result();
    assert_eq!(who, Ok(PlexId(2)));
    // Neither an address nor another case of the local name is a member's, and of two accounts none is.
    assert_eq!(rules.first_binding(&den(NOW), "alice@example.org"), None);
    assert_eq!(rules.first_binding(&den(NOW), "Alice"), None);
    later.entries.push(entry(10, "NORA", Relationship::Pending));
    assert_eq!(rules.first_binding(&later, "nora"), None);
    assert_eq!(access(&rules, &later, NOW).account(&member("nora"), None, None).result(), Err(Reason::Unbound));
    // The second source binds nobody.
    assert!(den(NOW).binds_members());
    assert!(!FriendList { second_source: Some("gone".into()), ..den(NOW) }.binds_members());
    // Without a token there is no list, and the first login decides.
    let target = without_list(&rules, NOW).sign_in(&member("alice"), None).result().unwrap();
    assert_eq!(target.confirm(&person(2, "Alice")), Ok(()));
}

/// P7: `/api/v2/user` does not show the owner's names, and `owner_id` is configured.
#[test]
fn r76_an_owner_without_names_signs_in_as_admin_account() {
    let nameless = |username: Option<&str>| FriendList {
        owner: PlexUser { id: PlexId(1), username: username.map(Into::into), email: None },
        ..den(NOW)
    };
    let rules =
        |admin: Option<&str>, owner_id: Option<u64>| Rules { owner_id: owner_id.map(PlexId), ..rules(true, admin) };
    let login = |rules: &Rules, list: &FriendList, name: PlexRef| {
        access(rules, list, NOW).sign_in(&name, None).result().map(|target| (target.login.clone(), target.plex_id()))
    };
    let owner = Ok(("olga@example.org".to_owned(), Some(PlexId(1))));
    let known = rules(Some("olga@example.org"), Some(1));
    let name = || PlexRef::parse("OLGA@example.org");
    for list in [nameless(None), nameless(Some(""))] {
        assert_eq!(login(&known, &list, name()), owner);
        assert_eq!(login(&known, &list, PlexRef::parse("1")), owner);
        assert_eq!(login(&known, &list, PlexRef::parse("olga")), Err(Reason::NotOnList), "not the name in the file");
        assert!(known.is_owners(Some(&list), &name(), None));
        assert!(!known.is_owners(Some(&list), &PlexRef::parse("olga"), None));
        let as_member = rules(Some("Olga"), Some(1));
        let binding = as_member.first_binding(&list, "olga");
        let target = access(&as_member, &list, NOW).sign_in(&PlexRef::Member("olga".into()), binding.as_ref()).result();
        assert_eq!(target.map(|t| (t.login.clone(), t.plex_id())), Ok(("Olga".to_owned(), Some(PlexId(1)))));
    }
    // Only the configured id makes up for the names, and only admin_account gives the owner access.
    for id in [None, Some(2)] {
        let unknown = rules(Some("olga@example.org"), id);
        assert_eq!(login(&unknown, &nameless(None), PlexRef::parse("1")), Err(Reason::OwnerNotAdmin), "{id:?}");
        assert_eq!(login(&unknown, &nameless(None), name()), Err(Reason::NotOnList), "{id:?}");
    }
    let no_admin = rules(None, Some(1));
    assert_eq!(login(&no_admin, &nameless(None), PlexRef::parse("1")), Err(Reason::OwnerNotAdmin));
    // A list that shows names decides by them.
    let outdated = rules(Some("old"), Some(1));
    assert_eq!(login(&outdated, &nameless(Some("olga")), PlexRef::parse("1")), Err(Reason::OwnerNotAdmin));
    // A friend with the same name gains nothing.
    let mut taken = nameless(None);
    taken.entries.push(entry(9, "OLGA", Relationship::Shared));
    assert_eq!(login(&known, &taken, name()), Err(Reason::Ambiguous));
    let binding = IdentityBinding { id: PlexId(1), reference: "OLGA@example.org".into() };
    let bound = access(&known, &taken, NOW).sign_in(&name(), Some(&binding)).result();
    assert_eq!(bound.map(|target| target.login), Ok("olga@example.org".to_owned()));
}

/// Every person who can sign in × every account they might try × every way to write it × every pin.
#[test]
fn r33_no_password_opens_another_users_account() {
    let now = NOW;
    let list = den(now);
    let mut users: Vec<PlexUser> = list.entries.iter().map(|entry| entry.person.clone()).collect();
    users.extend([list.owner.clone(), person(99, "mallory"), person(2222, "alice")]);
    let (mut right, mut wrong) = (0, 0);
    for target in &users {
        let names = [target.username.clone(), target.email.clone(), Some(target.id.to_string())];
        for name in names.into_iter().flatten() {
            let reference = PlexRef::parse(&name);
            let pins = users.iter().map(|p| Some(IdentityBinding { id: p.id, reference: name.clone() })).chain([None]);
            for pin in pins {
                for strict in [true, false] {
                    let rules = rules(strict, Some("olga"));
                    let target = access(&rules, &list, now).sign_in(&reference, pin.as_ref()).result();
                    let Ok(target) = target else { continue };
                    for signed_in in &users {
                        // A number needs no pin to say who is meant.
                        let pin = pin.as_ref().filter(|_| !matches!(reference, PlexRef::Id(_)));
                        let meant = pin.map_or_else(
                            || list.entries.iter().find(|e| reference.matches(&e.person)).map(|e| e.person.id),
                            |pin| Some(pin.id),
                        );
                        let meant = meant.unwrap_or(list.owner.id);
                        assert_eq!(target.confirm(signed_in).is_ok(), signed_in.id == meant, "{reference:?} {pin:?}");
                        if signed_in.id == meant { right += 1 } else { wrong += 1 }
                    }
                }
            }
        }
    }
    assert!(right > 0 && wrong > right, "{right} right, {wrong} wrong");
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
    assert_eq!(today(&alice, Some((PlexId(3), NOW)), NOW), Err(Reason::NoSignInYet), "somebody else's");
    assert_eq!(today(&alice, None, NOW), Err(Reason::NoSignInYet));
    // The owner has given the account to another user since.
    let bob = PlexRef::parse("bob");
    assert_eq!(today(&bob, Some((PlexId(2), NOW)), NOW), Err(Reason::NoSignInYet));
    let unbound = without_list(&rules, NOW).account(&alice, None, Some((PlexId(2), NOW))).result();
    assert_eq!(unbound, Err(Reason::NoSignInYet));
}

#[test]
fn without_a_list_the_name_or_the_binding_must_match() {
    let (rules, name) = (rules(true, None), PlexRef::parse("alice"));
    let sign_in = |reference, pin: Option<_>| without_list(&rules, NOW).sign_in(reference, pin).result();
    let fresh = sign_in(&name, None).unwrap();
    assert_eq!(fresh.confirm(&person(2, "Alice")), Ok(()));
    let wrong = Reason::WrongPerson { expected: None, signed_in: PlexId(3) };
    assert_eq!(fresh.confirm(&person(3, "bob")), Err(wrong));

    let pin = fresh.binding(&person(2, "alice"));
    let later = sign_in(&name, Some(&pin)).unwrap();
    assert_eq!(later.confirm(&person(2, "renamed")), Ok(()));
    let wrong = Reason::WrongPerson { expected: Some(PlexId(2)), signed_in: PlexId(2222) };
    assert_eq!(later.confirm(&person(2222, "alice")), Err(wrong));

    assert_eq!(sign_in(&PlexRef::parse("2"), None), Err(Reason::NoLoginName));
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

/// The design's table, written a second time, so that a change of either shows.
#[test]
fn r18_r36_every_reason_has_its_outcome_and_none_of_them_is_success() {
    let table = [
        (Outcome::NotManaged, "NoLocalAccount SystemAccount NotManaged"),
        (Outcome::LocalFirst, "LocalFirst"),
        (
            Outcome::WrongSecret,
            "EmptyPassword LongPassword ControlByte NotUtf8 WrongPassword WrongCode CodeWanted NotApproved CodeExpired \
             EmailOnly",
        ),
        (
            Outcome::NotAllowed,
            "NotYourAccount ChangedAtPlex NotOnList Ambiguous Pending NoAccess OwnerNotAdmin Renamed Unbound WrongPerson NoLoginName Forbidden \
             ServerRefuses",
        ),
        (
            Outcome::Throttled,
            "TooManyTries TooManyLinkCodes AddressBlocked RateLimited BudgetSpent SignInsSpent LinkCodesSpent",
        ),
        (
            Outcome::Unavailable,
            "LinkNotOffered AccountBusy ListTooOld NoSignInYet Unreachable AccountsUnreadable OtherVersion NoSlot Unavailable",
        ),
        (Outcome::ConversationFailed, "PromptFailed"),
    ];
    for reason in Reason::iter() {
        let name: &str = (&reason).into();
        let row = table.iter().find(|(_, names)| names.split_whitespace().any(|known| known == name));
        let outcome = row.map(|(outcome, _)| *outcome);
        assert_eq!(outcome, Some(reason.outcome(Phase::Authenticate)), "{name}");
        // R65: an account phase allows, denies, or is not ours; nothing that decides nothing is anything but a denial.
        let account = if outcome == Some(Outcome::NotManaged) { Outcome::NotManaged } else { Outcome::NotAllowed };
        assert_eq!(reason.outcome(Phase::Account), account, "{name}");
        // R69: plex.tv's absence, and nothing that anybody else could bring about.
        assert_eq!(reason.opens_offline_cache(), name == "Unreachable", "{name}");
        let password = if name == "AccountsUnreadable" { Some(Outcome::NotAllowed) } else { outcome };
        assert_eq!(Some(reason.outcome(Phase::Password)), password, "{name}");
        assert_eq!(reason.is_lookup_miss(), ["NotOnList", "Pending", "NoAccess", "Renamed"].contains(&name), "{name}");
        // Nobody is put in back-off for not being a friend.
        let typed = outcome == Some(Outcome::WrongSecret) || name == "WrongPerson";
        assert_eq!(reason.is_about_the_password(), typed, "{name}");
        // R72: after plex.tv's yes, nothing stored about the user is deleted.
        assert_eq!(reason.is_only_the_media_servers(), name == "ServerRefuses", "{name}");
        // A message of its own, or one with the text of an error.
        let has_text = matches!(reason, Reason::Unreachable(_) | Reason::Unavailable(_));
        assert!(has_text || !reason.to_string().is_empty(), "{name}");
        assert!(!reason.to_string().contains('\n'), "{name}");
    }
    assert_eq!(Reason::iter().count(), table.iter().map(|(_, names)| names.split_whitespace().count()).sum());
}
