//! Reads a configuration as TOML. The parser's messages quote lines, and a line may hold the token: none of them is shown.

use std::path::Path;

use toml::de::DeTable;

use crate::keys::Raw;
use crate::misplaced;
use crate::mistake::Mistake;
use crate::problem::Problem;

/// Reads the text as TOML: syntax, names of keys and types of values.
pub(crate) fn read(text: &str, file: &Path) -> Result<Raw, Problem> {
    let problem = |error: toml::de::Error| {
        let mistake = mistake(error.message());
        let Some(span) = error.span() else { return Problem::of_file(file, mistake) };
        match misplaced::unquoted_name(text, span.start) {
            Some(name) if mistake == Mistake::Syntax => Problem::at(file, text, name, Mistake::UnquotedName),
            _ => Problem::at(file, text, span.start, mistake),
        }
    };
    let table = DeTable::parse(text).map_err(problem)?;
    misplaced::check(table.get_ref(), text, file)?;
    toml::from_str(text).map_err(problem)
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
