//! Comment of a new account (GECOS): the person's name at Plex, and the Plex id. Both are readable for every local user.

use policy::PlexId;

/// Word before the Plex id.
const ID: &str = "Plex id ";

/// Position of the comment's part that only root can change: "other", after name, room and two telephone numbers.
const OTHER: usize = 4;

/// Longest name, in characters.
const LONGEST: usize = 40;

/// Name of a person whose name at Plex cannot be shown.
const NAMELESS: &str = "Plex friend";

/// Comment of a new account. The person chose the username: what has a meaning in the comment is left out of it. An e-mail
/// address is no name to show to all local users.
pub(crate) fn of(username: Option<&str>, id: PlexId) -> String {
    let has_meaning = |c: char| matches!(c, ':' | ',' | '=' | '&' | '"' | '\'' | '\\' | '`' | '$' | '?');
    let plain = protocol::printable(username.unwrap_or_default(), 200).replace(has_meaning, "");
    let name: String = plain.trim().chars().take(LONGEST).collect();
    let name = if name.trim().is_empty() || name.contains('@') { NAMELESS } else { name.trim() };
    format!("{name},,,,{ID}{id}")
}

/// The Plex id in the comment of an account that plex-auth created. Earlier versions wrote only the id, in place of the name.
pub(super) fn id_in(comment: &str) -> Option<PlexId> {
    let mut parts = comment.split(',');
    let first = parts.next()?;
    let part = parts.nth(OTHER - 1).filter(|other| !other.is_empty()).unwrap_or(first);
    part.strip_prefix(ID)?.parse().ok().map(PlexId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comment_has_the_name_at_plex_without_what_has_a_meaning_there() {
        for (username, name) in [
            (Some("alice"), "alice"),
            (Some("Zo\u{eb} M."), "Zo\u{eb} M."),
            (Some("a:0:0:root,x=&$`"), "a00rootx"),
            (Some("a\nb\u{1b}[31m\u{202e}"), "ab[31m"),
            (Some("alice@example.org"), NAMELESS),
            (Some(" :, "), NAMELESS),
            (Some(""), NAMELESS),
            (None, NAMELESS),
        ] {
            let comment = of(username, PlexId(2));
            assert_eq!(comment, format!("{name},,,,Plex id 2"));
            assert_eq!(id_in(&comment), Some(PlexId(2)), "{username:?}");
        }
        assert_eq!(of(Some(&"x".repeat(300)), PlexId(2)), format!("{},,,,Plex id 2", "x".repeat(LONGEST)));
    }

    #[test]
    fn r73_nobody_is_another_person_by_their_name_at_plex() {
        assert_eq!(id_in(&of(Some("Plex id 7"), PlexId(2))), Some(PlexId(2)));
        // Written by an earlier version, and changed by chfn since.
        for old in ["Plex id 2", "Plex id 2,101", "Plex id 2,101,1,2", "Plex id 2,,,,"] {
            assert_eq!(id_in(old), Some(PlexId(2)), "{old}");
        }
        for none in ["", "alice", "alice,,,,", "alice,,,,Plex id x", "x,Plex id 2", "Plex id 7,,,,other"] {
            assert_eq!(id_in(none), None, "{none}");
        }
    }
}
