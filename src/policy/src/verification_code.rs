//! Verification codes as people type them.

/// Digits of a code.
const DIGITS: usize = 6;

/// The six digits of a verification code that was typed or pasted. Apps and mails show it in groups ("123 456", "123-456"), and
/// phones replace spaces and hyphens with others or add marks without a width. `None` for anything else: programs answer a
/// prompt that they do not know with a name or a password, and neither is ever sent as a code.
#[must_use]
pub fn verification_code(typed: &str) -> Option<String> {
    // With room for all digits, so that no copy is left behind.
    let mut code = String::with_capacity(DIGITS);
    for letter in typed.chars().filter(|letter| !is_separator(*letter)) {
        if !letter.is_ascii_digit() || code.len() == DIGITS {
            return None;
        }
        code.push(letter);
    }
    (code.len() == DIGITS).then_some(code)
}

/// True for spaces, hyphens and marks without a width.
fn is_separator(letter: char) -> bool {
    // Hyphens and dashes; the minus sign, the small and the full-width hyphen; the soft hyphen.
    let is_hyphen = matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' | '\u{ad}');
    // Zero-width spaces and joiners, and the marks of text directions that come with copied numbers.
    let has_no_width = matches!(
        letter,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    letter.is_whitespace() || is_hyphen || has_no_width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r22_codes_are_six_digits_in_whatever_groups_they_are_typed() {
        let codes = [
            "123456",
            "123 456",
            "123-456",
            " 123456 ",
            "\t12 34 56\r\n",
            "123 - 456",
            "123\u{a0}456",
            "123\u{202f}456",
            "123\u{2009}456",
            "123\u{3000}456",
            "123\u{2011}456",
            "123\u{2013}456",
            "123\u{2212}456",
            "\u{202a}123456\u{202c}",
            "\u{feff}123\u{200b}456",
        ];
        for typed in codes {
            assert_eq!(verification_code(typed).as_deref(), Some("123456"), "{typed:?}");
        }
    }

    #[test]
    fn r22_nothing_but_six_digits_is_a_code() {
        let others = [
            "",
            " ",
            "-",
            "12345",
            "1234567",
            "123 4567",
            "123456 7",
            "123.456",
            "123_456",
            "12345a",
            "a123456",
            "123456x",
            "alice",
            "hunter2",
            "hunter2123456",
            "123,456",
            "+123456",
            "٣١٤١٥٩",
            "１２３４５６",
            "②③④⑤⑥⑦",
            // A recovery code's likely shapes.
            "abcd-efgh",
            "1234-5678",
            "12345-67890",
        ];
        for typed in others {
            assert_eq!(verification_code(typed), None, "{typed:?}");
        }
    }
}
