#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a failed test may panic")]

use policy::{BootTime, FriendList, FriendRecord, IdentityBinding, Relationship, Rules};
use proptest::prelude::*;

use super::*;
use crate::accounts::names;
use crate::accounts::people::{Person, Stage};

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

const TODAY: i64 = 20_000;

fn person(id: u64, username: &str) -> PlexUser {
    let said = |text: String| Some(text).filter(|text| !text.is_empty());
    let email = if username.is_empty() { String::new() } else { format!("{id}@example.org") };
    PlexUser { id: PlexId(id), username: said(username.into()), email: said(email) }
}

fn list(friends: &[(u64, &str, Relationship)]) -> Friends {
    let entries = friends
        .iter()
        .map(|(id, name, relationship)| FriendRecord { person: person(*id, name), relationship: *relationship })
        .collect();
    let list =
        FriendList { owner: person(1, "olga"), entries, second_source: None, fetched_at: BootTime::from_millis(0) };
    Friends::from_list(Rules { strict: true, ..Rules::default() }, list)
}

/// A machine, as far as the plan sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Machine {
    users: BTreeMap<String, PlexRef>,
    /// Members of the group need no entry in `[users]`.
    group: bool,
    people: People,
    prefix: Option<&'static str>,
    locals: Vec<Local>,
    /// Names of accounts that are not managed.
    others: BTreeSet<String>,
    /// Names with leftovers of an earlier account.
    left: BTreeMap<String, String>,
    locks: Locks,
}

impl Machine {
    fn new() -> Self {
        let others = ["root", "sudo", "dora"].map(str::to_owned).into();
        let (users, left, people) = (BTreeMap::new(), BTreeMap::new(), People::new());
        Self { users, group: true, people, prefix: None, locals: Vec::new(), others, left, locks: Locks::new() }
    }

    fn member(&mut self, name: &str, password: bool, expires: Option<i64>) {
        let shadow = Some(Shadow { password, expires });
        let mapped_to = self.users.get(name).cloned().unwrap_or_else(|| PlexRef::Member(name.into()));
        let uid = 1000 + u32::try_from(self.locals.len()).unwrap();
        self.locals.push(Local { name: name.into(), uid, mapped_to, shadow });
    }

    fn plan(&self, friends: &Friends, remove: bool) -> Plan {
        self.plan_with(friends, Some(&BTreeMap::new()), remove)
    }

    fn plan_with(&self, friends: &Friends, bindings: Option<&BTreeMap<String, KnownBinding>>, remove: bool) -> Plan {
        let names = self.locals.iter().map(|local| local.name.clone()).chain(self.others.clone());
        let taken = names.map(|name| (name, Availability::Exists)).collect();
        plan(&Given {
            friends,
            users: &self.users,
            people: &self.people,
            prefix: self.prefix,
            locals: &self.locals,
            taken: &taken,
            left: &self.left,
            bindings,
            locks: &self.locks,
            today: TODAY,
            remove,
        })
    }

    /// The machine after the plan was carried out.
    fn after(&self, plan: &Plan) -> Self {
        let mut after = self.clone();
        for action in &plan.actions {
            match action {
                Action::Add { local, plex, .. } => {
                    after.users.insert(local.clone(), PlexRef::Id(*plex));
                    after.people.insert(*plex, Person { local: local.clone(), stage: Stage::Account });
                    after.member(local, false, None);
                }
                Action::Lock { local, lock, .. } => {
                    after.locks.insert(local.clone(), lock.clone());
                    after.expire(local, Some(LOCKED));
                }
                Action::Unlock { local, lock } => {
                    after.locks.remove(local);
                    after.expire(local, lock.expires);
                }
                Action::Remove { local, .. } => after.locals.retain(|known| known.name != *local),
            }
        }
        after
    }

    fn expire(&mut self, name: &str, day: Option<i64>) {
        let local = self.locals.iter_mut().find(|local| local.name == name).unwrap();
        local.shadow.as_mut().unwrap().expires = day;
    }
}

fn names_of(plan: &Plan) -> Vec<String> {
    plan.actions.iter().map(ToString::to_string).collect()
}

#[test]
fn a_friend_with_access_gets_an_account_and_a_former_friend_is_locked() {
    let mut machine = Machine::new();
    machine.member("bob", false, None);
    let before = list(&[
        (2, "Alice", Relationship::Shared),
        (3, "bob", Relationship::Shared),
        (4, "carol", Relationship::Pending),
    ]);
    let plan = machine.plan(&before, false);
    assert_eq!(names_of(&plan), ["add alice: for Alice (Plex id 2)"]);
    let machine = machine.after(&plan);
    let served = BTreeMap::from([(PlexId(2), "alice".to_owned()), (PlexId(3), "bob".to_owned())]);
    assert_eq!(machine.plan(&before, false), Plan { in_use: 2, served, ..Plan::default() });
    let gone = list(&[(2, "Alice", Relationship::Shared)]);
    let plan = machine.plan(&gone, false);
    assert!(matches!(names_of(&plan).as_slice(), [only] if only.starts_with("lock bob: ")), "{plan:?}");
    assert!(!plan.is_drastic(), "one of two");
    let locked = machine.after(&plan);
    assert_eq!(locked.plan(&gone, false).actions, []);
    assert_eq!(names_of(&locked.plan(&before, false)), ["unlock bob: its friend has access again"]);
    assert_eq!(locked.after(&locked.plan(&before, false)), machine);
    assert!(names_of(&locked.plan(&gone, true))[0].starts_with("remove bob: "));
}

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
fn locks_by_others_stay_and_previous_expiry_dates_are_restored() {
    let shared = list(&[(3, "bob", Relationship::Shared)]);
    let mut machine = Machine::new();
    machine.member("bob", false, Some(LOCKED));
    let plan = machine.plan(&shared, false);
    assert_eq!((plan.actions.len(), plan.notes.len()), (0, 1), "{plan:?}");
    machine.locks.insert("bob".into(), Lock { uid: 7, expires: None });
    assert_eq!(machine.plan(&shared, false).actions, [], "that was another account of this name");
    machine.locks.insert("bob".into(), Lock { uid: 1000, expires: Some(30_000) });
    assert_eq!(machine.after(&machine.plan(&shared, false)).locals[0].shadow.as_ref().unwrap().expires, Some(30_000));
}

#[test]
fn accounts_with_a_local_password_and_the_owners_are_never_locked() {
    let mut machine = Machine::new();
    machine.member("bob", true, None);
    machine.member("olga", false, None);
    let plan = machine.plan(&list(&[]), false);
    assert_eq!((plan.actions.len(), plan.notes.len()), (0, 1), "{plan:?}");
    assert!(plan.notes[0].contains("bob") && plan.notes[0].contains("local password"));
    machine.locals[0].shadow = None;
    assert_eq!(machine.plan(&list(&[]), true).actions, []);
}

#[test]
fn a_friend_with_a_new_name_keeps_their_account() {
    let mut machine = Machine::new();
    machine.member("bob", false, None);
    let renamed = list(&[(3, "robert", Relationship::Shared)]);
    let binding = |reference: &str| {
        let binding = IdentityBinding { id: PlexId(3), reference: reference.into() };
        BTreeMap::from([("bob".to_owned(), KnownBinding::Bound(binding))])
    };
    assert_eq!(machine.plan_with(&renamed, Some(&binding("bob")), false).actions, []);
    // Without the daemon this is unknown, so nothing is done; with a void binding it is another person.
    let unknown = machine.plan_with(&renamed, None, false);
    assert!(!names_of(&unknown).iter().any(|action| action.starts_with("lock")), "{unknown:?}");
    assert_eq!(notes_with(&unknown, "left as it is: bob: plex-authd, which knows whose it is"), 1, "{unknown:?}");
    assert!(names_of(&machine.plan_with(&renamed, Some(&binding("other")), false))[0].starts_with("lock bob"));
}

#[test]
fn losing_most_accounts_at_once_is_drastic() {
    let mut machine = Machine::new();
    for name in ["alice", "bob", "carol"] {
        machine.member(name, false, None);
    }
    let one = list(&[(2, "alice", Relationship::Shared)]);
    assert!(machine.plan(&one, false).is_drastic() && machine.plan(&list(&[]), true).is_drastic());
    let two = list(&[(2, "alice", Relationship::Shared), (3, "bob", Relationship::Shared)]);
    assert!(!machine.plan(&two, false).is_drastic());
    // Those that are locked already do not count.
    machine.expire("carol", Some(LOCKED));
    assert!(!machine.plan(&one, false).is_drastic() && machine.plan(&list(&[]), false).is_drastic());
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

fn notes_with(plan: &Plan, words: &str) -> usize {
    plan.notes.iter().filter(|note| note.contains(words)).count()
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
fn r74_unbound_member_belongs_to_no_friend_who_has_its_name_now() {
    let mut machine = Machine::new();
    machine.member("bob", false, None);
    let unbound = BTreeMap::from([("bob".to_owned(), KnownBinding::Unbound)]);
    let friends = list(&[(3, "bob", Relationship::Shared)]);
    let plan = machine.plan_with(&friends, Some(&unbound), false);
    assert_eq!((plan.actions.len(), plan.served.len()), (0, 0), "{plan:?}");
    assert_eq!(notes_with(&plan, "plex-auth user link bob 3"), 1, "{plan:?}");
    assert_eq!(machine.plan(&friends, false).served, BTreeMap::from([(PlexId(3), "bob".to_owned())]));
}

#[test]
fn r74_without_plex_authd_sync_unlocks_no_account_because_of_a_name_and_records_no_owner_of_it() {
    let mut machine = Machine::new();
    machine.users.insert("alice".into(), PlexRef::parse("2"));
    machine.users.insert("carol".into(), PlexRef::parse("caroline"));
    for name in ["alice", "bob", "carol"] {
        machine.member(name, false, Some(LOCKED));
        let uid = machine.locals.last().unwrap().uid;
        machine.locks.insert(name.into(), Lock { uid, expires: None });
    }
    // Others have the names of bob and caroline now, as far as anyone knows.
    let friends = list(&[
        (2, "alicia", Relationship::Shared),
        (33, "bob", Relationship::Shared),
        (44, "caroline", Relationship::Shared),
    ]);
    for prefix in [None, Some("plex-")] {
        machine.prefix = prefix;
        let plan = machine.plan_with(&friends, None, false);
        assert_eq!(names_of(&plan), ["unlock alice: its friend has access again"], "{plan:?}");
        assert_eq!(plan.served, BTreeMap::from([(PlexId(2), "alice".to_owned())]));
        for name in ["bob", "carol"] {
            assert_eq!(notes_with(&plan, &format!("left as it is: {name}: plex-authd")), 1, "{plan:?}");
        }
    }
    assert_eq!(names_of(&machine.plan(&friends, false)).len(), 3);
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
