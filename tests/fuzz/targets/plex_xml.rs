//! Fuzzes the parsers for the XML lists of friends and shares.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plex::{Error, parse};
use policy::{PlexUser, Relationship};

/// Root element of every list.
const ROOT: &str = "MediaContainer";

fuzz_target!(|body: &[u8]| {
    if let Some(friends) = parse_whole(body, parse::users) {
        assert_accounts(body, "User", friends.iter().map(|friend| &friend.person));
        for friend in friends {
            match friend.relationship {
                Relationship::Home => assert!(mentions(body, "home"), "{friend:?}"),
                Relationship::Pending => assert!(mentions(body, "pending"), "{friend:?}"),
                Relationship::Friend => {}
                Relationship::Shared => panic!("the list of friends does not say what is shared: {friend:?}"),
            }
        }
    }
    if let Some(shares) = parse_whole(body, parse::shared_servers) {
        assert_accounts(body, "SharedServer", shares.iter().map(|share| &share.person));
        for share in shares {
            let pending = share.relationship == Relationship::Pending;
            assert!(pending || mentions(body, "acceptedAt"), "{share:?} is accepted without a word of it");
        }
    }
});

/// Parses a list, and asserts that its root element is right, that it is complete, and that it has no document type,
/// which could make it grow.
fn parse_whole<T>(body: &[u8], read: fn(&[u8]) -> Result<T, Error>) -> Option<T> {
    let list = match read(body) {
        Ok(list) => list,
        Err(error) => {
            assert_eq!(error, Error::Unavailable("the answer is no list".into()));
            return None;
        }
    };
    let text = std::str::from_utf8(body).unwrap();
    assert!(read(text.replace(ROOT, "html").as_bytes()).is_err(), "a page passes for a list");
    if !text.contains("<!") && !text.contains("<?") {
        // Then the last thing in it is the end of the list.
        let end = text.trim_end().len();
        for cut in [0, end / 2, end - 1] {
            assert!(read(&body[..cut]).is_err(), "a part of a list passes for the whole");
        }
        let typed = format!("<!DOCTYPE x [<!ENTITY a 'aaaa'>]>{text}");
        assert!(read(typed.trim_start_matches('\u{feff}').as_bytes()).is_err(), "a document type is let through");
    }
    Some(list)
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
    let rows = std::str::from_utf8(body).unwrap().matches(tag).count();
    assert!(count <= rows, "{count} people in {rows} rows");
    assert!(size <= body.len(), "names grow from {} bytes to {size}", body.len());
}

fn mentions(body: &[u8], attribute: &str) -> bool {
    std::str::from_utf8(body).unwrap().contains(attribute)
}
