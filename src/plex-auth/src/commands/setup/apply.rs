//! Makes the planned changes, each of which is undone if the run is interrupted before the last one.

use config::Config;
use policy::{PlexId, PlexUser};

use super::answers::Answers;
use super::choice;
use super::found::good;
use super::plan::Plan;
use super::superseded::{self, Superseded};
use super::{pam, rollback};
use crate::accounts::create::create;
use crate::accounts::purpose::Purpose;
use crate::accounts::undo::undo;
use crate::accounts::{media, membership};
use crate::client::service_manager;
use crate::config_file::existing::Existing;
use crate::config_file::write;
use crate::context::Context;
use crate::error::Error;
use crate::sshd::drop_in::FILE;
use crate::sshd::install::{self, Change};
use crate::ui::{hint, terminal};

/// Makes the changes. sshd's part comes first, so that no account for files is ever without its restrictions.
///
/// # Errors
/// A file cannot be written, sshd refuses its part, or PAM cannot be changed.
pub(super) fn apply(
    context: &Context,
    existing: &Existing,
    plan: &Plan,
    answers: &Answers,
    owner: &PlexUser,
    superseded: Option<&Superseded>,
) -> Result<(), Error> {
    let undoable = || -> Result<Option<bool>, Error> {
        change_sshd(plan)?;
        let told = write_down(context, existing, &plan.text, superseded.is_some())?;
        if plan.create {
            make_accounts(context, &plan.config, answers, owner)?;
        }
        Ok(told)
    };
    let told = undoable().inspect_err(|_| rollback::back())?;
    rollback::finish(|| {
        protect(&plan.config, owner);
        if answers.purpose.as_ref().is_some_and(|answer| answer.place().is_some()) {
            media::apply_to_all(&plan.config)?;
        }
        match plan.way {
            pam::Way::Hand if answers.pam => pam::by_hand(),
            way if answers.pam => way.go()?,
            _ => {}
        }
        Ok(())
    })?;
    if let (Some(superseded), Some(told)) = (superseded, told) {
        superseded.revoke(context, told);
    }
    if let Err(error) = plan.sshd.verify() {
        terminal::warn(error);
    }
    Ok(())
}

fn change_sshd(plan: &Plan) -> Result<(), Error> {
    let done = match &plan.sshd.change {
        Change::Unchanged => return Ok(()),
        Change::Written(_) if plan.sshd.sshd.is_some() => "written, and sshd reads it",
        Change::Written(_) => "written, for the sshd that is to be installed",
        Change::Deleted => "deleted",
    };
    rollback::step(|| {
        let before = install::install(plan.sshd.sshd, &plan.sshd.wanted)?;
        Ok(Some(Box::new(move || before.restore()) as rollback::Step))
    })?;
    good(format!("{FILE} is {done}"));
    Ok(())
}

/// Writes the new text unless the file has it, and makes the daemon load it. Returns whether the daemon was told; `None` if
/// nothing was written.
fn write_down(context: &Context, existing: &Existing, text: &str, is_superseding: bool) -> Result<Option<bool>, Error> {
    let path = context.config.as_path();
    if existing.text.as_deref() == Some(text) && config::load(path).is_ok() {
        good(format!("{} already has these settings", path.display()));
        return Ok(None);
    }
    let (before, file) = (existing.text.clone(), path.to_owned());
    rollback::step(|| {
        write::write(path, text)?;
        Ok(Some(Box::new(move || {
            match before {
                Some(before) => write::write(&file, &before)?,
                None => {
                    std::fs::remove_file(&file).map_err(|error| Error::new(format!("{}: {error}", file.display())))?;
                }
            }
            service_manager::restart();
            Ok(())
        })))
    })?;
    good(format!("{} is written", path.display()));
    if is_superseding {
        superseded::let_the_clock_move();
    }
    Ok(Some(service_manager::restart()))
}

/// Creates missing accounts. A failure does not affect the others; the remaining steps are shown at the end.
fn make_accounts(context: &Context, config: &Config, answers: &Answers, owner: &PlexUser) -> Result<(), Error> {
    let Some(purpose) = answers.purpose.as_ref().map(|answer| &answer.purpose) else { return Ok(()) };
    for user in choice::missing(&answers.chosen) {
        // Their own account is never restricted to files.
        let owners = (user.plex == owner.id).then(|| Purpose::configured_shell(config)).transpose()?;
        let purpose = owners.as_ref().unwrap_or(purpose);
        rollback::step(|| match create(context, &user.local, &user.plex.to_string(), purpose, false) {
            Ok(()) => Ok(Some(undo_account(user.local.clone(), user.plex))),
            Err(error) => {
                terminal::warn(error);
                Ok(None)
            }
        })?;
    }
    Ok(())
}

fn undo_account(local: String, plex: PlexId) -> rollback::Step {
    Box::new(move || undo(&local, plex))
}

/// Adds the accounts to the group that PAM checks while plex-authd is stopped. Failures are only printed: the file is written
/// already.
fn protect(config: &Config, owner: &PlexUser) {
    if let Some(Err(failure)) = config.group.as_deref().map(membership::ensure) {
        terminal::warn(failure);
    } else {
        membership::join_all(config, Some(owner));
    }
    for warning in config.warnings() {
        terminal::warn(hint::with(&warning.what, &warning.fix));
    }
    membership::warn_about_powers(config, Some(owner));
}
