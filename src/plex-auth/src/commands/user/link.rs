//! `plex-auth user link` and `unlink`: map an existing local account to a Plex account.

use policy::PlexRef;
use system::accounts;

use crate::accounts::account_kind::{AccountKind, look_up};
use crate::accounts::local_accounts::canonical_name;
use crate::accounts::{expiry_locks, membership, people};
use crate::client::friends::{Friends, name, name_and_id};
use crate::client::service_manager;
use crate::config_file::users::{self, UserEntry};
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{Status, say, warn};

pub(crate) fn link(context: &Context, local: &str, who: &str) -> Result<(), Error> {
    let config = context.load()?;
    let shown = protocol::printable(local, 64);
    let uid_min = accounts::uid_min();
    let Some(account) = accounts::look_up(local, None, uid_min)? else {
        return Err(Error::new(format!("there is no local account '{shown}'"))
            .hint(format!("create it: plex-auth user add {shown} --plex {}", protocol::printable(who, 64))));
    };
    if account.uid == 0 || account.uid < uid_min {
        return Err(Error::new(format!("'{shown}' is root or a system account, which cannot sign in with Plex")));
    }
    let local = account.name.as_str();
    let friends = Friends::read_all(&config)?;
    let person = friends.find(who)?;
    let powerful = look_up(local)? == AccountKind::Powerful;
    let turn = expiry_locks::lock_accounts()?;
    let is_owners = membership::is_owners(&config, Some(friends.owner()), &PlexRef::Id(person.id));
    let entry = UserEntry { local: local.to_owned(), plex: person.id, name: name(person) };
    // The entry first: as a member of the group without one, the account would map to the Plex account of its name.
    let change = users::link(&context.config, &[entry])?;
    if let Some(Err(failure)) =
        config.group.as_deref().filter(|_| !is_owners).map(|group| membership::join(local, group))
    {
        change.map_or(Ok(()), users::Change::undo)?;
        return Err(failure.nothing_changed());
    }
    people::note_account(&turn, person.id, local)?;
    if change.is_none() {
        say(format!("{} {local} already belongs to {}", Status::Ok.shown(), name_and_id(person)));
    } else {
        say(format!("{} {local} now belongs to {}", Status::Ok.shown(), name_and_id(person)));
    }
    if let Err(why) = friends.is_permitted(person.id) {
        warn(format!("{} cannot sign in yet: {why}", name(person)));
    }
    if powerful {
        warn(format!("{local} can become root, and so can anyone who knows the Plex password of {}", name(person)));
    }
    if is_owners {
        membership::warn_if_owner_is_member(&config, local)?;
    }
    membership::warn_without_group(&config, is_owners, local);
    if change.is_some() {
        service_manager::restart();
    }
    // With the new entry.
    membership::warn_about_powers(&context.load()?, Some(friends.owner()));
    Ok(())
}

pub(crate) fn unlink(context: &Context, local: &str) -> Result<(), Error> {
    let config = context.load()?;
    let shown = protocol::printable(local, 64);
    let _turn = expiry_locks::lock_accounts()?;
    // An entry may have any name, and the account's canonical one otherwise.
    let canonical = canonical_name(local);
    let local = if config.users.contains_key(local) { local } else { &canonical };
    if !config.users.contains_key(local) {
        let failure = Error::new(format!("'{shown}' is not in [users]"));
        let account = match accounts::look_up(local, config.group.as_deref(), accounts::uid_min()) {
            // Without a group there are no members, and nothing to undo.
            Err(accounts::Error::NoGroup(_)) => None,
            account => account?,
        };
        return Err(match &config.group {
            Some(group) if account.is_some_and(|account| account.in_group) => {
                failure.hint(format!("it is in the group {group}; to end that: gpasswd --delete {shown} {group}"))
            }
            _ => failure,
        });
    }
    // First: as a member of the group without an entry, the account would map to the Plex account of its name.
    let group = config.group.as_deref();
    let left = group.map_or(Ok(false), |group| membership::leave(local, group));
    let left = left.map_err(Error::nothing_changed)?;
    if let Err(failure) = users::unlink(&context.config, local) {
        group.filter(|_| left).map_or(Ok(()), |group| membership::join(local, group))?;
        return Err(failure);
    }
    say(format!("{} {local} is no longer linked to a Plex account", Status::Ok.shown()));
    service_manager::restart();
    Ok(())
}
