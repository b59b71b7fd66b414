//! Makes text from elsewhere safe to show or to log.

use std::{fmt, io};

use nix::errno::Errno;

/// Description of an error, in English. The standard library would ask the C library, which reads the environment to translate
/// it and opens the files that the environment names; in a stranger's process both are out of the question.
pub(crate) fn words(error: &io::Error) -> &'static str {
    error.raw_os_error().map_or("an error of no known kind", |number| Errno::from_raw(number).desc())
}

/// At most `max` characters of `text`, with everything that is not plainly printable replaced by `?`: control
/// characters (so no ESC, CR or line break), and the invisible ones that reorder or hide text.
///
/// Names, titles and messages reach us from plex.tv, from anyone who types a login name at sshd and from other
/// machines; none of them may move a terminal's cursor or forge a second line in a log.
#[must_use]
pub fn printable(text: &str, max: usize) -> String {
    text.chars().take(max).map(|c| if is_harmless(c) { c } else { '?' }).collect()
}

/// A number with its noun: `1 person`, `2 people`.
#[must_use]
pub fn counted<N: Copy + fmt::Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    format!("{count} {}", if count == N::from(1) { one } else { many })
}

fn is_harmless(c: char) -> bool {
    !c.is_control() && !is_format(c) && !is_private_or_unassigned_edge(c)
}

/// The characters of Unicode's categories Cf, Zl and Zp: direction overrides, joiners, tags, separators.
fn is_format(c: char) -> bool {
    matches!(
        u32::from(c),
        0x00AD
            | 0x0600..=0x0605
            | 0x061C
            | 0x06DD
            | 0x070F
            | 0x0890..=0x0891
            | 0x08E2
            | 0x180E
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0xFEFF
            | 0xFFF9..=0xFFFB
            | 0x110BD
            | 0x110CD
            | 0x13430..=0x1343F
            | 0x1BCA0..=0x1BCA3
            | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF
    )
}

/// Private use and non-characters have no agreed look, so a terminal may do anything with them.
fn is_private_or_unassigned_edge(c: char) -> bool {
    let c = u32::from(c);
    matches!(c, 0xE000..=0xF8FF | 0xF0000..=0x10_FFFF | 0xFDD0..=0xFDEF) || c & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_are_described_in_english() {
        assert_eq!(words(&io::Error::from_raw_os_error(2)), "No such file or directory");
        assert_eq!(words(&Errno::ECONNREFUSED.into()), "Connection refused");
        assert_eq!(words(&io::Error::other("x")), "an error of no known kind");
    }

    #[test]
    fn a_number_has_its_noun_in_the_singular_or_the_plural() {
        let shown = [0_u32, 1, 2].map(|count| counted(count, "person", "people"));
        assert_eq!(shown, ["0 people", "1 person", "2 people"]);
    }

    #[test]
    fn r27_control_and_bidi_characters_are_replaced() {
        let hostile = "a\x1b[31mb\rc\nd\u{202e}e\u{2066}f\u{200b}g\u{feff}h\u{9b}i\u{7f}j\0k";
        let shown = printable(hostile, 100);
        assert_eq!(shown, "a?[31mb?c?d?e?f?g?h?i?j?k");
    }

    #[test]
    fn r27_names_in_any_script_are_unchanged() {
        for name in ["alice", "Ålïcé", "アリス", "алиса", "a.b+c@example.org", "🙂"] {
            assert_eq!(printable(name, 100), name);
        }
    }

    #[test]
    fn r27_characters_that_reorder_or_hide_text_are_replaced_and_their_neighbours_are_not() {
        let hidden = [
            (0xAD, 0xAD),
            (0x600, 0x605),
            (0x61C, 0x61C),
            (0x6DD, 0x6DD),
            (0x70F, 0x70F),
            (0x890, 0x891),
            (0x8E2, 0x8E2),
            (0x180E, 0x180E),
            (0x200B, 0x200F),
            (0x2028, 0x202E),
            (0x2060, 0x206F),
            (0xFEFF, 0xFEFF),
            (0xFFF9, 0xFFFB),
            (0x110BD, 0x110BD),
            (0x110CD, 0x110CD),
            (0x13430, 0x1343F),
            (0x1BCA0, 0x1BCA3),
            (0x1D173, 0x1D17A),
            (0xE0000, 0xE0FFF),
        ];
        let shown = |number: u32| char::from_u32(number).map(|c| printable(&c.to_string(), 1) != "?");
        for (first, last) in hidden {
            assert!((first..=last).all(|number| shown(number) == Some(false)), "{first:x}");
            // The last two characters of each plane are none.
            let before = if first == 0xE0000 { first - 3 } else { first - 1 };
            assert_eq!((shown(before), shown(last + 1)), (Some(true), Some(true)), "{first:x}");
        }
    }

    #[test]
    fn r27_private_characters_and_those_that_are_none_are_replaced_and_their_neighbours_are_not() {
        let shown = |number: u32| char::from_u32(number).is_some_and(|c| printable(&c.to_string(), 1) != "?");
        for (first, last) in [(0xE000, 0xF8FF), (0xFDD0, 0xFDEF)] {
            assert!(!(first..=last).any(shown), "{first:x}");
            assert!(shown(last + 1), "{last:x}");
        }
        assert!(shown(0xFDCF));
        for plane in 0..0x11 {
            let end = plane << 16 | 0xFFFE;
            assert!(!shown(end) && !shown(end + 1), "{end:x}");
        }
        for good in [0xFFFC, 0xFFFD, 0x1FFFD, 0x2FFFD, 0x10000, 0x20000] {
            assert!(shown(good), "{good:x}");
        }
        assert!(!shown(0xF0000) && !shown(0x10_FFFD));
    }

    #[test]
    fn r27_long_text_is_cut_at_a_character() {
        assert_eq!(printable("ääää", 2), "ää");
    }
}
