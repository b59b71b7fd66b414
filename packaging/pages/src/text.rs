//! Roff as `mandoc -T lint` wants it: short lines, and no blanks at their ends.

/// The longest line, in bytes.
const WIDTH: usize = 80;

/// Breaks long lines at blanks and leaves one of two line breaks, which changes nothing of what is shown. What must stay one
/// line is left alone: requests, and the tag after `.TP`.
pub(crate) fn tidy(roff: &str) -> String {
    let mut tidy = String::new();
    let mut last = "";
    for line in roff.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        if line == ".br" && last == ".br" {
            continue;
        }
        if last == ".TP" || line.starts_with(['.', '\'']) {
            tidy.push_str(line);
        } else {
            tidy.push_str(&filled(line));
        }
        tidy.push('\n');
        last = line;
    }
    tidy
}

fn filled(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            // At the beginning of a line these would make it a request.
            Some(line) if line.len() + 1 + word.len() <= WIDTH || word.starts_with(['.', '\'']) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_blanks_and_never_become_requests() {
        let word = "x".repeat(39);
        let text = format!(".TP\n{word} {word} {word}\n{word}  {word} {word} .so 'y \n\n.B {word} {word} {word}\n");
        let expected = format!(".TP\n{word} {word} {word}\n{word} {word}\n{word} .so 'y\n.B {word} {word} {word}\n");
        assert_eq!(tidy(&text), expected);
        let text = format!("{word} {word} .so\n");
        assert_eq!(tidy(&text), text, "too long is better than a request");
        assert_eq!(tidy("x\n.br\n\n.br\ny\n"), "x\n.br\ny\n");
    }
}
