//! What somebody who signs in by link gets to see. All of it is the text of one prompt: sshd shows nothing else before it
//! waits for an answer.

use plex::LINK_PAGE;
use protocol::Screen;

/// What sshd calls its terminal. It knows nothing of the screen at the other end, which is nearly always a modern one.
const SSH: &str = "ssh";

/// What every text ends with.
const THEN: &str = "then press Enter: ";

/// Lines beside the picture: one that the client begins with the account's name, two of text, and one to spare.
const BESIDE: usize = 4;

/// The first prompt. The picture comes first, so that what must be read stands beside the cursor, whatever a small screen
/// makes of the rest.
pub(crate) fn first(code: &str, address: &str, screen: Option<Screen>, tty: Option<&str>) -> String {
    let picture = plex::picture(address).filter(|picture| fits(picture, screen, tty));
    let Some(picture) = picture else {
        return format!("\nOpen {LINK_PAGE} and enter the code {code}.\nApprove the sign-in there, {THEN}");
    };
    let picture = picture.join("\n");
    format!("\n{picture}\nScan this, or open {LINK_PAGE} and enter the code {code}.\nApprove the sign-in there, {THEN}")
}

/// The prompt after somebody pressed Enter too early.
pub(crate) fn again(code: &str) -> String {
    format!("\nNot approved yet: {LINK_PAGE}, code {code}.\nApprove the sign-in there, {THEN}")
}

/// Whether a screen can show the picture, as far as anybody knows.
fn fits(picture: &[String], screen: Option<Screen>, tty: Option<&str>) -> bool {
    let Some(screen) = screen else { return tty == Some(SSH) };
    let width = picture.first().map_or(0, |line| line.chars().count());
    screen.utf8 && usize::from(screen.columns) >= width && usize::from(screen.lines) >= picture.len() + BESIDE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    const ADDRESS: &str = "https://plex.tv/link/?pin=AB12";

    fn screen(columns: u16, lines: u16, utf8: bool) -> Screen {
        Screen { columns, lines, utf8 }
    }

    #[test]
    fn r21_the_prompt_holds_picture_address_and_code_and_fits_a_small_terminal() {
        let prompt = first("AB12", ADDRESS, None, Some("ssh"));
        assert!(prompt.starts_with('\n') && prompt.ends_with("then press Enter: "), "{prompt}");
        assert!(prompt.contains("open https://plex.tv/link and enter the code AB12."), "{prompt}");
        assert!(prompt.lines().count() <= 19 && prompt.lines().all(|line| line.chars().count() <= 72), "{prompt}");
    }

    #[test]
    fn r27_the_text_beside_the_picture_fits_into_pams_messages() {
        let texts = [first("AB12", ADDRESS, None, None), again("AB12")];
        assert!(texts.iter().all(|text| text.len() < 512), "{texts:?}");
        let shown = first("AB12", ADDRESS, None, Some("ssh"));
        let text: String = shown.lines().filter(|line| !line.contains('█')).collect();
        assert!(text.len() < 512, "{text}");
    }

    #[test]
    fn the_picture_is_left_out_where_it_could_not_be_shown() {
        let has_picture = |screen, tty| first("AB12", ADDRESS, screen, tty).contains('█');
        assert!(has_picture(Some(screen(80, 24, true)), Some("/dev/pts/1")));
        assert!(has_picture(Some(screen(29, 19, true)), Some("/dev/pts/1")));
        assert!(has_picture(None, Some("ssh")));
        for (screen, tty) in [
            (Some(screen(80, 24, false)), "/dev/pts/1"),
            (Some(screen(28, 24, true)), "/dev/pts/1"),
            (Some(screen(80, 18, true)), "/dev/pts/1"),
            (None, ":0"),
        ] {
            assert!(!has_picture(screen, Some(tty)), "{screen:?} {tty}");
        }
        assert!(!has_picture(None, None));
    }
}
