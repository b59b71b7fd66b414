//! Prompts of link sign-in. Everything is in the text of the prompt, because sshd shows nothing else before it waits for a
//! reply.

use plex::LINK_PAGE;
use protocol::Screen;

/// `PAM_TTY` of sshd. It does not know the client's screen, which is nearly always large enough.
const SSH: &str = "ssh";

/// End of every prompt.
const ENTER: &str = "then press Enter: ";

/// Lines in addition to the QR code: one that the client begins with the account's name, two of text, and a spare one.
const TEXT_LINES: usize = 4;

/// The first prompt. The QR code comes first, so that the text stays next to the cursor, even on a small screen.
pub(crate) fn first(code: &str, address: &str, screen: Option<Screen>, tty: Option<&str>) -> String {
    let qr = plex::picture(address).filter(|qr| fits(qr, screen, tty));
    let Some(qr) = qr else {
        return format!("\nOpen {LINK_PAGE} and enter the code {code}.\nApprove the sign-in there, {ENTER}");
    };
    let qr = qr.join("\n");
    format!("\n{qr}\nScan this, or open {LINK_PAGE} and enter the code {code}.\nApprove the sign-in there, {ENTER}")
}

/// The prompt after an Enter before the approval.
pub(crate) fn again(code: &str) -> String {
    format!("\nNot approved yet: {LINK_PAGE}, code {code}.\nApprove the sign-in there, {ENTER}")
}

/// The screen, as far as it is known, can show the QR code.
fn fits(qr: &[String], screen: Option<Screen>, tty: Option<&str>) -> bool {
    let Some(screen) = screen else { return tty == Some(SSH) };
    let width = qr.first().map_or(0, |line| line.chars().count());
    screen.utf8 && usize::from(screen.columns) >= width && usize::from(screen.lines) >= qr.len() + TEXT_LINES
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
    fn r21_the_link_prompt_shows_qr_code_address_and_code_and_fits_a_small_terminal() {
        let prompt = first("AB12", ADDRESS, None, Some("ssh"));
        assert!(prompt.starts_with('\n') && prompt.ends_with("then press Enter: "), "{prompt}");
        assert!(prompt.contains("open https://plex.tv/link and enter the code AB12."), "{prompt}");
        assert!(prompt.lines().count() <= 19 && prompt.lines().all(|line| line.chars().count() <= 72), "{prompt}");
    }

    #[test]
    fn r27_the_link_prompts_without_qr_code_fit_pam_max_msg_size() {
        let texts = [first("AB12", ADDRESS, None, None), again("AB12")];
        assert!(texts.iter().all(|text| text.len() < 512), "{texts:?}");
        let shown = first("AB12", ADDRESS, None, Some("ssh"));
        let text: String = shown.lines().filter(|line| !line.contains('█')).collect();
        assert!(text.len() < 512, "{text}");
    }

    #[test]
    fn the_qr_code_is_omitted_on_screens_that_cannot_show_it() {
        let has_qr = |screen, tty| first("AB12", ADDRESS, screen, tty).contains('█');
        assert!(has_qr(Some(screen(80, 24, true)), Some("/dev/pts/1")));
        assert!(has_qr(Some(screen(29, 19, true)), Some("/dev/pts/1")));
        assert!(has_qr(None, Some("ssh")));
        for (screen, tty) in [
            (Some(screen(80, 24, false)), "/dev/pts/1"),
            (Some(screen(28, 24, true)), "/dev/pts/1"),
            (Some(screen(80, 18, true)), "/dev/pts/1"),
            (None, ":0"),
        ] {
            assert!(!has_qr(screen, Some(tty)), "{screen:?} {tty}");
        }
        assert!(!has_qr(None, None));
    }
}
