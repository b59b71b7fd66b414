//! Shapes of the two lists of people.

use fakeplex::{Command, Endpoint, ListShape};
use reqwest::Method;

use crate::common::{Answer, MACHINE, OLGA, Plex, STREET, answer};

/// Endpoint, path, name of a row, and attribute with the person's number.
const LISTS: [(Endpoint, &str, &str, &str); 2] = [
    (Endpoint::SharedServers, "/api/servers/%/shared_servers", "SharedServer", "userID"),
    (Endpoint::Users, "/api/users", "User", "id"),
];

fn get(plex: &Plex, path: &str) -> Answer {
    plex.get(&path.replace('%', MACHINE), OLGA)
}

fn each_list(check: impl Fn(&Plex, &str, &str, &str, &dyn Fn(ListShape) -> Answer)) {
    let plex = Plex::start(STREET);
    for (endpoint, path, row, id) in LISTS {
        check(&plex, path, row, id, &|shape| {
            plex.server.control().shape(endpoint, shape);
            get(&plex, path)
        });
    }
}

/// K5
#[test]
fn list_without_one_attribute_has_all_others() {
    each_list(|plex, path, row, id, shaped| {
        let usual = get(plex, path);
        assert_eq!(shaped(ListShape::Usual), usual);
        let people = usual.attributes(row, id);
        let none = |list: &Answer, element: &str, name: &str| list.attributes(element, name).iter().all(|is| is == "-");
        for (shape, attribute) in [
            (ListShape::NoAccessToken, "accessToken"),
            (ListShape::NoAcceptedAt, "acceptedAt"),
            (ListShape::RenamedId, id),
        ] {
            let list = shaped(shape);
            assert!(none(&list, row, attribute), "{path} {shape:?}");
            let number = if shape == ListShape::RenamedId { "invitedId" } else { id };
            assert_eq!(list.attributes(row, number), people, "{path} {shape:?}");
            assert_eq!(list.attributes(row, "username"), usual.attributes(row, "username"), "{path} {shape:?}");
        }
        if row == "User" {
            assert!(none(&shaped(ListShape::NoAcceptedAt), "Server", "pending"));
            assert!(!none(&usual, "Server", "pending"));
        }
    });
}

/// K5
#[test]
fn list_of_renamed_missing_or_miscounted_rows_says_its_size() {
    each_list(|plex, path, row, id, shaped| {
        let people = get(plex, path).attributes(row, id);
        let read = |list: Answer| (list.attributes(row, id).len(), list.attributes("MediaContainer", "size").remove(0));
        assert_eq!(read(shaped(ListShape::RenamedRow)), (0, people.len().to_string()), "{path}");
        assert_eq!(read(shaped(ListShape::ShortOfSize)), (people.len(), (people.len() + 1).to_string()), "{path}");
        assert_eq!(
            shaped(ListShape::ShortOfSize).attributes("MediaContainer", "totalSize").remove(0),
            (people.len() + 1).to_string()
        );
        assert_eq!(read(shaped(ListShape::Empty)), (0, "0".into()), "{path}");
    });
}

/// K5
#[test]
fn list_is_forbidden_gone_or_a_page_once_the_token_is_known() {
    each_list(|plex, path, _, _, shaped| {
        let expected = [
            (ListShape::Forbidden, (403, 403)),
            (ListShape::Forbidden1080, (403, 1080)),
            (ListShape::NotFound, (404, 1002)),
            (ListShape::Gone, (410, 410)),
            (ListShape::Page, (200, 0)),
        ];
        for (shape, error) in expected {
            let answer = shaped(shape);
            assert_eq!(answer.error(), error, "{path} {shape:?}");
            let kind = if shape == ListShape::Page { "text/html" } else { "application/xml; charset=utf-8" };
            assert_eq!(answer.kind, kind, "{path} {shape:?}");
            assert_eq!(plex.get(&path.replace('%', MACHINE), "bogus").status, 401, "{path} {shape:?}");
        }
        assert!(shaped(ListShape::Forbidden).body.contains("<Response code=\"403\" status=\"Forbidden\"/>"), "{path}");
    });
}

/// K5
#[test]
fn list_has_one_odd_name_or_one_odd_row() {
    each_list(|plex, path, row, id, shaped| {
        let usual = get(plex, path);
        shaped(ListShape::OddBytes);
        let request = plex.ask(Method::GET, &path.replace('%', MACHINE)).header("X-Plex-Token", OLGA);
        let bytes = request.send().unwrap().bytes().unwrap();
        let (odd, rest): (Vec<u8>, Vec<u8>) = bytes.iter().partition(|byte| matches!(byte, 0xff | 1));
        assert_eq!(odd, [0xff, 1], "{path}");
        assert_eq!(String::from_utf8(rest).unwrap(), usual.body, "{path}");
        let list = shaped(ListShape::OddRow);
        let people = usual.attributes(row, id);
        assert_eq!(list.attributes(row, id), [people.clone(), vec!["-".into()]].concat(), "{path}");
        assert_eq!(list.attributes("MediaContainer", "size"), [(people.len() + 1).to_string()], "{path}");
    });
}

/// K5
#[test]
fn shapes_end_with_the_faults_and_are_for_lists_of_people_only() {
    each_list(|plex, path, _, _, shaped| {
        let usual = get(plex, path);
        assert_ne!(shaped(ListShape::Empty), usual);
        plex.server.control().clear_faults();
        assert_eq!(get(plex, path), usual);
        let command = Command::Shape(Endpoint::Resources, ListShape::Empty);
        assert!(plex.server.control().send(&command).is_err());
    });
}

/// K5: the row of a managed Home member has no name, and was accepted the moment it was made.
#[test]
fn managed_members_share_is_accepted_when_it_is_made() {
    let plex = Plex::start(STREET);
    let list = get(&plex, LISTS[0].1);
    let rows = |name: &str| list.attributes("SharedServer", name);
    assert_eq!(rows("userID"), ["2", "4", "8", "9"]);
    assert_eq!((rows("username").remove(3), rows("email").remove(3)), (String::new(), String::new()));
    assert_eq!(rows("acceptedAt").remove(3), rows("invitedAt").remove(3));
    assert_ne!(rows("acceptedAt").remove(0), rows("invitedAt").remove(0));
    assert_eq!(rows("owned").remove(3), "1");
    let plain = plex.plain(Method::GET, &LISTS[0].1.replace('%', MACHINE)).header("X-Plex-Token", OLGA);
    assert_eq!(answer(plain).body, list.body, "without a client identifier too");
}
