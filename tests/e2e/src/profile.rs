//! The authselect profile, rendered as authselect does it: the part of its template language that the profile uses.

use std::collections::BTreeSet;

/// The files of a profile that libpam reads.
pub const STACK_FILES: [&str; 6] =
    ["system-auth", "password-auth", "fingerprint-auth", "smartcard-auth", "switchable-auth", "postlogin"];

/// The features that a file of the profile mentions.
#[must_use]
pub fn features(text: &str) -> BTreeSet<String> {
    let inside = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(inside, _)| inside);
    inside.flat_map(|inside| inside.split('"').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// A file of the profile, rendered with these features.
#[must_use]
pub fn rendered(text: &str, features: &[&str]) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        match line_of(line, features) {
            Line::Stays(line) => lines.push(line.trim_end().to_owned()),
            Line::Goes => {}
            Line::Ends => break,
        }
    }
    lines.join("\n") + "\n"
}

enum Line {
    Stays(String),
    Goes,
    Ends,
}

fn line_of(line: &str, features: &[&str]) -> Line {
    let mut rest = line;
    let mut whole = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        let (inside, after) = after.split_once('}').unwrap_or_else(|| panic!("a brace is left open: {line}"));
        whole += before;
        rest = after;
        let (word, condition) = inside.split_once(' ').unwrap_or_else(|| panic!("no condition: {line}"));
        if word == "if" {
            let (condition, values) = condition.split_once(':').unwrap();
            let (yes, no) = values.split_once('|').unwrap_or((values, ""));
            whole += if holds(condition, features) { yes } else { no };
            continue;
        }
        let condition = condition.strip_prefix("if ").unwrap_or_else(|| panic!("{word} without if: {line}"));
        match (word, holds(condition, features)) {
            ("include", true) | ("exclude", false) => {}
            ("include", false) | ("exclude" | "continue", true) => return Line::Goes,
            ("continue", false) => return Line::Ends,
            _ => panic!("{word} is not known here: {line}"),
        }
    }
    assert!(!rest.contains('}'), "a brace too many: {line}");
    Line::Stays(whole + rest)
}

fn holds(condition: &str, features: &[&str]) -> bool {
    condition.split(" and ").all(|term| {
        let (wanted, name) = term.strip_prefix("not ").map_or((true, term), |name| (false, name));
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        let name = name.unwrap_or_else(|| panic!("not a feature: {term}"));
        features.contains(&name) == wanted
    })
}
