//! A token: as good as its owner's password, so it is wiped and never shown.

use std::fmt;

use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A Plex token, of an account or of one account on one server. Opaque: neither its length nor its alphabet is known.
#[derive(Clone, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// A token that no server knows, to see whether a server rejects it.
    #[must_use]
    pub fn invalid() -> Self {
        Self::from("plex-auth-asks-whether-you-say-no")
    }

    /// True if this is the same token.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// The token itself, for a request's header and for the owner's configuration. Every call is a place to look at when
    /// asking where tokens go.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r41_debug_shows_nothing_of_a_token() {
        assert_eq!(format!("{:?}", Token::from("TOKEN-SECRET")), "Token(…)");
    }

    #[test]
    fn a_token_is_the_same_only_with_the_same_text() {
        let token = Token::from("abc");
        assert!(token.is(&Token::from("abc")));
        for other in ["", "ab", "abd", "abcd", "ABC"] {
            assert!(!token.is(&Token::from(other)), "{other}");
        }
        assert_eq!(token.expose(), "abc");
    }
}
