//! Makes the account of a friend on this machine, with everything that its purpose needs, or nothing.

use std::path::Path;

use config::FILES_GROUP;
use policy::PlexId;
use system::accounts;

use super::expiry_locks::AccountsLock;
use super::purpose::Purpose;
use super::shadow_utils::{self, NewAccount};
use super::{comment, created, login_shell, media, membership, restriction, uploads};
use crate::error::Error;
use crate::ui::terminal::{Status, say, warn};

/// A friend's new account.
pub(crate) struct Wanted<'a> {
    /// Local name.
    pub local: &'a str,
    /// The friend's Plex account.
    pub plex: PlexId,
    /// The friend's username at Plex.
    pub username: Option<&'a str>,
    /// Path of the home, where nothing may be.
    pub home: &'a str,
    /// The configured group, unless the account is the owner's.
    pub group: Option<&'a str>,
    /// Purpose of the account.
    pub purpose: &'a Purpose,
}

/// Creates the account.
///
/// # Errors
/// The account cannot be created, or sshd would not restrict it. It does not exist then.
pub(crate) fn make(turn: &AccountsLock, wanted: &Wanted) -> Result<(), Error> {
    let &Wanted { local, plex, username, home, group, purpose } = wanted;
    let comment = comment::of(username, plex);
    let (shell, files) = match purpose {
        Purpose::Files(place) => (login_shell::none().into(), Some(place)),
        Purpose::Shell(path) => (path.to_string_lossy(), None),
    };
    if let Some(place) = files {
        membership::ensure_files_group()?;
        uploads::prepare(&place.uploads)?;
    }
    let groups: Vec<_> = group.into_iter().chain(files.map(|_| FILES_GROUP)).collect();
    let account = NewAccount { name: local, home, create_home: files.is_none(), shell: &shell, comment: &comment };
    shadow_utils::add(turn, &account, &groups)?;
    if let Some(place) = files {
        restricted(local, Path::new(home)).map_err(|error| undo(turn, local, Path::new(home), error))?;
        if let Some(media) = &place.media
            && let Err(error) = media::show(local, Path::new(home), media)
        {
            warn(error);
        }
    }
    Ok(())
}

/// Creates the directories of an account for files, and checks that sshd leaves it nothing else.
fn restricted(local: &str, home: &Path) -> Result<(), Error> {
    let user =
        accounts::user(local)?.ok_or_else(|| Error::new(format!("the account {local} was created and is gone")))?;
    uploads::create(home, user.uid.as_raw(), user.gid.as_raw())?;
    restriction::check(local, home)
}

/// Removes an account that nobody has used yet.
fn undo(turn: &AccountsLock, local: &str, home: &Path, error: Error) -> Error {
    uploads::remove_empty(home);
    match shadow_utils::remove(local).and_then(|()| created::forget(turn, local)) {
        Ok(()) => error,
        Err(other) => {
            error.with_outcome(&format!("and {local} cannot be removed again: {other}; run: userdel {local}"))
        }
    }
}

/// Prints what a new account is for.
pub(crate) fn say_purpose(local: &str, home: &str, purpose: &Purpose) {
    let text = match purpose {
        Purpose::Files(_) => {
            format!("{local} transfers files by SFTP, and nothing else: into {home}/{}", uploads::UPLOAD)
        }
        Purpose::Shell(path) => format!("{local} has a shell: {}", path.display()),
    };
    say(format!("{} {text}", Status::Info.shown()));
}
