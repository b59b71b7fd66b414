//! Prompts of link sign-in. Everything is in the text of the prompt, because sshd shows nothing else before it waits for a
//! reply.

use plex::LINK_PAGE;
use protocol::Screen;

/// `PAM_TTY` of sshd. It does not know the client's screen, which is nearly always large enough.
const SSH: &str = "ssh";

/// Last line of every prompt. What is typed is shown, so it warns of a password.
const LAST_LINE: &str = "Do not type a password here; press Enter when approved: ";

/// The password prompt after text was typed at a link prompt.
pub(crate) const PASSWORD_AGAIN: &str = "Input ignored. Press Enter alone to continue with the code. Password: ";

/// Lines in addition to the QR code: one that the client begins with the account's name, three of text, and a spare one.
const TEXT_LINES: usize = 5;

/// The first prompt, with a QR code if `link_picture` is on and the screen can show it. Address and code are both above and
/// below it: a client that cannot show it fills a hundred lines with escapes, and some show only the end of a prompt.
pub(crate) fn first(
    code: &str,
    address: &str,
    link_picture: bool,
    screen: Option<Screen>,
    tty: Option<&str>,
) -> String {
    let qr = plex::picture(address).filter(|qr| link_picture && fits(qr, screen, tty));
    let Some(qr) = qr else { return format!("\nOpen {LINK_PAGE} and enter the code {code}.\n{LAST_LINE}") };
    let qr = qr.join("\n");
    format!("\nOpen {LINK_PAGE} and enter the code {code}, or scan this:\n{qr}\n{LINK_PAGE}, code {code}\n{LAST_LINE}")
}

/// The prompt after an Enter before the approval.
pub(crate) fn again(code: &str) -> String {
    format!("\nNot approved yet: {LINK_PAGE}, code {code}\n{LAST_LINE}")
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
        let prompt = first("AB12", ADDRESS, true, None, Some("ssh"));
        let lines: Vec<&str> = prompt.lines().collect();
        assert!(lines.len() <= 19 && lines.iter().all(|line| line.chars().count() <= 72), "{prompt}");
        let (text, qr): (Vec<&str>, Vec<&str>) = lines.iter().partition(|line| !line.contains(['█', '▀', '▄']));
        let expected = [
            "",
            "Open https://plex.tv/link and enter the code AB12, or scan this:",
            "https://plex.tv/link, code AB12",
            "Do not type a password here; press Enter when approved: ",
        ];
        assert_eq!(text, expected, "{prompt}");
        assert_eq!(lines.get(2..lines.len() - 2), Some(qr.as_slice()), "address and code are first and last: {prompt}");
    }

    #[test]
    fn r27_the_link_prompts_without_qr_code_fit_pam_max_msg_size() {
        let texts = [first("AB12", ADDRESS, true, None, None), again("AB12")];
        let fits = |text: &String| text.len() < 512 && text.ends_with(LAST_LINE) && text.contains("AB12");
        assert!(texts.iter().all(fits), "{texts:?}");
        let shown = first("AB12", ADDRESS, true, None, Some("ssh"));
        let text: String = shown.lines().filter(|line| !line.contains('█')).collect();
        assert!(text.len() < 512, "{text}");
    }

    #[test]
    fn the_qr_code_is_omitted_on_screens_that_cannot_show_it() {
        let has_qr = |screen, tty| first("AB12", ADDRESS, true, screen, tty).contains('█');
        assert!(has_qr(Some(screen(80, 24, true)), Some("/dev/pts/1")));
        assert!(has_qr(Some(screen(29, 20, true)), Some("/dev/pts/1")));
        assert!(has_qr(None, Some("ssh")));
        for (screen, tty) in [
            (Some(screen(80, 24, false)), "/dev/pts/1"),
            (Some(screen(28, 24, true)), "/dev/pts/1"),
            (Some(screen(80, 19, true)), "/dev/pts/1"),
            (None, ":0"),
        ] {
            assert!(!has_qr(screen, Some(tty)), "{screen:?} {tty}");
        }
        assert!(!has_qr(None, None));
    }

    #[test]
    fn link_picture_off_gives_plain_text_on_every_screen() {
        for (screen, tty) in [(None, Some("ssh")), (Some(screen(80, 24, true)), Some("/dev/pts/1"))] {
            let prompt = first("AB12", ADDRESS, false, screen, tty);
            assert_eq!(prompt, format!("\nOpen https://plex.tv/link and enter the code AB12.\n{LAST_LINE}"));
        }
    }
}
