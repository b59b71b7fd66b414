//! The lists of people, which are XML.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plex::{Account, Error, parse};

/// A list is called this, and nothing else is a list.
const ROOT: &str = "MediaContainer";

fuzz_target!(|body: &[u8]| {
    if let Some(friends) = whole(body, parse::users) {
        people(body, "User", friends.iter().map(|friend| &friend.account));
        for friend in friends {
            assert!(!friend.home || says(body, "home"), "{friend:?}");
            assert!(!friend.pending || says(body, "pending"), "{friend:?}");
        }
    }
    if let Some(shares) = whole(body, parse::shared_servers) {
        people(body, "SharedServer", shares.iter().map(|share| &share.account));
        for share in shares {
            assert!(share.pending || says(body, "acceptedAt"), "{share:?} is accepted without a word of it");
        }
    }
});

/// Reads a body as a list: of the right name, complete, and without a document type, by which it could grow.
fn whole<T>(body: &[u8], read: fn(&[u8]) -> Result<T, Error>) -> Option<T> {
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

/// Everybody has a number, stands in a row of their own, and has a name that the body has room for.
fn people<'a>(body: &[u8], tag: &str, accounts: impl Iterator<Item = &'a Account>) {
    let (mut count, mut size) = (0, 0);
    for account in accounts {
        assert!(account.id > 0);
        assert!(account.username.as_deref() != Some("") && account.email.as_deref() != Some(""), "an empty name");
        count += 1;
        size += account.username.as_ref().map_or(0, String::len) + account.email.as_ref().map_or(0, String::len);
    }
    let rows = std::str::from_utf8(body).unwrap().matches(tag).count();
    assert!(count <= rows, "{count} people in {rows} rows");
    assert!(size <= body.len(), "names grow from {} bytes to {size}", body.len());
}

fn says(body: &[u8], attribute: &str) -> bool {
    std::str::from_utf8(body).unwrap().contains(attribute)
}
