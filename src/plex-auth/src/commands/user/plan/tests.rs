#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a failed test may panic")]

mod new_accounts;
mod properties;

use policy::{BootTime, FriendList, FriendRecord, IdentityBinding, Relationship, Rules};

use super::*;
use crate::accounts::expiry_locks::Locks;
use crate::accounts::names::Availability;
use crate::accounts::people::{Person, Stage};
use crate::accounts::shadow_utils::LOCKED;

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

fn notes_with(plan: &Plan, words: &str) -> usize {
    plan.notes.iter().filter(|note| note.contains(words)).count()
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
