//! Collects the words of this project's own messages: those in the string literals of its shipped sources. `plex-auth report`
//! shows these words and replaces every other one, since it could be a name.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;

/// Begin of the tests in a file, or of the declaration of a file of tests. Their literals have names of people.
const TESTS: &str = "#[cfg(test)]\nmod ";

/// The most digits of a word, as in `fail2ban`.
const MAX_DIGITS: usize = 2;

/// Names in messages that show how something is written.
const EXAMPLES: [&str; 2] = ["alice", "example.org"];

fn main() -> Result<(), Box<dyn Error>> {
    let src = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("..");
    println!("cargo::rerun-if-changed={}", src.display());
    let sources = sources(&src)?;
    let tests: BTreeSet<_> = sources.iter().flat_map(|(_, text)| files_of_tests(text)).collect();
    let mut words = BTreeSet::new();
    for (_, text) in sources.iter().filter(|(name, text)| !is_test(name, text) && !tests.contains(name)) {
        for literal in literals(text.split(TESTS).next().unwrap_or_default()) {
            words.extend(literal.split(|c: char| !is_part_of_a_word(c)).filter_map(word));
        }
    }
    let list: Vec<_> = words.into_iter().collect();
    fs::write(Path::new(&std::env::var("OUT_DIR")?).join("words.txt"), list.join("\n"))?;
    Ok(())
}

/// True for a file that is not part of a shipped program.
fn is_test(name: &str, text: &str) -> bool {
    name == "build.rs" || text.contains("#![cfg(test)]")
}

/// All sources below a folder, by the names of their files, without integration tests.
fn sources(folder: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((name, fs::read_to_string(&path)?));
        }
    }
    Ok(found)
}

/// Names of the files that a source declares as tests.
fn files_of_tests(source: &str) -> Vec<String> {
    let declarations = source.split(TESTS).skip(1).filter_map(|rest| rest.split_once(';'));
    let names = declarations.map(|(name, _)| name).filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'));
    names.map(|name| format!("{name}.rs")).collect()
}

/// The string literals of a source.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let (_, here) = rest.split_at(at);
        rest = if here.starts_with("//") {
            here.split_once('\n').map_or("", |(_, next)| next)
        } else if let Some(inside) = here.strip_prefix('"') {
            let end = end_of_string(inside);
            found.push(inside.get(..end).unwrap_or_default().replace(['\\', '\n'], " "));
            inside.get(end + 1..).unwrap_or_default()
        } else {
            // A quote as a character would begin a string.
            let quote = ["'\"'", "'\\''", "'\\\\'"].into_iter().find_map(|character| here.strip_prefix(character));
            quote.unwrap_or_else(|| here.get(1..).unwrap_or_default())
        };
    }
    found
}

/// Offset of the quote that ends a string.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let ends = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at)
}

fn is_part_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || "-_.".contains(c)
}

fn word(text: &str) -> Option<String> {
    let word = text.trim_matches(['-', '.']);
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_word = word.chars().any(char::is_alphabetic) && digits <= MAX_DIGITS;
    Some(word.to_lowercase()).filter(|word| is_word && !EXAMPLES.contains(&word.as_str()))
}
