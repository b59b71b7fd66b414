//! The file as TOML sees it: every key that there is, its type, and where it stands.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::Problem;

/// The whole file. A key that is not here does not exist.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    pub token: Option<Spanned<String>>,
    pub token_file: Option<Spanned<String>>,
    pub client_identifier: Option<Spanned<String>>,
    pub machine_id: Option<Spanned<String>>,
    pub admin_account: Option<Spanned<String>>,
    pub strict_friends: Option<Spanned<bool>>,
    pub owner_id: Option<Spanned<u64>>,
    pub group: Option<Spanned<String>>,
    #[serde(default)]
    pub users: BTreeMap<Spanned<String>, Spanned<String>>,
    pub plex_url: Option<Spanned<String>>,
    pub ca_file: Option<Spanned<String>>,
    pub server_url: Option<Spanned<String>>,
    pub link_sign_in: Option<Spanned<bool>>,
    pub link_services: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub trusted_callers: Vec<Spanned<String>>,
    #[serde(default)]
    pub cache: RawCache,
    #[serde(default)]
    pub samba: RawSamba,
    #[serde(default)]
    pub throttle: RawThrottle,
    #[serde(default)]
    pub timeouts: RawTimeouts,
}

/// `[cache]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCache {
    pub remember: Option<Spanned<String>>,
    pub offline: Option<Spanned<String>>,
}

/// `[samba]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSamba {
    pub sync_password: Option<Spanned<bool>>,
}

/// `[throttle]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawThrottle {
    pub free_tries: Option<Spanned<u64>>,
    pub first_pause: Option<Spanned<String>>,
    pub longest_pause: Option<Spanned<String>>,
    pub rejected_per_hour: Option<Spanned<u64>>,
    pub blocked_pause: Option<Spanned<String>>,
}

/// `[timeouts]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTimeouts {
    pub login: Option<Spanned<String>>,
    pub connect: Option<Spanned<String>>,
    pub friend_list: Option<Spanned<String>>,
    pub known_list: Option<Spanned<String>>,
}

/// Reads the text as TOML.
///
/// # Errors
/// What is wrong, said in our own words: the parser's own report quotes the line, and the line may be the token's.
pub(crate) fn read(text: &str, file: &Path) -> Result<Raw, Problem> {
    toml::from_str(text).map_err(|error| {
        let (what, mend) = explain(error.message());
        match error.span() {
            Some(span) => Problem::at(file, text, span.start, what, mend),
            None => Problem::of_file(file, what, mend),
        }
    })
}

/// Turns the parser's message into one that quotes no value.
fn explain(message: &str) -> (String, String) {
    if let Some((unknown, known)) = unknown_key(message) {
        return (format!("there is no key '{}'", protocol::printable(unknown, 64)), suggestion(unknown, &known));
    }
    // "invalid type: string "…", expected a boolean": what was found is a value of the file.
    if ["invalid type: ", "invalid value: "].iter().any(|start| message.starts_with(start))
        && let Some((_, expected)) = message.rsplit_once(", expected ")
    {
        let expected = if expected == "u64" { "a whole number" } else { expected };
        return ("wrong type of value".into(), format!("write {expected}"));
    }
    if let Some(key) = message.strip_prefix("missing field ") {
        return (format!("missing key {key}"), "add it".into());
    }
    let what = if message.starts_with("duplicate key") { "the same key twice" } else { "not valid TOML" };
    (what.into(), "write: key = value, with text in double quotes, and each key once".into())
}

/// The unknown key and the keys there are, from serde's "unknown field `x`, expected one of `a`, `b`".
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `")?;
    // The last one: the keys there are hold no backquote, but the unknown one may.
    let (unknown, expected) = rest.rsplit_once("`, expected ")?;
    Some((unknown, expected.split('`').skip(1).step_by(2).collect()))
}

fn suggestion(unknown: &str, known: &[&str]) -> String {
    let distance = |key: &&str| strsim::damerau_levenshtein(unknown, key);
    match known.iter().copied().min_by_key(distance) {
        Some(nearest) if strsim::damerau_levenshtein(unknown, nearest) <= 3 => format!("did you mean '{nearest}'?"),
        _ => format!("the keys are {}", known.join(", ")),
    }
}
