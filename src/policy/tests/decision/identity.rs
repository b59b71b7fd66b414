//! The person to whom an account belongs: names, ids and bindings.

use policy::{FriendList, FriendRecord, IdentityBinding, PlexId, PlexRef, PlexUser, Reason, Relationship, Rules};

use super::*;

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
fn r77_a_known_id_decides_even_if_another_account_has_the_name() {
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
    let by_link = without_list(&rules, NOW).sign_in_by_link(&PlexRef::parse("2"), None).result().unwrap();
    assert_eq!((fresh.plex_id(), later.plex_id(), by_link.plex_id()), (None, Some(PlexId(2)), Some(PlexId(2))));
    // R72: the media server is not contacted about the owner.
    let listed = ask(&rules, "alice").unwrap();
    assert_eq!([PlexId(1), PlexId(2)].map(|id| listed.is_owner(id)), [true, false]);
    assert!(!fresh.is_owner(PlexId(1)), "nothing says who the owner is");
}
