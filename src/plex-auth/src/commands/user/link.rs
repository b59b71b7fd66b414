//! `plex-auth user link` and `unlink`: whose a local account is that there is already.

use policy::PlexRef;
use system::accounts;

use super::{expiry_locks, membership};
use crate::commands::setup::accounts::{Local, look_up};
use crate::commands::setup::service;
use crate::config_file::edit::{self, Entry};
use crate::context::Context;
use crate::error::Error;
use crate::people::{People, name, name_and_id};
use crate::ui::terminal::{Status, say, warn};

pub(crate) fn link(context: &Context, local: &str, who: &str) -> Result<(), Error> {
    let config = context.load()?;
    let shown = protocol::printable(local, 64);
    let uid_min = accounts::uid_min();
    let Some(account) = accounts::look_up(local, None, uid_min)? else {
        return Err(Error::new(format!("there is no local account '{shown}'"))
            .mend(format!("create it: plex-auth user add {shown} --plex {}", protocol::printable(who, 64))));
    };
    if account.uid == 0 || account.uid < uid_min {
        return Err(Error::new(format!("'{shown}' is root's or the system's, which never sign in with Plex")));
    }
    let people = People::read_everybody(&config)?;
    let person = people.find(who)?;
    let powerful = look_up(local)? == Local::Powerful;
    let _turn = expiry_locks::take_turn()?;
    let is_owners = membership::is_owners(&config, Some(people.owner()), &PlexRef::Id(person.id));
    let entry = Entry { local: local.to_owned(), plex: person.id, name: name(person) };
    // The line first: in the group without it, the account would belong to the Plex account of its name.
    let change = edit::link(&context.config, &[entry])?;
    if let Some(Err(failure)) =
        config.group.as_deref().filter(|_| !is_owners).map(|group| membership::join(local, group))
    {
        change.map_or(Ok(()), edit::Change::undo)?;
        return Err(failure.so("nothing was changed"));
    }
    if change.is_none() {
        say(format!("{} {local} is {} already", Status::Ok.shown(), name_and_id(person)));
    } else {
        say(format!("{} {local} is {}", Status::Ok.shown(), name_and_id(person)));
    }
    if let Err(why) = people.may(person.id) {
        warn(format!("{} cannot sign in yet: {why}", name(person)));
    }
    if powerful {
        warn(format!("{local} can become root, and so can whoever knows the Plex password of {}", name(person)));
    }
    if is_owners {
        membership::warn_if_owner_is_member(&config, local)?;
    }
    membership::warn_without_group(&config, is_owners, local);
    if change.is_some() {
        service::restart();
    }
    // As it is now, with this account.
    membership::warn_about_powers(&context.load()?, Some(people.owner()));
    Ok(())
}

pub(crate) fn unlink(context: &Context, local: &str) -> Result<(), Error> {
    let config = context.load()?;
    let shown = protocol::printable(local, 64);
    let _turn = expiry_locks::take_turn()?;
    if !config.users.contains_key(local) {
        let failure = Error::new(format!("'{shown}' is not in [users]"));
        let account = match accounts::look_up(local, config.group.as_deref(), accounts::uid_min()) {
            // Without a group there are no members, and nothing to undo.
            Err(accounts::Error::NoGroup(_)) => None,
            account => account?,
        };
        return Err(match &config.group {
            Some(group) if account.is_some_and(|account| account.in_group) => {
                failure.mend(format!("it is in the group {group}; to end that: gpasswd --delete {shown} {group}"))
            }
            _ => failure,
        });
    }
    // First: an account that stays in the group without its line would belong to the Plex account of its name.
    let group = config.group.as_deref();
    let left = group.map_or(Ok(false), |group| membership::leave(local, group));
    let left = left.map_err(|failure| failure.so("nothing was changed"))?;
    if let Err(failure) = edit::unlink(&context.config, local) {
        group.filter(|_| left).map_or(Ok(()), |group| membership::join(local, group))?;
        return Err(failure);
    }
    say(format!("{} {local} is linked to no Plex account any more", Status::Ok.shown()));
    service::restart();
    Ok(())
}
