//! A spinner while a command waits.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::locale;

/// The longest line, in columns. A line that fits into 40 columns is not wrapped again when the terminal gets narrower,
/// which would leave its first part behind.
const COLUMNS: usize = 39;

/// Time between two pictures.
const TICK: Duration = Duration::from_millis(120);

/// Pictures in ASCII; the last one is shown at the end.
const ASCII: &str = "|/-\\ ";

/// A spinner, removed when dropped.
pub(crate) struct Spinner(ProgressBar);

/// Shows a spinner on a terminal until it is dropped.
pub(crate) fn spinner(what: &str) -> Spinner {
    let bar = if io::stderr().is_terminal() {
        ProgressBar::new_spinner().with_message(message(&locale::encoded(what, true)))
    } else {
        ProgressBar::hidden()
    };
    if !locale::is_utf8() {
        bar.set_style(ProgressStyle::default_spinner().tick_chars(ASCII));
    }
    bar.enable_steady_tick(TICK);
    Spinner(bar)
}

/// The text, cut to what fits behind the picture and a blank.
fn message(what: &str) -> String {
    what.chars().take(COLUMNS - 2).collect()
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::fs;
    use std::path::Path;

    use super::*;

    fn messages(directory: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(messages(&path));
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            let literals = text.split("spinner(\"").skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(literals.map(str::to_owned));
        }
        found
    }

    #[test]
    fn every_spinner_fits_into_40_columns_uncut() {
        let all = messages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        assert!(all.len() > 5, "{all:?}");
        for text in all {
            assert_eq!(message(&text), text, "shorten it to {} characters", COLUMNS - 2);
        }
    }

    #[test]
    fn a_longer_text_is_cut() {
        assert_eq!(message(&"x".repeat(100)).len() + 2, COLUMNS);
    }
}
