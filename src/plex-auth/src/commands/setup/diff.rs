//! Difference between two versions of the configuration, without the token.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();

/// Number of unchanged lines around a change.
const AROUND: usize = 2;

/// The removed and added lines.
pub(crate) fn diff(old: &str, new: &str, secrets: &[&str]) -> String {
    // A new token is shown as a change, without its value.
    let changed = token(old) != token(new);
    let (old, new) = (hide(old, secrets, "hidden"), hide(new, secrets, if changed { "hidden, new" } else { "hidden" }));
    let diff = TextDiff::from_lines(&old, &new);
    let mut shown = String::new();
    for (number, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if number > 0 {
            shown.push_str("…\n");
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let line = change.value().trim_end_matches('\n');
            // Writing to a string cannot fail.
            let _ = match change.tag() {
                ChangeTag::Delete => writeln!(shown, "{RED}-{line}{RED:#}"),
                ChangeTag::Insert => writeln!(shown, "{GREEN}+{line}{GREEN:#}"),
                ChangeTag::Equal => writeln!(shown, " {line}"),
            };
        }
    }
    shown
}

/// Tests whether a line has a token, in a comment too.
fn is_token(line: &str) -> bool {
    let key = line.trim_start_matches(|c: char| c == '#' || c.is_whitespace());
    let key = key.trim_start_matches(['"', '\'']);
    key.strip_prefix("token").is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with('='))
}

fn token(text: &str) -> Option<&str> {
    text.lines().find(|line| is_token(line) && !line.trim_start().starts_with('#'))
}

fn hide(text: &str, secrets: &[&str], word: &str) -> String {
    let line = |line: &str| match line.split_once('=').filter(|_| is_token(line)) {
        Some((key, _)) => format!("{key}= \"({word})\"\n"),
        None => format!("{line}\n"),
    };
    let text: String = text.lines().map(line).collect();
    // Occurrences anywhere else.
    secrets.iter().filter(|secret| !secret.is_empty()).fold(text, |text, secret| text.replace(secret, "(hidden)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r41_tokens_are_hidden_everywhere_and_a_new_one_is_shown_as_a_change() {
        let old = "# token = \"OLD-SECRET\"\ntoken='T-SECRET' # T-SECRET\nx = 1\n\"token\" = \"Q-SECRET\"\n";
        let new = "# token = \"OLD-SECRET\"\ntoken = \"N-SECRET\"\nx = 2\n\"token\" = \"Q-SECRET\"\n# see N-SECRET\n";
        let shown = diff(old, new, &["T-SECRET", "N-SECRET"]);
        assert!(!shown.contains("SECRET"), "{shown}");
        let plain = anstream::adapter::strip_str(&shown).to_string();
        for line in ["-token= \"(hidden)\"", "+token = \"(hidden, new)\"", "-x = 1", "+x = 2", "+# see (hidden)"] {
            assert!(plain.lines().any(|shown| shown == line), "{line}: {plain}");
        }
        assert_eq!(diff(old, old, &[]), "");
    }

    #[test]
    fn keys_that_begin_with_token_are_shown() {
        let shown = diff("", "token_file = \"/etc/t\"\ntokens = 1\n", &[]);
        assert!(shown.contains("/etc/t") && shown.contains("tokens = 1"), "{shown}");
    }
}
