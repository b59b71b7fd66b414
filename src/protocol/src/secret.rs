//! A string that nobody should see: wiped when dropped, never printed.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A password, a code or a token. Its memory is wiped when it is dropped and its `Debug` shows nothing of it.
/// It deliberately has no `Display`, so that it cannot slip into a message.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself. Every call is a place to look at when asking where secrets go.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r41_debug_shows_nothing_of_a_secret() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret(…)");
    }

    #[test]
    fn a_secret_has_the_text_that_it_was_made_of() {
        assert_eq!(Secret::from("hunter2").expose(), "hunter2");
        assert_eq!(Secret::from(String::from("hunter2")).expose(), "hunter2");
        assert_eq!(Secret::default().expose(), "");
    }
}
