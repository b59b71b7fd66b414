//! R75, R76: lists of people in any shape, against a second reading of the rules of trust. The second one never sees the XML:
//! it judges the model that the XML is made from.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use plex::{Changed, ListError, parse};
use policy::{FriendRecord, PlexId, PlexUser, Relationship};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const OURS: &str = "den";

/// An attribute: its value in the document, and what is to be read from it. `None` is a value that cannot be read.
#[derive(Debug, Clone)]
struct Attribute(String, Option<String>);

#[derive(Debug, Clone)]
struct Server {
    machine: Option<Attribute>,
    pending: Option<Attribute>,
    owned: Option<Attribute>,
    broken: bool,
}

#[derive(Debug, Clone)]
struct Row {
    id: Option<Attribute>,
    username: Option<Attribute>,
    email: Option<Attribute>,
    home: Option<Attribute>,
    accepted: Option<Attribute>,
    pending: Option<Attribute>,
    servers: Vec<Server>,
    /// Further text of the tag, and whether it makes the row unreadable.
    noise: (&'static str, bool),
}

#[derive(Debug, Clone)]
struct List {
    rows: Vec<Row>,
    /// Rows that the list says it has more than there are, by each of its two counts.
    missing: [Option<i64>; 2],
    /// Elements of another name.
    others: usize,
}

fn plain(text: &str) -> Attribute {
    Attribute(text.into(), Some(text.into()))
}

/// One of these values, mostly the first.
fn mostly(
    usual: &'static str,
    others: &'static [(&'static str, Option<&'static str>)],
) -> BoxedStrategy<Option<Attribute>> {
    let other = select(others).prop_map(|(raw, read)| Some(Attribute(raw.into(), read.map(str::to_owned))));
    prop_oneof![12 => Just(Some(plain(usual))), 2 => other, 1 => Just(None)].boxed()
}

fn flag(usual: &'static str) -> BoxedStrategy<Option<Attribute>> {
    let others = &[
        ("0", Some("0")),
        ("1", Some("1")),
        ("true", Some("true")),
        ("2", Some("2")),
        ("", Some("")),
        ("1&#1;", None),
    ];
    mostly(usual, others)
}

fn id() -> BoxedStrategy<Option<Attribute>> {
    let odd: &[(&str, Option<&str>)] = &[
        ("", Some("")),
        ("0", Some("0")),
        ("x", Some("x")),
        ("-7", Some("-7")),
        ("7\u{1}", None),
        ("&#55;", Some("7")),
    ];
    let odd = select(odd).prop_map(|(raw, read)| Some(Attribute(raw.into(), read.map(str::to_owned))));
    let number = (1_u64..30).prop_map(|id| Some(plain(&id.to_string())));
    prop_oneof![30 => number, 1 => odd, 1 => Just(None)].boxed()
}

fn server() -> impl Strategy<Value = Server> {
    let machine = mostly(OURS, &[("attic", Some("attic")), ("d\u{b}en", None), ("", Some(""))]);
    (machine, flag("0"), flag("1"), prop::bool::weighted(0.02)).prop_map(|(machine, pending, owned, broken)| Server {
        machine,
        pending,
        owned,
        broken,
    })
}

fn row() -> impl Strategy<Value = Row> {
    let name = || {
        mostly("alice", &[("", Some("")), ("a&amp;b", Some("a&b")), ("a & b", Some("a & b")), ("a\u{7f}\u{0}", None)])
    };
    let accepted = mostly("1700000000", &[("", Some("")), ("0", Some("0")), ("\u{1}", None)]);
    let noise = prop_oneof![
        20 => Just(("", false)),
        1 => select(&[(" x=\"1\" x='<2>'", false), (" p:id=\"3\"", false), (" title=\"\u{fffe}&#0;\"", false)][..]),
        1 => select(&[(" x=1", true), (" x", true), (" id=\"5\" id=\"5\" userID=\"5\" userID=\"5\"", true)][..]),
    ];
    (
        id(),
        name(),
        name(),
        flag("0"),
        accepted,
        prop_oneof![4 => Just(None), 1 => flag("0")],
        vec(server(), 0..4),
        noise,
    )
        .prop_map(|(id, username, email, home, accepted, pending, servers, noise)| Row {
            id,
            username,
            email,
            home,
            accepted,
            pending,
            servers,
            noise,
        })
}

fn list() -> impl Strategy<Value = List> {
    let rows = prop_oneof![4 => vec(row(), 0..6), 2 => vec(row(), 6..45)];
    let missing = || prop_oneof![6 => Just(Some(0)), 1 => Just(None), 1 => select(&[-1, 1, 7][..]).prop_map(Some)];
    let others = prop_oneof![8 => Just(0_usize), 1 => 1..3_usize];
    (rows, missing(), missing(), others).prop_map(|(rows, size, total, others)| List {
        rows,
        missing: [size, total],
        others,
    })
}

fn attributes(attributes: &[(&str, &Option<Attribute>)]) -> String {
    let one =
        |(name, value): &(&str, &Option<Attribute>)| value.as_ref().map(|value| format!(" {name}=\"{}\"", value.0));
    attributes.iter().filter_map(one).collect()
}

impl Row {
    fn tag(&self, tag: &str, id: &str) -> String {
        let fields = [(id, &self.id), ("username", &self.username), ("email", &self.email), ("home", &self.home)];
        let fields = attributes(&fields) + &attributes(&[("acceptedAt", &self.accepted)]);
        let pending = if tag == "User" { String::new() } else { attributes(&[("pending", &self.pending)]) };
        let servers: String = self.servers.iter().map(Server::tag).collect();
        format!("<{tag}{fields}{pending}{}>{servers}<Section id=\"1\"/></{tag}>\n", self.noise.0)
    }

    fn is_broken(&self) -> bool {
        self.servers.iter().any(|server| server.broken)
    }

    fn person(&self) -> Option<PlexUser> {
        let id = read(self.id.as_ref())?.parse().ok().filter(|id: &u64| *id > 0 && !self.noise.1)?;
        let name = |value: &Option<Attribute>| read(value.as_ref()).filter(|text| !text.is_empty()).map(str::to_owned);
        Some(PlexUser { id: PlexId(id), username: name(&self.username), email: name(&self.email) })
    }
}

impl Server {
    fn tag(&self) -> String {
        let broken = if self.broken { " pending=\"0\" pending=\"1\"" } else { "" };
        let said = [("machineIdentifier", &self.machine), ("pending", &self.pending), ("owned", &self.owned)];
        format!("<Server{}{broken}/>", attributes(&said))
    }

    fn is_ours(&self) -> bool {
        read(self.machine.as_ref()) == Some(OURS)
    }

    fn is_owned(&self) -> bool {
        matches!(read(self.owned.as_ref()), Some("1" | "true"))
    }
}

fn read(value: Option<&Attribute>) -> Option<&str> {
    value?.1.as_deref()
}

fn is_pending(value: Option<&Attribute>) -> bool {
    value.is_some_and(|value| !["", "0", "false"].map(Some).contains(&value.1.as_deref()))
}

impl List {
    fn document(&self, tag: &str, id: &str) -> String {
        let count = i64::try_from(self.rows.len()).unwrap();
        let counts: String = ["size", "totalSize"]
            .iter()
            .zip(self.missing)
            .filter_map(|(name, missing)| Some(format!(" {name}=\"{}\"", count + missing?)))
            .collect();
        let rows: String = self.rows.iter().map(|row| row.tag(tag, id)).collect();
        let others = "<Other id=\"1\" userID=\"1\"><Server machineIdentifier=\"den\"/></Other>".repeat(self.others);
        format!("<?xml version=\"1.0\"?>\n<MediaContainer{counts}>\n{rows}{others}</MediaContainer>")
    }

    /// The people of the list, or what is wrong with it.
    fn expected<'a>(
        &'a self,
        is_broken: impl Fn(&Row) -> bool,
        further: impl Fn(&[(PlexUser, &'a Row)]) -> Option<Changed>,
        relationship: impl Fn(&[&Row], &Row) -> Relationship,
    ) -> Result<Vec<FriendRecord>, ListError> {
        let people: Vec<_> =
            self.rows.iter().filter(|row| !is_broken(row)).filter_map(|row| Some((row.person()?, row))).collect();
        let odd = self.rows.len() - people.len();
        let wrong =
            if self.missing.iter().flatten().any(|missing| *missing > 0) || (self.rows.is_empty() && self.others > 0) {
                Some(Changed::Short)
            } else if odd > self.rows.len() / 10 && (odd > 1 || people.is_empty()) {
                Some(Changed::NoIds)
            } else {
                further(&people)
            };
        let all: Vec<_> = people.iter().map(|(_, row)| *row).collect();
        let record = |(person, row): (PlexUser, &Row)| FriendRecord { person, relationship: relationship(&all, row) };
        wrong.map_or_else(|| Ok(people.into_iter().map(record).collect()), |wrong| Err(ListError::Changed(wrong)))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// P5
    #[test]
    fn r75_a_list_of_shares_is_what_a_second_reading_says(list in list()) {
        let has_names = |people: &[(PlexUser, &Row)]| {
            people.is_empty() || people.iter().any(|(_, row)| row.username.is_some() || row.email.is_some())
        };
        let further = |people: &[(PlexUser, &Row)]| (!has_names(people)).then_some(Changed::NoNames);
        let expected = list.expected(
            Row::is_broken,
            further,
            |_, row| {
                let accepted = !matches!(read(row.accepted.as_ref()), None | Some("" | "0"));
                if accepted && !is_pending(row.pending.as_ref()) { Relationship::Shared } else { Relationship::Pending }
            },
        );
        prop_assert_eq!(parse::shared_servers(list.document("SharedServer", "userID").as_bytes()), expected);
    }

    /// P5, P6
    #[test]
    fn r76_a_list_of_friends_is_what_a_second_reading_says(list in list(), of_server in any::<bool>()) {
        // One server that plex.tv calls the owner's, and then only such count.
        let ours = |all: &[&Row], row: &Row| {
            let is_copy = |server: &&Server| {
                let owned = |other: &Server| other.is_ours() && other.is_owned();
                all.iter().any(|row| row.servers.iter().any(owned)) && !server.is_owned()
            };
            let servers = row.servers.iter().filter(|server| of_server && server.is_ours() && !is_copy(server));
            servers.map(|server| is_pending(server.pending.as_ref())).collect::<Vec<_>>()
        };
        let lack = |people: &[(PlexUser, &Row)], value: fn(&Server) -> bool| {
            let servers: Vec<_> = people.iter().flat_map(|(_, row)| &row.servers).map(value).collect();
            !servers.is_empty() && !servers.contains(&true)
        };
        let further = |people: &[(PlexUser, &Row)]| {
            if lack(people, |server| server.pending.is_some()) {
                Some(Changed::NoPending)
            } else {
                (of_server && lack(people, |server| server.machine.is_some())).then_some(Changed::NoServers)
            }
        };
        let expected = list.expected(
            Row::is_broken,
            further,
            |all, row| match ours(all, row).as_slice() {
                [] if matches!(read(row.home.as_ref()), Some("1" | "true")) => Relationship::Home,
                [] if !row.servers.is_empty() && row.servers.iter().all(|server| is_pending(server.pending.as_ref())) => {
                    Relationship::Pending
                }
                [] => Relationship::Friend,
                all if all.contains(&false) => Relationship::Shared,
                _ => Relationship::Pending,
            },
        );
        let machine_id = of_server.then_some(OURS);
        let document = list.document("User", "id");
        prop_assert_eq!(&parse::users(document.as_bytes(), machine_id), &expected);
        if of_server {
            // It overrules another list only if one of its rows is the owner's server, or none is this server at all.
            let read = list.rows.iter().filter(|row| row.person().is_some() && !row.is_broken());
            let servers: Vec<_> = read.flat_map(|row| &row.servers).filter(|server| server.is_ours()).collect();
            let is_known = servers.is_empty() || servers.iter().any(|server| server.is_owned());
            let expected = expected.and_then(|list| {
                if is_known { Ok(list) } else { Err(ListError::Changed(Changed::NoOwner)) }
            });
            prop_assert_eq!(parse::users_of_own_server(document.as_bytes(), OURS), expected);
        }
    }

    /// A list that is cut anywhere is no list.
    #[test]
    fn r75_a_part_of_a_list_is_no_list(list in list(), at in any::<prop::sample::Index>()) {
        let document = list.document("User", "id");
        let (cut, _) = document.as_bytes().split_at(at.index(document.len()));
        prop_assert_eq!(parse::users(cut, None), Err(ListError::Changed(Changed::NoList)));
    }
}
