//! The summary of a run, before anything is created or changed.

use super::answers::{Answers, Item};
use super::choice::AccountChoice;
use super::diff::diff;
use super::plan::Plan;
use super::purpose::shown_uploads;
use crate::accounts::account_kind::AccountKind;
use crate::error::Error;
use crate::sshd::drop_in::FILE;
use crate::sshd::install::{self, Change};
use crate::ui::terminal::{ask, bold, print, say, warn};

/// The owner's answer to the summary.
pub(super) enum Next {
    /// Make the changes.
    Apply,
    /// Change nothing.
    Stop,
    /// Ask for this answer again.
    Change(Item),
}

/// Shows the summary and asks what to do.
///
/// # Errors
/// The input ends.
pub(super) fn review(plan: &Plan, answers: &Answers) -> Result<Next, Error> {
    let rows = rows(plan, answers);
    say("");
    say(bold("Setup makes these changes:"));
    for (number, (_, name, text)) in (1..).zip(&rows) {
        say(format!("{number:>3}  {name:<8}  {text}"));
    }
    show_sshd(plan)?;
    loop {
        let answer = ask("Apply? (y, n, or a number to change an answer)", Some("y"))?.to_ascii_lowercase();
        let number = answer.parse::<usize>().ok().and_then(|number| rows.get(number.checked_sub(1)?));
        match (answer.as_str(), number) {
            ("y" | "yes", _) => return Ok(Next::Apply),
            ("n" | "no", _) => return Ok(Next::Stop),
            (_, Some((item, ..))) => return Ok(Next::Change(*item)),
            _ => say(format!("Please answer y, n, or a number from 1 to {}.", rows.len())),
        }
    }
}

/// The answers that can be changed, each with its name and its text.
fn rows(plan: &Plan, answers: &Answers) -> Vec<(Item, &'static str, String)> {
    let access = if answers.strict {
        format!("friends you share {} with", plan.wanted.server_name)
    } else {
        "all Plex friends and Home members".to_owned()
    };
    let link = match (answers.link, plan.sshd.wanted.banner) {
        (false, _) => "",
        (true, false) => ", or a code at plex.tv/link",
        (true, true) => ", or a code at plex.tv/link, which SSH announces to everyone",
    };
    let mut rows = vec![
        (Item::Access, "Access", access),
        (Item::SignIn, "Sign-in", format!("with the Plex password{link}")),
        (Item::People, "Accounts", accounts(&answers.chosen, plan.create)),
    ];
    if let Some(answer) = &answers.purpose {
        rows.push((Item::Purpose, "Friends", answer.shown()));
        if let Some(place) = answer.place() {
            let media = place.media.as_ref().map_or_else(|| "none".to_owned(), |media| media.display().to_string());
            rows.push((Item::Uploads, "Uploads", shown_uploads(&place.uploads)));
            rows.push((Item::Media, "Media", media));
        }
    }
    if let Some(command) = plan.way.command() {
        let text = if answers.pam { command } else { "PAM is left as it is".to_owned() };
        rows.push((Item::Pam, "PAM", text));
    }
    rows
}

fn accounts(chosen: &[AccountChoice], create: bool) -> String {
    let shown = |choice: &AccountChoice| {
        let account = match choice.account {
            AccountKind::Free if create => "new",
            AccountKind::Free => "not created",
            AccountKind::Powerful => "exists and can become root",
            AccountKind::Person | AccountKind::System => "exists, stays as it is",
        };
        format!("{} for {} ({account})", choice.local, choice.name)
    };
    if chosen.is_empty() { "nobody new".to_owned() } else { chosen.iter().map(shown).collect::<Vec<_>>().join(", ") }
}

/// Shows the change of sshd's configuration.
///
/// # Errors
/// The file cannot be read.
pub(super) fn show_sshd(plan: &Plan) -> Result<(), Error> {
    let new = match &plan.sshd.change {
        Change::Unchanged => None,
        Change::Written(text) => Some(("is written", text.as_str())),
        Change::Deleted => Some(("is deleted", "")),
    };
    if let Some((what, new)) = new {
        let old = install::present()?.unwrap_or_default();
        say(format!("     {FILE} {what}:"));
        for line in diff(&old, new, &[]).lines() {
            print(&format!("       {line}\n"));
        }
    }
    for note in &plan.sshd.notes {
        warn(note);
    }
    Ok(())
}
