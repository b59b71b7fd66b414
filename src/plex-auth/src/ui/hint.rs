//! The one format of hints: lines of their own below a message. A hint that begins with "run: " is a command.

/// Blanks before a hint.
const INDENT: &str = "    ";

/// Label of a hint that is a command to copy.
pub(crate) const COMMAND: &str = "run: ";

/// A hint as it follows its message: each of its lines on a line of its own.
pub(crate) fn below(hint: &str) -> String {
    hint.lines().flat_map(|line| ["\n", INDENT, line]).collect()
}

/// A message and its hint.
pub(crate) fn with(what: &str, hint: &str) -> String {
    format!("{what}{}", below(hint))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// First words of the commands that hints tell.
    const PROGRAMS: [&str; 6] = ["plex-auth ", "sudo ", "systemctl ", "chown ", "chmod ", "useradd "];

    fn sources(directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn a_hint_is_indented_below_its_message() {
        assert_eq!(with("it is down", "run: systemctl start it"), "it is down\n    run: systemctl start it");
        assert_eq!(below("one of:\n  a"), "\n    one of:\n      a");
    }

    #[test]
    fn every_hint_that_is_a_command_is_labelled_as_one() {
        for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            for (at, begin) in text.match_indices(".hint(") {
                let argument = text.get(at + begin.len()..).unwrap_or_default();
                let literal = argument.strip_prefix("format!(").unwrap_or(argument).trim_start();
                let hint = literal.strip_prefix('"').unwrap_or_default();
                let bare = PROGRAMS.iter().any(|program| hint.starts_with(program));
                let shown: String = hint.chars().take(60).collect();
                assert!(!bare, "{}: write `{COMMAND}` before {shown}", file.display());
            }
        }
    }
}
