//! Word wrap for terminals. No word is broken: one that is longer than a line is left to the terminal, so that it can be
//! copied.

use anstream::adapter::strip_str;
use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::hint::COMMAND;

/// The least number of columns; narrower terminals break lines themselves.
const LEAST: usize = 20;

/// Two blanks or more separate columns.
const GAP: &str = "  ";

/// Replaces a blank where a line must not end: within quotes, and behind a mark. Private use, one column wide.
const KEPT_BLANK: char = '\u{e000}';

/// The marks of checks and of what was done.
const MARKS: [&str; 7] = ["✓", "✗", "·", "!", "+", "x", "*"];

/// Continuation of a command on the next line.
const CONTINUED: &str = " \\";

/// Wraps each line of a text. Continuation lines keep the indentation of their line; those of a line with columns begin
/// where its second column does, and those of a marked or labelled one below its text. Commands stay commands.
pub(crate) fn wrapped(text: &str, columns: usize) -> String {
    let columns = columns.max(LEAST);
    text.split('\n').map(|line| wrapped_line(line, columns)).collect::<Vec<_>>().join("\n")
}

/// The lines of a cell.
pub(crate) fn lines(text: &str, columns: usize) -> Vec<String> {
    textwrap::wrap(text, options(columns)).into_iter().map(std::borrow::Cow::into_owned).collect()
}

fn options(columns: usize) -> Options<'static> {
    Options::new(columns)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
}

fn wrapped_line(line: &str, columns: usize) -> String {
    if display_width(line) <= columns {
        return line.to_owned();
    }
    let body = line.trim_start_matches(' ');
    let indent = line.strip_suffix(body).unwrap_or_default();
    let plain = strip_str(body).to_string();
    let below = format!("{indent}{:1$}", "", hanging(&plain, columns.saturating_sub(indent.len())));
    if plain.starts_with(COMMAND) {
        return command(body, indent, &below, columns);
    }
    // A mark has text behind it, also where that is one word too long for the line.
    let kept = if is_marked(&plain) { body.replacen(' ', &KEPT_BLANK.to_string(), 1) } else { body.to_owned() };
    let lines = textwrap::fill(&kept, options(columns).initial_indent(indent).subsequent_indent(&below));
    lines.replace(KEPT_BLANK, " ")
}

/// The line begins with a mark.
fn is_marked(line: &str) -> bool {
    MARKS.iter().any(|mark| line.strip_prefix(mark).is_some_and(|rest| rest.starts_with(' ')))
}

/// A command, with a backslash at the end of each line but the last. Its quoted parts are not broken.
fn command(body: &str, indent: &str, below: &str, columns: usize) -> String {
    let options = options(columns.saturating_sub(CONTINUED.len())).initial_indent(indent).subsequent_indent(below);
    let lines = textwrap::wrap(&protected(body), options).join(&format!("{CONTINUED}\n"));
    lines.replace(KEPT_BLANK, " ")
}

/// A command with other characters in place of the blanks within quotes.
fn protected(command: &str) -> String {
    let mut quote = None;
    let character = |c: char| {
        quote = match (quote, c) {
            (None, '\'' | '"') => Some(c),
            (Some(open), _) if open == c => None,
            (same, _) => same,
        };
        if c == ' ' && quote.is_some() { KEPT_BLANK } else { c }
    };
    command.chars().map(character).collect()
}

/// Columns by which continuation lines are indented more than their line. The second column of a table begins in the
/// left half.
fn hanging(line: &str, columns: usize) -> usize {
    if let Some((first, rest)) = line.split_once(GAP) {
        let gap = GAP.len() + rest.len() - rest.trim_start_matches(' ').len();
        let second = display_width(first) + gap;
        return if second <= columns / 2 { second } else { 2 };
    }
    match line {
        _ if is_marked(line) || line.starts_with(COMMAND) => 2,
        _ if line.starts_with("error: ") => "error: ".len(),
        _ if line.starts_with("warning: ") => "warning: ".len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_indentation_is_kept() {
        for (text, expected) in [
            ("short", "short"),
            ("one two three four five six", "one two three four\nfive six"),
            ("  one two three four five", "  one two three four\n  five"),
            ("✓ one: two three four five", "✓ one: two three\n  four five"),
            ("✓ /etc/ssh/sshd_config.d/x.conf is written", "✓ /etc/ssh/sshd_config.d/x.conf\n  is written"),
            ("error: one two three four", "error: one two three\n       four"),
            ("name    one two three four", "name    one two\n        three four"),
            ("a\n\n    b c d e f g h i j k l m", "a\n\n    b c d e f g h i\n    j k l m"),
            ("see https://example.org/a/very/long/address now", "see\nhttps://example.org/a/very/long/address\nnow"),
            ("plex-auth-samba and plex-auth-shadow", "plex-auth-samba and\nplex-auth-shadow"),
            ("\u{1b}[1mone two\u{1b}[0m three four", "\u{1b}[1mone two\u{1b}[0m three four"),
            ("アリスとボブと alice and bob", "アリスとボブと alice\nand bob"),
        ] {
            assert_eq!(wrapped(text, 20), expected);
        }
    }

    #[test]
    fn a_wrapped_command_is_the_same_command() {
        let hint = "    run: sed -i '1i KbdInteractive yes' /etc/ssh/sshd_config; systemctl reload ssh";
        let shown = wrapped(hint, 40);
        let expected = "    run: sed -i \\\n      '1i KbdInteractive yes' \\\n      /etc/ssh/sshd_config; systemctl \\\n      \
                        reload ssh";
        assert_eq!(shown, expected);
        let rejoined: Vec<_> = shown.replace("\\\n", " ").split_whitespace().map(str::to_owned).collect();
        assert_eq!(rejoined, hint.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_terminal_that_is_narrower_than_20_columns_breaks_lines_itself() {
        assert_eq!(wrapped("one two three four five", 3), "one two three four\nfive");
    }
}
