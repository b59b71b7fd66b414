//! What there is left to do.

use super::accounts::{self, Local};
use super::existing::Existing;
use super::friends::Mapping;
use crate::terminal::{bold, say};

/// Says what comes next: accounts that are not there yet, and the first login.
pub(crate) fn say_next(existing: &Existing, users: &[Mapping], group: Option<&str>) {
    let before = existing.users().into_iter().map(|(local, _)| local);
    let everybody: Vec<String> = before.chain(users.iter().map(|user| user.local.clone())).collect();
    let missing: Vec<&str> =
        everybody.iter().map(String::as_str).filter(|local| accounts::look_up(local) == Local::Free).collect();
    let ready = everybody.iter().find(|local| accounts::look_up(local) != Local::Free);
    say("");
    say(bold("Next"));
    if everybody.is_empty() {
        match group {
            Some(group) => {
                say(format!("  Members of the group {group} may sign in as the Plex account of their name."));
            }
            None => say("  Nobody has a local account for it yet: run this again, or give --user LOCAL=PLEX."),
        }
    }
    if !missing.is_empty() {
        say(format!("  plex-auth user add {}", missing.join(" ")));
        say("      makes the accounts that are not there yet");
    }
    let example = ready.map_or("NAME", String::as_str);
    let host = nix::unistd::gethostname().unwrap_or_default();
    say(format!("  ssh {example}@{}", wire::printable(&host.to_string_lossy(), 64)));
    say("      with the Plex password; keep a root shell open while you try");
    say(format!("  plex-auth test {example}"));
    say("      shows step by step why somebody may sign in or not");
}
