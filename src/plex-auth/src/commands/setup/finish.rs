//! Next steps, shown at the end.

use std::collections::BTreeMap;

use nix::unistd::User;

use super::answers::Answers;
use super::choice::AccountChoice;
use super::plan::Plan;
use crate::accounts::account_kind::{self, AccountKind};
use crate::accounts::uploads;
use crate::config_file::existing::Existing;
use crate::ui::terminal::{bold, say, warn};

/// Shows the next steps: accounts to create, and the first login of the people just added, or else of someone else.
pub(super) fn say_next(existing: &Existing, answers: &Answers, plan: &Plan) {
    let users = &answers.chosen;
    let before = existing.users().into_iter();
    let mapped: BTreeMap<String, String> =
        before.chain(users.iter().map(|user| (user.local.clone(), reference(user)))).collect();
    let (mut missing, mut there) = (Vec::new(), Vec::new());
    for (local, plex) in &mapped {
        match account_kind::look_up(local) {
            Ok(AccountKind::Free) => missing.push((local, plex)),
            Ok(_) => there.push(local),
            Err(failure) => warn(failure),
        }
    }
    say("");
    say(bold("Next"));
    if mapped.is_empty() {
        match &plan.wanted.group {
            Some(group) => {
                say(format!("  Members of the group {group} may sign in as the Plex account of their name."));
            }
            None => say("  No local accounts yet. Run plex-auth setup again, or use --user LOCAL=PLEX."),
        }
    }
    for (local, plex) in &missing {
        say(format!("  plex-auth user add {local} --plex {plex}"));
    }
    match missing.len() {
        0 => {}
        1 => say("      creates the missing account"),
        _ => say("      create the missing accounts"),
    }
    let is_new = |local: &&String| users.iter().any(|user| user.local == **local);
    let new: Vec<_> = there.iter().copied().filter(is_new).collect();
    let examples = if new.is_empty() { there.into_iter().take(1).collect() } else { new };
    let host = nix::unistd::gethostname().unwrap_or_default();
    let host = protocol::printable(&host.to_string_lossy(), 64);
    if plan.sshd.sshd.is_some() {
        for local in &examples {
            say(format!("  {} {local}@{host}", program(local)));
        }
        if examples.is_empty() {
            say(format!("  ssh NAME@{host}"));
        }
    } else {
        say("  login, su and sudo accept them; SSH and SFTP do as soon as there is an sshd");
    }
    say("      with the Plex password; keep a root shell open while you test");
    say(format!("  plex-auth test {}", examples.first().map_or("NAME", |local| local)));
    say("      shows step by step whether a user may sign in, and why");
}

/// The program that an account signs in with.
fn program(local: &str) -> &'static str {
    let user = User::from_name(local).ok().flatten();
    let is_for_files = user.is_some_and(|user| uploads::is_for_files(&user).unwrap_or(false));
    if is_for_files { "sftp" } else { "ssh" }
}

/// A friend's name if the shell reads it as one word, otherwise the id.
fn reference(user: &AccountChoice) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-".contains(c);
    let word = user.name.starts_with(|c: char| c.is_ascii_alphabetic()) && user.name.chars().all(plain);
    if word { user.name.clone() } else { user.plex.to_string() }
}
