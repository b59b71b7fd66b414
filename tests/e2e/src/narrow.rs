//! Output of commands on narrow terminals and in the C locale.

use std::collections::BTreeSet;

use crate::world::{LOCALE, World};

/// More columns than any line has.
const WIDE: u16 = 400;

/// The contents of a terminal of this width after a command.
fn contents(world: &World, columns: u16, locale: &str, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut terminal = world.terminal_of(columns, 200, locale, &words);
    terminal.exit();
    terminal.contents()
}

/// Asserts that 80 and 40 columns are enough: no line is longer, unless it is one word, and no word is broken. A line that
/// the terminal had to break is one line of the contents.
pub fn assert_fits(world: &World, line: &str) {
    let wide = contents(world, WIDE, LOCALE, line);
    // A table that leaves out columns says so.
    let known = format!("{wide} Columns that do not fit: WHY of accepted logins");
    let known: BTreeSet<&str> = known.split_whitespace().map(|word| word.trim_end_matches(['.', ','])).collect();
    for columns in [80, 40] {
        let narrow = contents(world, columns, LOCALE, line);
        for shown in narrow.lines() {
            let is_file = line.contains("--dry-run") && shown.starts_with(['+', '-', ' ']);
            let is_one_word = shown.split_whitespace().filter(|word| *word != "\\").count() == 1;
            let fits = shown.chars().count() <= columns.into();
            assert!(fits || is_one_word || is_file, "{line}, {columns} columns: {shown:?} in\n{narrow}");
        }
        // Numbers and times differ from run to run.
        let words = narrow.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
        let is_text = |word: &&str| !word.contains(|c: char| c.is_ascii_digit()) && *word != "\\";
        let broken: Vec<_> = words.filter(is_text).filter(|word| !known.contains(word)).collect();
        assert!(broken.is_empty(), "{line}, {columns} columns: {broken:?} in\n{narrow}\nand not in\n{wide}");
    }
}

/// Asserts that the output is in ASCII where the locale is C.
pub fn assert_ascii(world: &World, line: &str) {
    let shown = contents(world, 80, "C", line);
    assert!(shown.is_ascii() && !shown.is_empty(), "{line}:\n{shown}");
}
