//! Fuzzes the parsers for the XML lists of friends and shares, checked against a strict XML parser where that one reads the
//! input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plex::{Changed, ListError, parse};
use policy::{FriendRecord, PlexUser, Relationship};
use roxmltree::{Document, Node};

/// Root element of every list.
const ROOT: &str = "MediaContainer";

/// The server whose shares the list of friends is read for.
const MACHINE: &str = "den";

/// Length of a value in bytes that is always read.
const LONGEST: usize = 1024;

fuzz_target!(|body: &[u8]| {
    for machine_id in [None, Some(MACHINE)] {
        let friends = parse_whole(body, "User", "id", |body| parse::users(body, machine_id));
        for friend in friends.unwrap_or_default() {
            match friend.relationship {
                Relationship::Home => assert!(mentions(body, "home"), "{friend:?}"),
                Relationship::Pending => assert!(mentions(body, "pending"), "{friend:?}"),
                Relationship::Friend => {}
                Relationship::Shared => {
                    assert!(machine_id.is_some() && mentions(body, "machineIdentifier"), "{friend:?}");
                }
            }
        }
    }
    for share in parse_whole(body, "SharedServer", "userID", parse::shared_servers).unwrap_or_default() {
        let pending = share.relationship == Relationship::Pending;
        assert!(pending || mentions(body, "acceptedAt"), "{share:?} is accepted without a word of it");
    }
});

/// Parses a list, and asserts that it is complete, that it has no document type, which could make it grow, and that it is the
/// one that a strict parser reads.
fn parse_whole(
    body: &[u8],
    tag: &str,
    id: &str,
    read: impl Fn(&[u8]) -> Result<Vec<FriendRecord>, ListError>,
) -> Option<Vec<FriendRecord>> {
    let outcome = read(body);
    let strict = std::str::from_utf8(body).ok().and_then(|text| Document::parse(text).ok());
    let strict = strict.filter(|document| !has_namespaces(document));
    let people = match outcome {
        Ok(people) => people,
        Err(error) => {
            let ListError::Changed(changed) = error else { panic!("{error:?} is no error of a parser") };
            if let Some(document) = strict {
                let is_list = document.root_element().tag_name().name() == ROOT;
                assert!(changed != Changed::NoList || !is_list, "a list is no list: {body:?}");
            }
            return None;
        }
    };
    assert_accounts(body, tag, people.iter().map(|friend| &friend.person));
    if let Some(document) = strict {
        assert_same(&document, tag, id, &people);
    }
    assert_whole(body, read);
    Some(people)
}

/// Asserts that no part of a list passes for the whole, and no document type is let through.
fn assert_whole(body: &[u8], read: impl Fn(&[u8]) -> Result<Vec<FriendRecord>, ListError>) {
    let no_list = |body: &[u8]| read(body) == Err(ListError::Changed(Changed::NoList));
    let Ok(text) = std::str::from_utf8(body) else { return };
    if has_odd_bytes(body) {
        return;
    }
    assert!(no_list(text.replace(ROOT, "html").as_bytes()), "a page passes for a list");
    if text.contains("<!") || text.contains("<?") || text.contains(|c: char| c > '~') {
        return;
    }
    // Then the last thing in it is the end of the list.
    let end = text.trim_end().len();
    for cut in [0, end / 2, end - 1] {
        assert!(no_list(&body[..cut]), "a part of a list passes for the whole");
    }
    assert!(no_list(format!("<!DOCTYPE x [<!ENTITY a 'aaaa'>]>{text}").as_bytes()), "a document type is let through");
}

/// Asserts that every account has an id and a row of its own, and that the names fit into the body.
fn assert_accounts<'a>(body: &[u8], tag: &str, accounts: impl Iterator<Item = &'a PlexUser>) {
    let (mut count, mut size) = (0, 0);
    for account in accounts {
        assert!(account.id.0 > 0);
        assert!(account.username.as_deref() != Some("") && account.email.as_deref() != Some(""), "an empty name");
        count += 1;
        size += account.username.as_ref().map_or(0, String::len) + account.email.as_ref().map_or(0, String::len);
    }
    let starts = body.windows(tag.len()).filter(|window| *window == tag.as_bytes()).count();
    assert!(count <= starts || has_odd_bytes(body), "{count} people in {starts} rows");
    assert!(size <= body.len(), "names grow from {} bytes to {size}", body.len());
}

/// Asserts that these are the people of a document that a strict parser has read, in their order. A
/// document that may have values that are too long is not compared.
fn assert_same(document: &Document, tag: &str, id: &str, people: &[FriendRecord]) {
    let root = document.root_element();
    if document.input_text().len() > LONGEST {
        return;
    }
    let row = |row: Node| {
        let text = |name| row.attribute(name).filter(|text| !text.is_empty()).map(str::to_owned);
        Some((row.attribute(id)?.parse().ok().filter(|id: &u64| *id > 0)?, text("username"), text("email")))
    };
    let expected: Vec<_> = root.children().filter(|node| node.has_tag_name(tag)).filter_map(row).collect();
    let found: Vec<_> = people
        .iter()
        .map(|friend| (friend.person.id.0, friend.person.username.clone(), friend.person.email.clone()))
        .collect();
    assert_eq!(found, expected);
}

/// True if a document has namespaces, which the lenient parser ignores.
fn has_namespaces(document: &Document) -> bool {
    document.descendants().any(|node| node.namespaces().next().is_some())
}

/// True if a body has what the lenient parser drops, anywhere in a name.
fn has_odd_bytes(body: &[u8]) -> bool {
    let is_odd = |c: char| matches!(c, '\u{fffe}' | '\u{ffff}') || (c < ' ' && !matches!(c, '\t' | '\n' | '\r'));
    std::str::from_utf8(body).map_or(true, |text| text.contains(is_odd))
}

fn mentions(body: &[u8], attribute: &str) -> bool {
    has_odd_bytes(body) || std::str::from_utf8(body).is_ok_and(|text| text.contains(attribute))
}
