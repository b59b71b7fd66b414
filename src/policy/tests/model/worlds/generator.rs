//! Worlds in which the rare is common: few names and ids, so that they meet; ages right at the limits.
//!
//! Whatever a strategy names first is what a disagreement is shrunk to.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use super::names::Names;
use super::{Cached, How, IdentityBinding, Known, Limits, SignIn, World};

/// Names that could be mistaken for one another. Only those that differ in the case of ASCII letters are the same.
const FAMILIES: [[&str; 5]; 7] = [
    ["alice", "Alice", "ALICE", "\u{430}lice", "al\u{131}ce"],
    ["alice@example.org", "Alice@Example.org", "ALICE@EXAMPLE.ORG", "alice@ex\u{430}mple.org", "alice"],
    ["bob", "Bob", "boB", "b\u{3bf}b", "bob@example.org"],
    ["kim", "KIM", "\u{212a}im", "kim ", "k\u{130}m"],
    ["sam", "Sam", "\u{17f}am", "SAM", "sam@example.org"],
    ["\u{e9}mile", "\u{c9}mile", "\u{e9}MILE", "e\u{301}mile", "emile"],
    ["2", "02", "3", "\u{ff12}", "99999999999999999999"],
];

/// Ids and how they are written, among them neighbours, and what a sloppy comparison might take for nothing.
pub(super) const IDS: [(u64, &str); 7] =
    [(2, "2"), (3, "3"), (1, "1"), (20, "20"), (21, "21"), (u64::MAX, "18446744073709551615"), (0, "0")];

/// A name, as long as it is open which family the world is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name {
    Family(usize),
    Any(&'static str),
    Empty,
}

/// An id, as long as it is open whom the world is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Id {
    Hero,
    Next,
    Owner,
    Any(u64),
}

/// An age, as long as the limits are open.
#[derive(Debug, Clone, Copy)]
pub(super) enum Age {
    New,
    FriendList(i64),
    KnownList(i64),
    Remember(i64),
    Offline(i64),
    Old,
}

pub(super) type RawWho = (Id, Option<Name>, Option<Name>);
pub(super) type RawList = (RawWho, Vec<(RawWho, How)>);
pub(super) type RawRow = (bool, bool, bool, Option<Id>);

#[derive(Debug, Clone)]
enum RawAnswer {
    Is(RawWho, Option<bool>, bool),
    Other(SignIn),
}

/// The owner's entry for the account.
#[derive(Debug, Clone, Copy)]
pub(super) enum RawMapping {
    Users(Name),
    UsersId(Id),
    Group,
    GroupAndUsers(Name),
    None,
}

/// Any world.
pub fn worlds() -> impl Strategy<Value = World> {
    let machine = (local(), select(&FAMILIES[..]), any_id(), mapping(), typed());
    let config = (weighted(0.7, name()), any::<bool>(), prop_oneof![4 => Just(true), 1 => Just(false)], limits());
    let known = (
        weighted(0.6, (id(), prop_oneof![4 => Just(true), 1 => Just(false)], name())),
        weighted(0.8, (list(), age())),
        weighted(0.5, list()),
        weighted(0.8, (id(), age(), prop_oneof![3 => Just(true), 1 => Just(false)])),
    );
    let plex = (answer(), weighted(0.9, vec(row(), 0..4)));
    let written_owner = weighted(0.5, prop_oneof![4 => Just(Id::Owner), 1 => id()]);
    let second_source = weighted(0.25, Just("the first one is gone"));
    let joined = weighted(0.8, (list(), prop_oneof![9 => Just(false), 1 => Just(true)]));
    let owner = (written_owner, weighted(0.7, (id(), age())), second_source, joined);
    (machine, config, known, plex, owner).prop_map(|(machine, config, known, plex, owner)| {
        let (written_owner, signed_in, second_source, joined) = owner;
        let (raw_local, family, hero, mapping, typed) = machine;
        let (admin, strict, token, limits) = config;
        let (pin, known, fresh, remembered) = known;
        let (answer, resources) = plex;
        let owner_id = 1;
        let of = Names { family, hero, owner: owner_id, limits: &limits };
        let (local, uid_min, caller, trusted) = of.local(&raw_local);
        let (local, users, written) = of.mapped(local, mapping);
        World {
            pin: pin.map(|(id, same, other)| IdentityBinding {
                id: of.id(id),
                written: if same { written } else { of.name(other) },
            }),
            joined: joined.map(|(list, second)| (of.list(list), second)),
            known: known.map(|(list, age)| Known { list: of.list(list), age: of.age(age) }),
            fresh: fresh.map(|list| of.list(list)),
            remembered: remembered.map(|(id, age, same)| Cached { id: of.id(id), age: of.age(age), same }),
            answer: match answer {
                RawAnswer::Is(who, second_factor, code_asked) => {
                    SignIn::Is { who: of.who(who), second_factor, code_asked }
                }
                RawAnswer::Other(other) => other,
            },
            resources: resources.map(|rows| rows.into_iter().map(|row| of.row(row)).collect()),
            admin: admin.map(|name| of.name(name)),
            machine_id: "den",
            local,
            uid_min,
            users,
            caller,
            trusted,
            typed,
            token,
            strict,
            owner_id,
            second_source,
            written_owner: written_owner.map(|id| of.id(id)),
            signed_in: signed_in.map(|(id, age)| (of.id(id), of.age(age))),
            limits,
        }
    })
}

pub(super) type RawLocal = (bool, u32, u32, u8, Name);

fn local() -> impl Strategy<Value = RawLocal> {
    let there = prop_oneof![40 => Just(true), 1 => Just(false)];
    let uid = prop_oneof![30 => Just(1000), 1 => select(&[0, 999, 1001][..])];
    let uid_min = prop_oneof![20 => Just(1000), 1 => select(&[0, 1001][..])];
    let caller = prop_oneof![20 => Just(0), 5 => Just(1), 2 => Just(2), 1 => Just(3)];
    (there, uid, uid_min, caller, written())
}

fn mapping() -> impl Strategy<Value = RawMapping> {
    prop_oneof![
        12 => written().prop_map(RawMapping::Users),
        4 => id().prop_map(RawMapping::UsersId),
        8 => Just(RawMapping::Group),
        2 => written().prop_map(RawMapping::GroupAndUsers),
        1 => Just(RawMapping::None),
    ]
}

fn typed() -> impl Strategy<Value = (&'static str, usize)> {
    let odd = [
        ("", 1),
        ("x", 1024),
        ("x", 1025),
        ("\u{e4}", 512),
        ("\u{e4}", 513),
        ("\u{8}\n\r\u{7f}INCORRECT", 1),
        ("pass\tword", 1),
        ("\u{7f}", 1),
        ("\u{1f}", 1),
        (" ", 1),
        ("p\u{85}\u{e4}ss \u{1f642}", 1),
        ("pass\0word", 1),
    ];
    prop_oneof![9 => Just(("secret", 1)), 1 => select(odd.to_vec())]
}

fn limits() -> impl Strategy<Value = Limits> {
    const LENGTHS: [u64; 4] = [60_000, 300_000, 86_400_000, 1_000];
    let length = || select(&LENGTHS[..]);
    let friend_list = select(&[300_000, 1_000, 60_000][..]);
    (friend_list, select(&[0, 1, 3_300_000][..]), weighted(0.5, length()), weighted(0.8, length())).prop_map(
        |(friend_list, more, remember, offline)| Limits {
            friend_list,
            known_list: friend_list + more,
            remember,
            offline,
        },
    )
}

fn age() -> impl Strategy<Value = Age> {
    let near = || -1..=1_i64;
    prop_oneof![
        6 => Just(Age::New),
        2 => near().prop_map(Age::FriendList),
        2 => near().prop_map(Age::KnownList),
        2 => near().prop_map(Age::Remember),
        3 => near().prop_map(Age::Offline),
        1 => Just(Age::Old),
    ]
}

/// A name on Plex's side; it may be empty there.
fn name() -> impl Strategy<Value = Name> {
    prop_oneof![15 => written(), 1 => Just(Name::Empty)]
}

/// A name in the configuration or the account database, where none is empty.
fn written() -> impl Strategy<Value = Name> {
    let anybodys = select(FAMILIES.concat()).prop_map(Name::Any);
    let own = prop_oneof![6 => Just(0), 2 => 0..5_usize];
    prop_oneof![10 => own.prop_map(Name::Family), 4 => anybodys]
}

fn id() -> impl Strategy<Value = Id> {
    prop_oneof![
        12 => Just(Id::Hero),
        1 => Just(Id::Next),
        1 => Just(Id::Owner),
        2 => any_id().prop_map(Id::Any),
    ]
}

fn any_id() -> impl Strategy<Value = u64> {
    select(&IDS[..]).prop_map(|(id, _)| id)
}

fn who() -> impl Strategy<Value = RawWho> {
    let hero = (Just(Id::Hero), Just(Some(Name::Family(0))), Just(None));
    prop_oneof![1 => hero, 1 => (id(), weighted(0.9, name()), weighted(0.6, name()))]
}

fn list() -> impl Strategy<Value = RawList> {
    let how =
        prop_oneof![8 => Just(How::Shared), 4 => Just(How::Friend), 2 => Just(How::Home), 3 => Just(How::Pending)];
    let owner = (prop_oneof![9 => Just(Id::Owner), 1 => id()], weighted(0.7, name()), weighted(0.5, name()));
    (owner, vec((who(), how), 0..5))
}

fn row() -> impl Strategy<Value = RawRow> {
    let mostly = || prop_oneof![6 => Just(true), 1 => Just(false)];
    (mostly(), mostly(), any::<bool>(), weighted(0.8, prop_oneof![3 => Just(Id::Owner), 1 => id()]))
}

fn answer() -> impl Strategy<Value = RawAnswer> {
    let second_factor = prop_oneof![3 => Just(Some(false)), 1 => Just(Some(true)), 1 => Just(None)];
    let code_asked = prop_oneof![4 => Just(false), 1 => Just(true)];
    let refused = vec![
        SignIn::WrongPassword,
        SignIn::WrongCode,
        SignIn::EmailOnly,
        SignIn::Forbidden,
        SignIn::CodeWanted,
        SignIn::PromptFailed,
        SignIn::Blocked,
        SignIn::RateLimited,
        SignIn::BudgetSpent,
        SignIn::Unreadable,
    ];
    prop_oneof![
        4 => (who(), second_factor, code_asked).prop_map(|(who, second, code)| RawAnswer::Is(who, second, code)),
        1 => Just(RawAnswer::Other(SignIn::Down)),
        2 => select(refused).prop_map(RawAnswer::Other),
    ]
}
