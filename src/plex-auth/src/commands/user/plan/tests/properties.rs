//! Properties of every plan, on random machines.

use policy::Relationship;
use proptest::prelude::*;

use super::*;
use crate::accounts::names;

/// Names as plex.tv may send them.
const USERNAMES: [&str; 14] = [
    "",
    "alice",
    "Alice",
    "bob",
    "carol",
    "root",
    "../x",
    "-o",
    "\u{430}lice",
    "a\u{1b}[31mb",
    "sudo",
    "a b",
    "abcdefghijklmnopqrstuvwxyz0123456789abcd",
    "7up",
];

/// Names of accounts on the machine.
const ACCOUNTS: [&str; 5] = ["alice", "bob", "carol", "dora", "erin"];

fn friend() -> impl Strategy<Value = (u64, &'static str, Relationship)> {
    let relationship = prop::sample::select(&[Relationship::Shared, Relationship::Shared, Relationship::Pending][..]);
    (2..9_u64, prop::sample::select(&USERNAMES[..]), relationship)
}

prop_compose! {
    fn machine()(
        accounts in prop::collection::btree_map(
            prop::sample::select(&ACCOUNTS[..]), (any::<bool>(), prop::option::of(prop::sample::select(&[LOCKED, TODAY + 1][..])), any::<bool>()), 0..5),
        users in prop::collection::btree_map(prop::sample::select(&ACCOUNTS[..]), 1..9_u64, 0..3),
        group in any::<bool>(),
    ) -> Machine {
        let mut machine = Machine { group, ..Machine::new() };
        machine.users = users.into_iter().map(|(name, id)| (name.to_owned(), PlexRef::Id(PlexId(id)))).collect();
        machine.others.remove("dora");
        for (name, (password, expires, managed)) in accounts {
            if managed && (group || machine.users.contains_key(name)) {
                machine.member(name, password, expires);
                let uid = machine.locals.last().unwrap().uid;
                machine.locks.insert(name.to_owned(), Lock { uid, expires: None });
            } else {
                machine.users.remove(name);
                machine.others.insert(name.to_owned());
            }
        }
        machine
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(machine in machine(), friends in prop::collection::vec(friend(), 0..6)) {
        let friends = list(&friends);
        let plan = machine.plan(&friends, false);
        let after = machine.after(&plan);
        let again = after.plan(&friends, false);
        prop_assert!(again.actions.is_empty(), "{plan:?}\n{again:?}");
        // Each new account belongs to the friend that it was created for.
        for action in &plan.actions {
            if let Action::Add { local, plex, .. } = action {
                let made = after.locals.iter().find(|known| known.name == *local).unwrap();
                prop_assert_eq!(made.mapped_to.clone(), PlexRef::Id(*plex));
                prop_assert_eq!(friends.account(&made.mapped_to, &KnownBinding::Unknown), Ok(*plex));
            }
        }
    }

    #[test]
    fn only_accounts_made_for_plex_are_touched_and_only_for_a_reason(
        machine in machine(), friends in prop::collection::vec(friend(), 0..6), remove in any::<bool>()
    ) {
        let friends = list(&friends);
        let mut touched = BTreeSet::new();
        for action in machine.plan(&friends, remove).actions {
            let known = |name: &String| machine.locals.iter().find(|local| local.name == *name);
            match &action {
                Action::Add { local, plex, .. } => {
                    prop_assert!(names::check(local).is_ok() && known(local).is_none() && !machine.others.contains(local));
                    prop_assert!(friends.is_permitted(*plex).is_ok());
                }
                Action::Lock { local, .. } | Action::Remove { local, .. } => {
                    let account = known(local).unwrap();
                    prop_assert!(friends.account(&account.mapped_to, &KnownBinding::Unknown).is_err());
                    prop_assert!(!account.shadow.as_ref().unwrap().password);
                }
                Action::Unlock { local, .. } => {
                    let account = known(local).unwrap();
                    prop_assert!(friends.account(&account.mapped_to, &KnownBinding::Unknown).is_ok());
                    prop_assert_eq!(account.shadow.as_ref().unwrap().expires, Some(LOCKED));
                }
            }
            let (Action::Add { local, .. } | Action::Lock { local, .. } | Action::Unlock { local, .. } | Action::Remove { local, .. }) = action;
            prop_assert!(touched.insert(local), "twice");
        }
    }
}
