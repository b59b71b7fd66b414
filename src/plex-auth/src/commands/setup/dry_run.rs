//! `setup --dry-run`: shows the changes without making them.

use policy::PlexUser;
use system::accounts;

use super::answers::Answers;
use super::choice::missing;
use super::diff::diff;
use super::plan::Plan;
use super::review;
use crate::accounts::membership;
use crate::config_file::existing::Existing;
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{print, say};

/// Shows all changes.
///
/// # Errors
/// The account database or sshd's configuration cannot be read.
pub(super) fn show(
    context: &Context,
    existing: &Existing,
    plan: &Plan,
    answers: &Answers,
    owner: &PlexUser,
) -> Result<(), Error> {
    show_file(context, existing, plan);
    review::show_sshd(plan)?;
    if plan.create {
        for user in missing(&answers.chosen) {
            let purpose = answers.purpose.as_ref().map(|answer| format!(" for {}", answer.shown()));
            say(format!("The account {} would be created{}.", user.local, purpose.unwrap_or_default()));
        }
    }
    if let Some(group) = &plan.config.group {
        if !accounts::group_exists(group)? {
            say(format!("The group {group} would be created."));
        }
        for local in membership::missing(&plan.config, Some(owner))? {
            say(format!("{local} would be added to the group {group}."));
        }
    }
    if let Some(command) = plan.way.command().filter(|_| answers.pam) {
        say(format!("PAM would be changed by: {command}"));
    }
    say("Nothing was changed.");
    Ok(())
}

/// Shows the change of the configuration.
fn show_file(context: &Context, existing: &Existing, plan: &Plan) {
    let known = existing.token();
    let secrets: Vec<&str> = [&known, &plan.wanted.token].into_iter().flatten().map(plex::Token::expose).collect();
    let changes = diff(existing.text.as_deref().unwrap_or_default(), &plan.text, &secrets);
    let path = context.config.display();
    say("");
    if changes.is_empty() {
        say(format!("{path} would stay as it is."));
    } else {
        say(format!("{path} would change:"));
        print(&changes);
    }
}
