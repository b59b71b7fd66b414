//! What would be done, said and not done.

use std::path::Path;

use super::diff::diff;
use super::edit::Wanted;
use super::existing::Existing;
use super::friends::{Mapping, missing};
use crate::terminal::{print, say};

/// What would be done.
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

/// What would be done beside the file.
pub(crate) fn say_else(create: &[Mapping], pam: Option<String>) {
    for user in missing(create) {
        say(format!("The account {} would be made.", user.local));
    }
    if let Some(command) = pam {
        say(format!("PAM would be changed by: {command}"));
    }
    say("Nothing was changed.");
}
