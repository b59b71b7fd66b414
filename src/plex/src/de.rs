//! Reading what wobbles: plex.tv writes a boolean as `true`, `1` or `"1"`, a number as text, and `null` for anything.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// An object, each field by its name. By itself serde also reads a struct from an array, the fields in their order, and
/// `[7]` would be an account.
pub(crate) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// A JSON value of which only the plain kinds matter here; whatever else stands there counts as absent.
#[derive(Deserialize)]
#[serde(untagged)]
enum Plain {
    Truth(bool),
    Number(u64),
    Text(String),
    Other(serde::de::IgnoredAny),
}

/// Text that says something: neither `null` nor empty.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Plain::deserialize(deserializer)? {
        Plain::Text(text) => non_empty(&text).map(str::to_owned),
        Plain::Number(number) => Some(number.to_string()),
        Plain::Truth(_) | Plain::Other(_) => None,
    })
}

/// A whole number, also when it is written as text.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Plain::deserialize(deserializer)? {
        Plain::Number(number) => Some(number),
        Plain::Text(text) => text.parse().ok(),
        Plain::Truth(_) | Plain::Other(_) => None,
    })
}

/// A boolean in any of its spellings, if it is one.
pub(crate) fn opt_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Plain::deserialize(deserializer)? {
        Plain::Truth(truth) => Some(truth),
        Plain::Number(number) => Some(number == 1).filter(|truth| *truth || number == 0),
        Plain::Text(text) => Some(is_true(&text)).filter(|truth| *truth || matches!(text.as_str(), "0" | "false")),
        Plain::Other(_) => None,
    })
}

/// A boolean in any of its spellings. Whatever is not clearly true is false, which never lets anybody in.
pub(crate) fn bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Plain::deserialize(deserializer)? {
        Plain::Truth(truth) => truth,
        Plain::Number(number) => number == 1,
        Plain::Text(text) => is_true(&text),
        Plain::Other(_) => false,
    })
}

/// A boolean as XML has it.
pub(crate) fn is_true(text: &str) -> bool {
    matches!(text, "1" | "true")
}

/// The text, if it says anything.
pub(crate) fn non_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn r36_only_an_object_is_read_as_one() {
        #[derive(Debug, Deserialize)]
        struct Account {
            id: u64,
        }
        let read = |text: &str| serde_json::from_str::<Object<Account>>(text).map(|Object(account)| account.id);
        assert_eq!(read(r#"{"id":7}"#).unwrap(), 7);
        for other in ["[7]", "7", "\"7\"", "null"] {
            let error = read(other).unwrap_err().to_string();
            assert!(error.contains(", expected an object"), "{other}: {error}");
        }
    }
}
