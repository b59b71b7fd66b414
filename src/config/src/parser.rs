//! Reads a configuration as TOML. The parser's messages quote lines, and a line may hold the token: none of them is shown.

use std::path::Path;

use crate::keys::Raw;
use crate::mistake::Mistake;
use crate::problem::Problem;

/// Reads the text as TOML: syntax, names of keys and types of values.
pub(crate) fn read(text: &str, file: &Path) -> Result<Raw, Problem> {
    toml::from_str(text).map_err(|error| {
        let mistake = mistake(error.message());
        match error.span() {
            Some(span) => Problem::at(file, text, span.start, mistake),
            None => Problem::of_file(file, mistake),
        }
    })
}

/// The mistake that a message of the parser, or of serde, is about.
fn mistake(message: &str) -> Mistake {
    if let Some((unknown, known)) = unknown_key(message) {
        return Mistake::UnknownKey { key: unknown.to_owned(), known };
    }
    // "invalid type: string "…", expected a boolean" quotes a value of the file.
    if ["invalid type: ", "invalid value: "].iter().any(|start| message.starts_with(start))
        && let Some((_, expected)) = message.rsplit_once(", expected ")
    {
        return Mistake::WrongType(if expected == "u64" { "a whole number" } else { expected }.to_owned());
    }
    if message.starts_with("duplicate key") { Mistake::DuplicateKey } else { Mistake::Syntax }
}

/// The unknown key and the keys there are, from serde's "unknown field `x`, expected one of `a`, `b`".
fn unknown_key(message: &str) -> Option<(&str, Vec<String>)> {
    let rest = message.strip_prefix("unknown field `")?;
    // The last one: no key there is has a backquote, but the unknown one may.
    let (unknown, expected) = rest.rsplit_once("`, expected ")?;
    Some((unknown, expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()))
}
