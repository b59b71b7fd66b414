//! Creates a local account for a friend.

use policy::PlexRef;

use super::earlier::Earlier;
use super::make::{Wanted, make, say_purpose};
use super::names::Availability;
use super::purpose::Purpose;
use super::{expiry_locks, membership, names, people};
use crate::client::daemon;
use crate::client::friends::{Friends, name, name_and_id};
use crate::client::service_manager;
use crate::config_file::users::{self, UserEntry};
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{Status, say, warn};

/// Creates the account `local` for the friend with the reference `plex`, and maps it in `[users]`. `interactive` allows a
/// question about what an earlier account of the same name has left.
///
/// The section for `plex-files` must be in sshd's configuration before an account for files is created. The owner's own account
/// is never one: for it, `purpose` is a shell.
///
/// # Errors
/// The name cannot be used, no single friend has that reference, or a tool fails. Nothing is changed then.
pub(crate) fn create(
    context: &Context,
    local: &str,
    plex: &str,
    purpose: &Purpose,
    interactive: bool,
) -> Result<(), Error> {
    let config = context.load()?;
    check_name(local, plex, config.group.as_deref())?;
    let friends = Friends::read_all(&config)?;
    let person = friends.find(plex)?;
    if config.users.get(local).is_some_and(|reference| friends.id_of(reference) != Some(person.id)) {
        return Err(Error::new(format!("[users] assigns '{local}' to another Plex account; nothing was changed"))
            .hint(format!("choose another name, or first: plex-auth user unlink {local}")));
    }
    let lock = expiry_locks::lock_accounts()?;
    // Before anything is changed: the account is recorded in it.
    people::read()?;
    let is_owners = membership::is_owners(&config, Some(friends.owner()), &PlexRef::Id(person.id));
    if matches!(purpose, Purpose::Files(_)) && (is_owners || person.id == friends.owner().id) {
        return Err(Error::new("the owner's own account is never restricted to files; nothing was changed")
            .hint(format!("give it a shell: plex-auth user add {local} --plex {} --shell", person.id)));
    }
    let home = Earlier::of(local, purpose)?.settle(local, &person.id.to_string(), interactive)?;
    let group = config.group.as_deref().filter(|_| !is_owners);
    group.map(membership::ensure).transpose().map_err(Error::nothing_changed)?;
    let entry = UserEntry { local: local.to_owned(), plex: person.id, name: name(person) };
    let change = users::link(&context.config, &[entry])?;
    let username = person.username.as_deref();
    if let Err(error) = make(&lock, &Wanted { local, plex: person.id, username, home: &home, group, purpose }) {
        change.map_or(Ok(()), users::Change::undo)?;
        return Err(error.about(&format!("the account {local} cannot be created")).nothing_changed());
    }
    people::note_account(&lock, person.id, local)?;
    // Nothing is lost if the daemon does not answer: the log says at the first login what to do.
    let _ = daemon::forget(&context.socket, local);
    let account = name_and_id(person);
    say(format!("{} Created user {local} for {account}; signs in with the Plex password only", Status::Ok.shown()));
    say_purpose(local, &home, purpose);
    if let Err(why) = friends.is_permitted(person.id) {
        warn(format!("{} cannot sign in yet: {why}", name(person)));
    }
    membership::warn_without_group(&config, is_owners, local);
    if change.is_some() {
        service_manager::restart();
    }
    Ok(())
}

fn check_name(local: &str, plex: &str, group: Option<&str>) -> Result<(), Error> {
    match names::availability(local, group)? {
        Availability::Free => Ok(()),
        Availability::Unsuitable(error) => Err(error),
        Availability::Exists => {
            let exists = Error::new(format!("there is a user or a group '{local}' already; nothing was changed"));
            Err(exists.hint(format!(
                "if the account is theirs: plex-auth user link {local} {}; if not, choose another name",
                protocol::printable(plex, 64)
            )))
        }
        Availability::Claimed(why) => Err(Error::new(why).nothing_changed().hint("choose another name")),
    }
}
