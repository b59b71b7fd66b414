//! `plex-auth user remove`: no other account gets what the removed one leaves.

use std::path::Path;

use clap::Args;
use nix::unistd::User;
use policy::{PlexId, PlexRef};
use system::accounts;

use super::{sessions, smb};
use crate::accounts::earlier::kept;
use crate::accounts::expiry_locks::{self, AccountsLock};
use crate::accounts::file_error::FileError;
use crate::accounts::home::{Home, Owner};
use crate::accounts::local_accounts::{self, Local};
use crate::accounts::{created, ids, media, people, shadow_utils, spool, uploads};
use crate::client::daemon;
use crate::client::service_manager;
use crate::config_file::users;
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{Status, say, warn};

/// Options of `plex-auth user remove`.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The local account
    name: String,
    /// Leave the home where it is, also where it cannot be kept for root
    #[arg(long)]
    keep_home: bool,
}

pub(crate) fn run(context: &Context, args: &RemoveArgs) -> Result<(), Error> {
    let config = context.load()?;
    let turn = expiry_locks::lock_accounts()?;
    let local = local_accounts::one(&config, &args.name)?;
    let name = local.name.as_str();
    let other = |why: &str| {
        Error::new(format!("'{name}' was not created by plex-auth: {why}"))
            .nothing_changed()
            .hint(format!("unlink it from Plex: plex-auth user unlink {name}; or remove it anyway: userdel {name}"))
    };
    match &local.shadow {
        None => return Err(other("it is not kept on this machine")),
        Some(shadow) if shadow.password => return Err(other("it has a local password")),
        Some(_) => {}
    }
    let mut locks = expiry_locks::read()?;
    let said = remove(&turn, &context.socket, &local, args.keep_home)?;
    say(format!("{} {name} is removed", Status::Ok.shown()));
    for line in said {
        say(format!("  {line}"));
    }
    if locks.remove(name).is_some() {
        expiry_locks::keep(&locks)?;
    }
    let changed = users::unlink(&context.config, name)?.is_some();
    forget(&context.socket, name);
    if changed {
        service_manager::restart();
    }
    Ok(())
}

/// Removes an account: ends its sessions, removes its files in spools, keeps its home for root, and never gives its ids again.
/// Returns sentences about what was done.
///
/// # Errors
/// Either nothing was removed, or the next run removes the rest.
pub(super) fn remove(turn: &AccountsLock, socket: &Path, local: &Local, keep_home: bool) -> Result<Vec<String>, Error> {
    let (name, uid) = (local.name.as_str(), local.uid);
    let nothing = |failure: Error| failure.with_outcome("nothing was removed");
    sessions::must_be_elsewhere(name, uid).map_err(nothing)?;
    let user = account(name).map_err(nothing)?;
    let path = user.dir.to_string_lossy().into_owned();
    let is_for_files = uploads::is_for_files(&user).map_err(nothing)?;
    let owner = if is_for_files { Owner::RootFor(name, uid) } else { Owner::Account(name) };
    // The media folder is unmounted below, once no session uses it.
    let found = if keep_home || is_for_files { None } else { find(name, &path, owner).map_err(nothing)? };
    ids::note(turn)?;
    // Before anything is removed: afterwards the account is struck out of it.
    created::read()?;
    if let Some(id) = person_of(socket, local).map_err(nothing)? {
        people::note_account(turn, id, name).map_err(nothing)?;
    }
    // Locked first, so that no session begins while others are ended.
    let expires = local.shadow.as_ref().and_then(|shadow| shadow.expires);
    shadow_utils::lock(name).map_err(nothing)?;
    let ended = sessions::end(name, uid).map_err(|failure| {
        let undone = shadow_utils::unlock(name, expires).err();
        let outcome = if undone.is_some() { "it is locked, and nothing was removed" } else { "nothing was removed" };
        failure.with_outcome(outcome)
    })?;
    let mut said: Vec<_> = ended.shown().into_iter().collect();
    if let Some(others) = sessions::left_alone(uid) {
        warn(others);
    }
    let locked = |failure: Error| failure.with_outcome("the account is locked; fix it and run this again");
    let again = |error: FileError| locked(Error::new(error.to_string()));
    // Before the account is removed: afterwards Samba cannot find the entry, and a later account would get its password.
    smb::remove(name).map_err(locked)?;
    let mut items = spool::by_name(name).map_err(again)?;
    items.extend(spool::at_jobs(uid).map_err(again)?);
    said.extend(spool::take_away(&items, name).map_err(again)?);
    // Sessions that began before the entry and the jobs were removed.
    sessions::end(name, uid).map_err(locked)?;
    let found = if is_for_files {
        if media::hide(&user.dir).map_err(locked)? {
            said.push("deleted: its media folder, which is a mount of the owner's files".to_owned());
        }
        if keep_home { None } else { find(name, &path, owner).map_err(locked)? }
    } else {
        found
    };
    said.push(match found {
        Some(home) => kept(&home.set_aside(name).map_err(again)?),
        None if keep_home => format!("{path} stays where it is"),
        None => format!("it had no home at {path}"),
    });
    shadow_utils::remove(name).map_err(|failure| Error::new(format!("{name} cannot be removed: {failure}")))?;
    created::forget(turn, name)?;
    Ok(said)
}

/// The friend whose account it is, who gets no other one from `sync`; `None` if it has never been a friend's.
///
/// # Errors
/// Only plex-authd knows whose it is by a name, and it does not answer.
fn person_of(socket: &Path, local: &Local) -> Result<Option<PlexId>, Error> {
    if let PlexRef::Id(id) = local.mapped_to {
        return Ok(Some(id));
    }
    let name = &local.name;
    let known = daemon::known_accounts(socket).map_err(|failure| {
        Error::new(format!(
            "{}; only plex-authd knows which friend {name} belongs to, and without that sync could create a second account for them",
            failure.into_parts().0
        ))
        .hint(format!(
            "start it: systemctl start plex-authd.socket; or store that: plex-auth user link {name} WHO; or remove it \
             anyway: userdel --remove {name}"
        ))
    })?;
    let known = known.into_iter().find(|known| known.user == *name);
    Ok(known.and_then(|known| known.plex_id).map(PlexId))
}

fn account(name: &str) -> Result<User, Error> {
    let unreadable = |error| Error::new(format!("the account {name} cannot be looked up: {error}"));
    let user = accounts::user(name).map_err(unreadable)?;
    user.ok_or_else(|| Error::new(format!("the account {name} is gone")))
}

fn find(name: &str, path: &str, owner: Owner) -> Result<Option<Home>, Error> {
    Home::find(path, owner, &accounts::all()?).map_err(|why| {
        Error::new(format!("the home of {name} cannot be kept for root: {why}")).hint(format!(
            "fix that; or remove only the account, and keep its home: plex-auth user remove {name} \
             --keep-home"
        ))
    })
}

/// Makes plex-authd forget a removed account, whose name a later account may have.
pub(super) fn forget(socket: &Path, local: &str) {
    if let Err(error) = daemon::forget(socket, local) {
        warn(format!("{error}\n  plex-authd still stores data about {local}; to delete it: plex-auth forget {local}"));
    }
}
