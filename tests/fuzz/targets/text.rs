//! R27: what is made safe to show or to log, held against Unicode's own table.
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

/// Neither moves the cursor, nor reorders or hides text, nor has a look that nobody agreed on.
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

/// What names and messages are written with.
fn is_ordinary(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Number, Punctuation, Symbol};
    matches!(c.general_category_group(), Letter | Number | Punctuation | Symbol)
}
