//! Plex accounts, and references to them in the configuration.

use std::fmt;

/// The number that plex.tv gives an account for life. Names, titles and e-mail addresses change hands; this does
/// not, so it is the only thing that two accounts are ever compared by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlexId(pub u64);

impl fmt::Display for PlexId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An account as plex.tv shows it. Managed Home users have neither name nor address, or empty ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlexUser {
    /// The account's number.
    pub id: PlexId,
    /// The username, if it has one.
    pub username: Option<String>,
    /// The e-mail address, if it has one.
    pub email: Option<String>,
}

impl PlexUser {
    pub(crate) fn name(&self) -> Option<&str> {
        self.username.as_deref().filter(|name| !name.is_empty())
    }

    pub(crate) fn address(&self) -> Option<&str> {
        self.email.as_deref().filter(|address| !address.is_empty())
    }

    /// True if plex.tv shows neither name nor address.
    #[must_use]
    pub fn is_nameless(&self) -> bool {
        self.name().is_none() && self.address().is_none()
    }

    /// True if `name` is the username or the e-mail address. ASCII letters count as equal in either case and nothing
    /// else does: folding by Unicode's rules would let a look-alike name pass for another.
    #[must_use]
    pub fn goes_by(&self, name: &str) -> bool {
        [self.name(), self.address()].into_iter().flatten().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Reference of the configuration to the Plex account that a local account maps to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlexRef {
    /// An entry of `[users]` that is a number: the Plex id.
    Id(PlexId),
    /// An entry of `[users]` that is anything else: a Plex username or e-mail address.
    Name(String),
    /// A member of the group without an entry: the Plex username that equals this local name.
    Member(String),
}

impl PlexRef {
    /// An entry of `[users]`. A number is always an id, even if a user has chosen a number as their username.
    #[must_use]
    pub fn parse(entry: &str) -> Self {
        let digits = entry.bytes().all(|byte| byte.is_ascii_digit());
        match entry.parse() {
            Ok(id) if digits => Self::Id(PlexId(id)),
            _ => Self::Name(entry.to_owned()),
        }
    }

    /// True if this refers to `person`.
    #[must_use]
    pub fn matches(&self, person: &PlexUser) -> bool {
        match self {
            Self::Id(id) => person.id == *id,
            Self::Name(name) => person.goes_by(name),
            // Only Plex's side is folded: the local accounts `alice` and `Alice` are two accounts.
            Self::Member(local) => {
                person.name().is_some_and(|username| username == local || username.to_ascii_lowercase() == *local)
            }
        }
    }

    /// The name to sign in with if no list shows an e-mail address.
    #[must_use]
    pub fn login(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Name(name) | Self::Member(name) => Some(name),
        }
    }
}

impl fmt::Display for PlexRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) | Self::Member(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> PlexUser {
        PlexUser { id: PlexId(7), username: Some("Alice".into()), email: Some("Alice@Example.org".into()) }
    }

    #[test]
    fn plex_names_match_with_ascii_case_folding_only() {
        let cases = [
            (PlexRef::parse("alice"), true),
            (PlexRef::parse("ALICE@example.ORG"), true),
            (PlexRef::parse("7"), true),
            (PlexRef::parse("07"), true),
            (PlexRef::parse("8"), false),
            (PlexRef::parse("+7"), false),
            (PlexRef::parse("al\u{131}ce"), false),
            (PlexRef::parse("\u{ff41}lice"), false),
            (PlexRef::parse("alice "), false),
            (PlexRef::Member("alice".into()), true),
            (PlexRef::Member("Alice".into()), true),
            (PlexRef::Member("ALICE".into()), false),
            (PlexRef::Member("alice@example.org".into()), false),
        ];
        for (reference, expected) in cases {
            assert_eq!(reference.matches(&alice()), expected, "{reference:?}");
        }
    }

    #[test]
    fn an_account_without_names_matches_no_name() {
        let kid = PlexUser { id: PlexId(9), username: None, email: None };
        assert!(!PlexRef::parse("").matches(&kid));
        assert!(!PlexRef::Member(String::new()).matches(&kid));
        let empty = PlexUser { username: Some(String::new()), email: Some(String::new()), ..kid };
        assert!(!empty.goes_by("") && !PlexRef::Member(String::new()).matches(&empty));
    }
}
