//! Roff formatting that `mandoc -T lint` accepts: short lines without trailing blanks.

/// Maximum length of a line, in bytes.
const WIDTH: usize = 80;

/// Breaks long lines at blanks and removes the second of two line breaks, neither of which affects the output. Requests
/// and the tag after `.TP` must stay on one line and are left alone.
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
    fn tidy_breaks_long_lines_at_blanks_without_creating_requests() {
        let word = "x".repeat(39);
        let text = format!(".TP\n{word} {word} {word}\n{word}  {word} {word} .so 'y \n\n.B {word} {word} {word}\n");
        let expected = format!(".TP\n{word} {word} {word}\n{word} {word}\n{word} .so 'y\n.B {word} {word} {word}\n");
        assert_eq!(tidy(&text), expected);
        let text = format!("{word} {word} .so\n");
        assert_eq!(tidy(&text), text, "too long is better than a request");
        assert_eq!(tidy("x\n.br\n\n.br\ny\n"), "x\n.br\ny\n");
    }
}
