//! A QR code in half blocks: two modules above each other in one character, so that the picture is square.

use qrcodegen::{QrCode, QrCodeEcc};

/// The light border, in modules. The standard wants four; cameras take two, and the picture must fit into 24 lines.
const BORDER: i32 = 2;

/// A picture of a text for a terminal that shows light characters on a dark ground, as most do; cameras read the other
/// kind too. One string for each line. Nothing when the text is too long for any QR code.
#[must_use]
pub fn picture(text: &str) -> Option<Vec<String>> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let range = || -BORDER..code.size() + BORDER;
    let last = code.size() + BORDER;
    // Light is what is drawn; below the last line there is nothing any more.
    let light = |x, y| y < last && !code.get_module(x, y);
    let line = |y| range().map(|x| half_block(light(x, y), light(x, y + 1))).collect();
    Some(range().step_by(2).map(line).collect())
}

fn half_block(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    /// 25 modules of version 2, the smallest that holds these 30 bytes, and the border: 29 columns and 15 lines.
    #[test]
    fn r21_the_link_pages_qr_code_fits_into_a_small_terminal() {
        let address = "https://plex.tv/link/?pin=AB12";
        let code = QrCode::encode_text(address, QrCodeEcc::Low).unwrap();
        assert_eq!((code.version().value(), code.size()), (2, 25));
        let lines = picture(address).unwrap();
        assert_eq!((lines.len(), lines.first().unwrap().chars().count()), (15, 29));
        assert!(lines.iter().all(|line| line.chars().count() == 29 && line.chars().all(|c| "█▀▄ ".contains(c))));
        assert!(picture(&"x".repeat(5000)).is_none());
    }

    #[test]
    fn r21_each_module_is_in_its_place_with_a_light_border_of_two() {
        let text = "https://plex.tv/link/?pin=AB12";
        let code = QrCode::encode_text(text, QrCodeEcc::Low).unwrap();
        let mut light = Vec::new();
        for line in picture(text).unwrap() {
            light.push(line.chars().map(|c| "█▀".contains(c)).collect::<Vec<_>>());
            light.push(line.chars().map(|c| "█▄".contains(c)).collect());
        }
        let below = light.pop().unwrap();
        assert!(!below.contains(&true), "29 modules are 14 lines and a half");
        for (row, y) in light.iter().zip(-2..) {
            for (is_light, x) in row.iter().zip(-2..) {
                let is_inside = (0..25).contains(&x) && (0..25).contains(&y);
                assert_eq!(*is_light, !(is_inside && code.get_module(x, y)), "{x} {y}");
            }
        }
        assert!(light.len() == 29 && light.iter().all(|row| row.len() == 29));
    }
}
