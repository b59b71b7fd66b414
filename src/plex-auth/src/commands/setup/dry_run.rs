//! `setup --dry-run`: shows the changes without making them.

use std::path::Path;

use config::Config;
use policy::PlexUser;
use system::accounts;

use super::choice::{AccountChoice, missing};
use super::diff::diff;
use super::edit::Wanted;
use crate::accounts::membership;
use crate::config_file::existing::Existing;
use crate::error::Error;
use crate::ui::terminal::{print, say};

/// Shows the change of the configuration.
pub(crate) fn show(path: &Path, existing: &Existing, text: &str, wanted: &Wanted) {
    let known = existing.token();
    let secrets: Vec<&str> = [&known, &wanted.token].into_iter().flatten().map(plex::Token::expose).collect();
    let changes = diff(existing.text.as_deref().unwrap_or_default(), text, &secrets);
    say("");
    if changes.is_empty() {
        say(format!("{} would stay as it is.", path.display()));
    } else {
        say(format!("{} would change:", path.display()));
        print(&changes);
    }
}

/// Shows all other changes.
///
/// # Errors
/// The account database cannot be read.
pub(crate) fn say_else(
    create: &[AccountChoice],
    config: &Config,
    owner: &PlexUser,
    pam: Option<String>,
) -> Result<(), Error> {
    for user in missing(create) {
        say(format!("The account {} would be made.", user.local));
    }
    if let Some(group) = &config.group {
        if !accounts::group_exists(group)? {
            say(format!("The group {group} would be created."));
        }
        for local in membership::missing(config, Some(owner))? {
            say(format!("{local} would be added to the group {group}."));
        }
    }
    if let Some(command) = pam {
        say(format!("PAM would be changed by: {command}"));
    }
    say("Nothing was changed.");
    Ok(())
}
