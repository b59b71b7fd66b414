//! Texts that are not UTF-8: editors of other systems save files in UTF-16 or in an encoding of one byte.

use std::path::Path;

use protocol::Secret;

use crate::mistake::Mistake;
use crate::problem::Problem;

/// The text of a file. A mistake in an encoding of one byte is located at the first character that is not UTF-8.
///
/// # Errors
/// [`Mistake::Encoding`]
pub(crate) fn decode(file: &Path, bytes: Vec<u8>) -> Result<Secret, Problem> {
    if let Some(utf16) = utf16(&bytes) {
        return Err(Problem::of_file(file, Mistake::Encoding(file.to_owned(), utf16)));
    }
    String::from_utf8(bytes).map(Secret::from).map_err(|error| {
        let bytes = error.as_bytes();
        let valid = bytes.get(..error.utf8_error().valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok());
        let text = valid.unwrap_or_default();
        // Between them ISO-8859-1 has control characters.
        let is_windows = bytes.iter().any(|byte| (0x80..0xA0).contains(byte));
        let encoding = if is_windows { "WINDOWS-1252" } else { "ISO-8859-1" };
        Problem::at(file, text, text.len(), Mistake::Encoding(file.to_owned(), encoding))
    })
}

/// The kind of UTF-16, by its byte order mark, or by the first character: that of a configuration is ASCII.
fn utf16(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        [0, 1..=0x7F, ..] => Some("UTF-16BE"),
        [1..=0x7F, 0, ..] => Some("UTF-16LE"),
        _ => None,
    }
}
