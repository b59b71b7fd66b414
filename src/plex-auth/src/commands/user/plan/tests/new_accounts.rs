//! New accounts: for whom, and under which names.

use super::*;

#[test]
fn r68_a_name_with_leftovers_of_an_earlier_account_is_left_to_the_owner() {
    let mut machine = Machine::new();
    machine.left.insert("alice".into(), "an earlier account has left /home/alice".into());
    let plan = machine.plan(&list(&[(2, "alice", Relationship::Shared), (3, "bob", Relationship::Shared)]), false);
    assert_eq!(names_of(&plan), ["add bob: for bob (Plex id 3)"]);
    assert!(
        matches!(plan.notes.as_slice(), [only] if only.contains("/home/alice") && only.ends_with("user add alice --plex 2")),
        "{plan:?}"
    );
}

#[test]
fn a_name_in_users_is_used_and_an_existing_account_is_not() {
    let mut machine = Machine::new();
    machine.users.insert("al".into(), PlexRef::parse("2"));
    machine.users.insert("bob".into(), PlexRef::parse("carol@example.org"));
    let friends = list(&[
        (2, "alice", Relationship::Shared),
        (3, "bob", Relationship::Shared),
        (5, "dora", Relationship::Shared),
        (6, "ROOT", Relationship::Shared),
    ]);
    let plan = machine.plan(&friends, false);
    assert_eq!(names_of(&plan), ["add al: for alice (Plex id 2)"]);
    assert_eq!(plan.notes.len(), 3, "{plan:?}");
    assert!(plan.notes[1].ends_with("plex-auth user link dora 5"), "{plan:?}");
    assert!(plan.notes.iter().all(|note| note.contains("plex-auth user add NAME --plex ")), "{plan:?}");
}

#[test]
fn r73_each_friend_gets_one_account_whatever_becomes_of_it_and_of_their_name() {
    let alice = |name| list(&[(2, name, Relationship::Shared), (3, "bob", Relationship::Shared)]);
    let machine = Machine::new();
    let machine = machine.after(&machine.plan(&alice("alice"), false));
    assert_eq!(machine.plan(&alice("alicia"), false).actions, [], "a new name is no new friend");
    // The owner has removed it, with or without its entry in [users].
    let mut removed = machine.clone();
    removed.locals.retain(|local| local.name != "alice");
    for entry in [true, false] {
        if !entry {
            removed.users.remove("alice");
        }
        for name in ["alice", "alicia"] {
            let plan = removed.plan(&alice(name), false);
            assert_eq!((plan.actions.len(), notes_with(&plan, "had an account: ")), (0, 1), "{plan:?}");
            assert_eq!(notes_with(&plan, "plex-auth user add NAME --plex 2"), 1, "{plan:?}");
        }
    }
    // Away and back: the account that was locked is unlocked, and one that was removed is not created again.
    let away = machine.after(&machine.plan(&list(&[(3, "bob", Relationship::Shared)]), true));
    assert_eq!(away.plan(&alice("alice"), false).actions, []);
}

#[test]
fn r73_only_a_name_that_the_owner_has_seen_or_prefixed_is_created_without_them() {
    let mut machine = Machine::new();
    machine.users.insert("bo".into(), PlexRef::parse("bob"));
    machine.people.insert(PlexId(5), Person { local: "erin".into(), stage: Stage::Seen });
    machine.people.insert(PlexId(6), Person { local: "frank".into(), stage: Stage::Waiting });
    let friends = list(&[
        (2, "alice", Relationship::Shared),
        (3, "bob", Relationship::Shared),
        (5, "mock", Relationship::Shared),
        (6, "frank", Relationship::Shared),
    ]);
    let mut plan = machine.plan(&friends, false);
    let unseen = plan.take_unseen();
    // Erin has been shown to the owner under that name, whatever she is called now.
    assert_eq!(names_of(&plan), ["add bo: for bob (Plex id 3)", "add erin: for mock (Plex id 5)"]);
    let unseen: Vec<_> = unseen.iter().map(ToString::to_string).collect();
    assert_eq!(unseen, ["add alice: for alice (Plex id 2)", "add frank: for frank (Plex id 6)"]);
    machine.prefix = Some("plex-");
    let mut plan = machine.plan(&friends, false);
    assert_eq!(plan.take_unseen(), []);
    assert!(names_of(&plan).contains(&"add plex-frank: for frank (Plex id 6)".to_owned()), "{plan:?}");
    // A name of the system's is nobody's, with a prefix either.
    machine.people.clear();
    machine.prefix = None;
    let names = list(&[(8, "mock", Relationship::Shared), (9, "Jenkins", Relationship::Shared)]);
    let plan = machine.plan(&names, false);
    assert_eq!((plan.actions.len(), notes_with(&plan, "needs a name: ")), (0, 2), "{plan:?}");
    machine.prefix = Some("plex-");
    let authd = list(&[(8, "authd", Relationship::Shared)]);
    assert_eq!(machine.plan(&authd, false).actions, [], "plex-authd");
}

#[test]
fn r73_r74_a_name_in_users_gives_no_account_to_another_person_who_has_that_name_now() {
    let mut machine = Machine::new();
    machine.users.insert("eve".into(), PlexRef::parse("erin"));
    let friends = list(&[(22, "erin", Relationship::Shared)]);
    let bound = |id| {
        let binding = IdentityBinding { id: PlexId(id), reference: "erin".into() };
        BTreeMap::from([("eve".to_owned(), KnownBinding::Bound(binding))])
    };
    let refused = |plan: &Plan, why: &str| {
        assert_eq!((plan.actions.len(), notes_with(plan, why)), (0, 1), "{plan:?}");
        assert_eq!(notes_with(plan, "needs a name: erin (Plex id 22): "), 1, "{plan:?}");
    };
    let was = "[users] assigns 'eve' to 'erin', which was the name of Plex id 5: plex-auth user add NAME --plex 22";
    refused(&machine.plan_with(&friends, Some(&bound(5)), false), was);
    refused(&machine.plan_with(&friends, None, false), "'eve' in [users]: plex-authd");
    let added = ["add eve: for erin (Plex id 22)"];
    assert_eq!(names_of(&machine.plan_with(&friends, Some(&bound(22)), false)), added);
    assert_eq!(names_of(&machine.plan(&friends, false)), added);
    machine.people.insert(PlexId(5), Person { local: "eve".into(), stage: Stage::Account });
    refused(&machine.plan(&friends, false), was);
    // An id needs no name.
    machine.users.insert("eve".into(), PlexRef::parse("22"));
    assert_eq!(names_of(&machine.plan_with(&friends, None, false)), added);
}
