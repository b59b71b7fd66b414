//! What there is left to do.

use std::collections::BTreeMap;

use nix::unistd::{Group, User};

use super::accounts::{self, Local};
use super::existing::Existing;
use super::friends::Mapping;
use crate::terminal::{bold, say};

/// Says what comes next: accounts that are not there yet, and the first login.
pub(crate) fn say_next(existing: &Existing, users: &[Mapping], group: Option<&str>) {
    let before = existing.users().into_iter();
    let everybody: BTreeMap<String, String> =
        before.chain(users.iter().map(|user| (user.local.clone(), reference(user)))).collect();
    let (missing, there): (Vec<_>, Vec<_>) =
        everybody.iter().partition(|(local, _)| accounts::look_up(local) == Local::Free);
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
    for (local, plex) in &missing {
        say(format!("  plex-auth user add {local} --plex {plex}"));
    }
    match missing.len() {
        0 => {}
        1 => say("      makes the account, which is not there yet"),
        _ => say("      make the accounts that are not there yet"),
    }
    let outside: Vec<_> = there
        .iter()
        .map(|(local, _)| local.as_str())
        .filter(|local| group.is_some_and(|group| !is_in(local, group)))
        .collect();
    if let Some(group) = group.filter(|_| !outside.is_empty()) {
        for local in outside {
            say(format!("  gpasswd -a {local} {group}"));
        }
        say("      so that they stay out, too, while plex-authd cannot be asked about them");
    }
    let example = there.first().map_or("NAME", |(local, _)| local);
    let host = nix::unistd::gethostname().unwrap_or_default();
    say(format!("  ssh {example}@{}", wire::printable(&host.to_string_lossy(), 64)));
    say("      with the Plex password; keep a root shell open while you try");
    say(format!("  plex-auth test {example}"));
    say("      shows step by step why somebody may sign in or not");
}

/// Somebody's name where a shell takes it as one word, and the id otherwise.
fn reference(user: &Mapping) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-".contains(c);
    let word = user.name.starts_with(|c: char| c.is_ascii_alphabetic()) && user.name.chars().all(plain);
    if word { user.name.clone() } else { user.plex.to_string() }
}

fn is_in(local: &str, group: &str) -> bool {
    let Some(group) = Group::from_name(group).ok().flatten() else { return true };
    let first = User::from_name(local).ok().flatten().is_some_and(|user| user.gid == group.gid);
    first || group.mem.iter().any(|member| member == local)
}
