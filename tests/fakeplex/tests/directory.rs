//! The reader of the friend list in `src/directory` against this plex.tv: which source is used for which answer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::path::Path;
use std::time::Duration;

use directory::{Error, Reader};
use fakeplex::{Command, Endpoint, Fault, ListShape, Running};
use plex::{Client, Settings, Token};
use policy::{BootTime, FriendList, PlexId, PlexUser, Relationship};

const DEN: &str = include_str!("../worlds/den.toml");
const MACHINE: &str = "0123456789abcdef0123456789abcdef01234567";

struct Fixture {
    server: Running,
    client: Client,
    token: Token,
    _directory: tempfile::TempDir,
}

impl Fixture {
    fn new(world: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = Running::start(Path::new(env!("CARGO_BIN_EXE_fakeplex")), world, directory.path());
        let client = Client::new(&Settings {
            base: server.address("address").parse().unwrap(),
            ca_file: Some(server.ca_file()),
            connect_timeout: Duration::from_secs(2),
            client_id: "11111111-2222-3333-4444-555555555555".into(),
            device_name: "testhost".into(),
        })
        .unwrap();
        Self { server, client, token: Token::from("TOKEN-SECRET-olga"), _directory: directory }
    }

    fn reader(&self, strict: bool) -> Reader<'_> {
        Reader {
            client: &self.client,
            token: &self.token,
            owner_id: None,
            has_identity: true,
            machine_id: Some(MACHINE),
            strict,
            timeout: Duration::from_millis(2500),
            deadline: None,
        }
    }

    fn shape(&self, endpoint: Endpoint, shape: ListShape) {
        self.server.control().send(&Command::Shape(endpoint, shape)).unwrap();
    }

    fn list(&self, strict: bool) -> Result<FriendList, Error> {
        self.reader(strict).list(olga(), BootTime::from_millis(0))
    }

    /// Number of requests for the list of friends since the last call, while `read` is called.
    fn reads_of_friends(&self, read: impl FnOnce()) -> u64 {
        self.server.control().send(&Command::Reset).unwrap();
        read();
        self.server.control().counters().of(Endpoint::Users)
    }
}

fn olga() -> PlexUser {
    PlexUser { id: PlexId(1), username: Some("olga".into()), email: Some("olga@example.org".into()) }
}

/// The ids that the list gives access to, and those it shows as invited.
fn access(list: &FriendList) -> (Vec<u64>, Vec<u64>) {
    let with = |wanted| {
        let entries = list.entries.iter().filter(move |entry| entry.relationship == wanted);
        entries.map(|entry| entry.person.id.0).collect()
    };
    (with(Relationship::Shared), with(Relationship::Pending))
}

/// P5, P6
#[test]
fn r76_a_changed_list_of_shares_is_replaced_by_the_list_of_friends() {
    let f = Fixture::new(DEN);
    let expected = (vec![2, 5, 6], vec![4]);
    let first = f.list(true).unwrap();
    assert_eq!((access(&first), first.second_source), (expected.clone(), None));
    let changed = [
        (ListShape::NoAcceptedAt, "nobody who accepted"),
        (ListShape::RenamedId, "whose its rows are"),
        (ListShape::RenamedRow, "fewer rows"),
        (ListShape::ShortOfSize, "fewer rows"),
        (ListShape::Forbidden, "403"),
        (ListShape::Forbidden1080, "1080"),
        (ListShape::NotFound, "404"),
        (ListShape::Gone, "410"),
        (ListShape::Page, "no list"),
    ];
    for (shape, why) in changed {
        f.shape(Endpoint::SharedServers, shape);
        let list = f.list(true).unwrap();
        let said = list.second_source.clone().unwrap_or_default();
        assert!(said.contains(why) && access(&list) == expected, "{shape:?}: {list:?}");
    }
    for shape in [ListShape::NoAccessToken, ListShape::OddBytes, ListShape::OddRow, ListShape::Empty] {
        f.shape(Endpoint::SharedServers, shape);
        let reads = f.reads_of_friends(|| {
            let list = f.list(true).unwrap();
            let expected = if shape == ListShape::Empty { (vec![], vec![]) } else { expected.clone() };
            assert_eq!((access(&list), list.second_source), (expected, None), "{shape:?}");
        });
        assert_eq!(reads, 0, "{shape:?}");
    }
}

/// P6: a fault that passes, and a token that plex.tv rejects, say nothing about the endpoint.
#[test]
fn r76_a_passing_fault_does_not_change_the_source() {
    let f = Fixture::new(DEN);
    let faults = [
        Fault::Status(401, String::new()),
        Fault::Status(400, String::new()),
        Fault::Status(498, String::new()),
        Fault::TooMany(None),
        Fault::Api(403, 1003),
        Fault::Status(500, "<html>".into()),
        Fault::Status(503, String::new()),
        Fault::Reset,
        Fault::Cut,
        Fault::Silence,
    ];
    for fault in faults {
        f.server.control().fault(Endpoint::SharedServers, fault.clone());
        let reads = f.reads_of_friends(|| {
            let error = f.list(true).unwrap_err();
            let refused = matches!(fault, Fault::Status(401 | 498, _));
            assert_eq!(error == Error::Plex(plex::Error::Refused), refused, "{fault:?}: {error:?}");
        });
        assert_eq!(reads, 0, "{fault:?}");
        f.server.control().clear_faults();
    }
    assert!(f.list(true).unwrap().second_source.is_none());
}

/// In an outage plex.tv's edge answers 404 to everything, with an empty body. The second source is then tried in vain.
#[test]
fn r76_without_both_sources_there_is_no_list() {
    let f = Fixture::new(DEN);
    f.server.control().fault(Endpoint::All, Fault::Status(404, String::new()));
    assert!(matches!(f.list(true), Err(Error::Plex(plex::Error::Unavailable(why))) if why.matches("404").count() == 2));
    f.server.control().clear_faults();
    for shape in [ListShape::Gone, ListShape::Page, ListShape::NoAcceptedAt, ListShape::RenamedId] {
        f.shape(Endpoint::SharedServers, ListShape::Gone);
        f.shape(Endpoint::Users, shape);
        let error = f.list(true).unwrap_err();
        assert!(matches!(&error, Error::Plex(plex::Error::Unavailable(_))), "{shape:?}: {error:?}");
        // Without strict_friends this list is the only source.
        let error = f.list(false).unwrap_err();
        assert!(matches!(&error, Error::Plex(plex::Error::Unavailable(_))), "{shape:?}: {error:?}");
    }
    f.server.control().clear_faults();
    f.shape(Endpoint::SharedServers, ListShape::Gone);
    // What the second source suffers from decides how soon to ask again.
    f.server.control().fault(Endpoint::Users, Fault::TooMany(Some(30)));
    let limited = plex::Error::RateLimited(Some(Duration::from_secs(30)));
    assert_eq!(f.list(true).unwrap_err(), Error::Plex(limited));
}

/// A world in which only these accounts have the Den, and these are invited.
fn den(shared_with: &str, invited: &str) -> String {
    DEN.replace(r#"shared_with = ["alice", "erin", "frank"]"#, &format!("shared_with = [{shared_with}]"))
        .replace(r#"invited = ["carol"]"#, &format!("invited = [{invited}]"))
}

/// P5
#[test]
fn r75_a_server_with_invitations_only_is_told_from_a_list_without_acceptance() {
    let f = Fixture::new(&den("", r#""carol""#));
    let reads = f.reads_of_friends(|| {
        let list = f.list(true).unwrap();
        assert_eq!((access(&list), list.second_source), ((vec![], vec![4]), None), "the first list was right");
    });
    assert_eq!(reads, 1);
    f.server.control().fault(Endpoint::Users, Fault::Status(503, String::new()));
    assert!(matches!(f.list(true), Err(Error::Plex(plex::Error::Unreachable(_)))), "not known which");
    f.server.control().clear_faults();
    f.server.control().send(&Command::Load(den(r#""alice""#, r#""carol""#))).unwrap();
    let reads = f.reads_of_friends(|| assert_eq!(access(&f.list(true).unwrap()), (vec![2], vec![4])));
    assert_eq!(reads, 0);
    f.shape(Endpoint::SharedServers, ListShape::NoAcceptedAt);
    let list = f.list(true).unwrap();
    assert!(list.second_source.is_some() && access(&list) == (vec![2], vec![4]), "{list:?}");
}

#[test]
fn r76_only_the_list_of_shares_has_a_second_source() {
    let f = Fixture::new(DEN);
    let second = |reader: Reader| reader.second_list(olga(), "a test".into(), BootTime::from_millis(7));
    let list = second(f.reader(true)).unwrap().unwrap();
    assert_eq!((access(&list), list.second_source.as_deref()), ((vec![2, 5, 6], vec![4]), Some("a test")));
    assert_eq!(list.fetched_at, BootTime::from_millis(7));
    let bob = list.entries.iter().find(|entry| entry.person.id.0 == 3).unwrap();
    assert_eq!(bob.relationship, Relationship::Friend, "a friend without access");
    assert!(second(f.reader(false)).is_none());
    assert!(second(Reader { machine_id: None, ..f.reader(true) }).is_none());
    // Without strict_friends friends decide, not access to the server.
    let friends = f.list(false).unwrap();
    assert_eq!((access(&friends), friends.second_source), ((vec![], vec![4]), None));
}

/// P5, P6: Alice is no longer allowed, and shares a server with the Den's machine id with Olga.
#[test]
fn r75_a_copied_machine_id_never_overrules_a_list_of_shares_that_can_be_read() {
    let copy = |shared_with| {
        format!(
            "{}\n[[server]]\nmachine_id = \"{MACHINE}\"\nname = \"Copy\"\nowner = \"alice\"\nshared_with = [\"olga\"]\n",
            den(shared_with, "")
        )
    };
    let f = Fixture::new(&copy(""));
    let second = || f.reader(true).second_list(olga(), "a test".into(), BootTime::from_millis(0)).unwrap();
    assert_eq!(access(&f.list(true).unwrap()), (vec![], vec![]));
    let error = second().unwrap_err();
    assert!(matches!(&error, Error::Plex(plex::Error::Unavailable(why)) if why.contains("owner's")), "{error:?}");
    // Without a first list it is used, and each sign-in is confirmed.
    f.shape(Endpoint::SharedServers, ListShape::Gone);
    assert_eq!(access(&f.list(true).unwrap()), (vec![2], vec![]));
    f.server.control().send(&Command::Load(copy(r#""erin""#))).unwrap();
    assert_eq!(access(&second().unwrap()), (vec![5], vec![]), "the owner's row outranks it");
    f.server.control().send(&Command::Load(den("", ""))).unwrap();
    assert_eq!(access(&second().unwrap()), (vec![], vec![]), "nobody has the machine id any more");
}

/// P7
#[test]
fn r76_the_owner_is_known_by_owner_id_whatever_plex_tv_answers() {
    let f = Fixture::new(DEN);
    let nameless = |id| PlexUser { id: PlexId(id), username: None, email: None };
    let owner = |owner_id: Option<u64>, has_identity| {
        f.server.control().send(&Command::Reset).unwrap();
        let owner = Reader { owner_id: owner_id.map(PlexId), has_identity, ..f.reader(true) }.owner();
        (owner, f.server.control().counters().of(Endpoint::User))
    };
    assert_eq!(owner(Some(1), true), (Ok(olga()), 1));
    assert_eq!(owner(None, false), (Ok(olga()), 1));
    let wrong = Error::WrongOwner { token: PlexId(1), owner_id: PlexId(2) };
    assert_eq!(owner(Some(2), true), (Err(wrong), 1));
    // R64: with a token of an unknown device, v2 is not called.
    assert_eq!(owner(Some(1), false), (Ok(nameless(1)), 0));
    let faults = [(401, 1001), (403, 1041), (404, 1002), (410, 1999), (503, 1007)];
    for (status, code) in faults {
        f.server.control().fault(Endpoint::User, Fault::Api(status, code));
        assert_eq!(owner(Some(1), true), (Ok(nameless(1)), 1), "{status}");
        assert!(owner(None, true).0.is_err(), "{status}");
        f.server.control().clear_faults();
    }
    // What plex.tv demands of every request is not about this one.
    let pauses = [
        (Fault::TooMany(Some(30)), plex::Error::RateLimited(Some(Duration::from_secs(30)))),
        (Fault::Api(429, 1003), plex::Error::RateLimited(None)),
        (Fault::Api(401, 1031), plex::Error::AddressBlocked),
    ];
    for (fault, error) in pauses {
        f.server.control().fault(Endpoint::User, fault.clone());
        for owner_id in [Some(1), None] {
            assert_eq!(owner(owner_id, true), (Err(Error::Plex(error.clone())), 1), "{fault:?}");
        }
        f.server.control().clear_faults();
    }
}
