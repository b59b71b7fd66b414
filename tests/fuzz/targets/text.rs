//! R27: fuzzes the filter for displayed and logged text, checked against Unicode's own table.
#![no_main]

use libfuzzer_sys::fuzz_target;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    for max in [0, 1, 7, 80, usize::MAX] {
        let shown = protocol::printable(&text, max);
        assert_eq!(shown.chars().count(), text.chars().count().min(max));
        for (shown, given) in shown.chars().zip(text.chars()) {
            if shown == given {
                assert!(is_visible(shown), "{:04x} gets through", u32::from(given));
            } else {
                assert!(shown == '?' && !is_ordinary(given), "{:04x} is lost", u32::from(given));
            }
        }
        assert_eq!(protocol::printable(&shown, max), shown, "made safe once more, it changes");
    }
});

/// True if a character neither moves the cursor, nor reorders or hides text, nor lacks a defined appearance.
fn is_visible(c: char) -> bool {
    !matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
    )
}

/// True for the characters of names and messages.
fn is_ordinary(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Number, Punctuation, Symbol};
    matches!(c.general_category_group(), Letter | Number | Punctuation | Symbol)
}
