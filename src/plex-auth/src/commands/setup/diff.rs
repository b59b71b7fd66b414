//! What would change, without the token.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();

/// How many lines that stay are shown around those that do not.
const AROUND: usize = 2;

/// The lines that go and that come.
pub(crate) fn diff(old: &str, new: &str, secrets: &[&str]) -> String {
    // Another token is a change, though neither is shown.
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

/// Whether a line gives a token, be it in a comment.
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
    // Wherever else it may stand.
    secrets.iter().filter(|secret| !secret.is_empty()).fold(text, |text, secret| text.replace(secret, "(hidden)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r41_a_token_is_hidden_wherever_it_stands_and_its_change_is_seen() {
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
    fn what_only_begins_like_a_token_is_shown() {
        let shown = diff("", "token_file = \"/etc/t\"\ntokens = 1\n", &[]);
        assert!(shown.contains("/etc/t") && shown.contains("tokens = 1"), "{shown}");
    }
}
