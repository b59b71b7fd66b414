//! Link sign-in of the owner: a code is approved by QR code or at plex.tv/link.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use plex::{Approval, Client, LINK_PAGE, LinkCode, Token};

use super::owner::{FreshDevice, Owner, signed_in};
use super::plex_errors::explain;
use super::rollback;
use crate::client::plex_tv::QUESTION;
use crate::error::Error;
use crate::ui::locale;
use crate::ui::terminal::{bold, print, say, spinner};

/// Interval between two polls, the shortest that plex.tv permits.
const PACE: Duration = Duration::from_secs(1);

/// Lifetime of a code without one in the response.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Pause after plex.tv has limited the rate.
const PAUSE: Duration = Duration::from_secs(5);

/// Shows a code and waits for the owner's approval.
///
/// # Errors
/// plex.tv gives no code, or it expires without approval.
pub(crate) fn sign_in(device: FreshDevice) -> Result<Owner, Error> {
    let code = device.client.link_code(Instant::now() + QUESTION).map_err(|error| explain(&error))?;
    show(&code);
    let token = wait(&device.client, &code)?;
    approved(device, token, "a link code")
}

/// The owner whose approval of a code issued this token.
///
/// # Errors
/// plex.tv does not show the account.
pub(super) fn approved(device: FreshDevice, token: Token, how: &'static str) -> Result<Owner, Error> {
    rollback::fresh_token(&device.owner, &token);
    let account = device.owner.account(&token, Instant::now() + QUESTION).map_err(|error| explain(&error))?;
    Ok(signed_in(device, account, token, how))
}

fn show(code: &LinkCode) {
    let is_drawn = std::io::stdout().is_terminal() && locale::is_utf8();
    let picture = plex::picture(&code.address()).filter(|_| is_drawn);
    let scan = if picture.is_some() { "scan this with a phone, or " } else { "" };
    for line in picture.into_iter().flatten() {
        print(&format!("  {line}\n"));
    }
    say(format!("Sign in as the server's owner: {scan}open"));
    say(format!("  {} and type {}", LINK_PAGE, bold(code.code())));
}

fn wait(client: &Client, code: &LinkCode) -> Result<Token, Error> {
    let lifetime = code.lifetime().unwrap_or(LIFETIME).min(LIFETIME);
    let _spinner = spinner("Waiting for the approval (^C stops)");
    std::thread::sleep(PACE);
    let token = poll(client, code, lifetime.saturating_sub(PACE))?;
    token.ok_or_else(|| {
        Error::new(format!("the code {} expired before it was approved", code.code())).hint(
            "run this again for a new \
                            code",
        )
    })
}

/// Polls a code for this long; `None` if it was not approved by then.
///
/// # Errors
/// plex.tv refuses to answer.
pub(super) fn poll(client: &Client, code: &LinkCode, time: Duration) -> Result<Option<Token>, Error> {
    let end = Instant::now() + time;
    loop {
        let pace = match client.approval(code, Instant::now() + QUESTION) {
            Ok(Approval::Approved(token)) => return Ok(Some(token)),
            Ok(Approval::Expired) => return Ok(None),
            Err(plex::Error::RateLimited(_)) => PAUSE,
            // The code survives a short network failure.
            Ok(Approval::Waiting) | Err(plex::Error::Unreachable(_) | plex::Error::Unavailable(_)) => PACE,
            Err(other) => return Err(explain(&other)),
        };
        if Instant::now() + pace >= end {
            return Ok(None);
        }
        std::thread::sleep(pace);
    }
}
