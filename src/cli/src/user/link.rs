//! `plex-auth user link` and `unlink`: whose a local account is that there is already.

use facts::accounts;

use super::locks;
use crate::context::Context;
use crate::edit::{self, Entry};
use crate::failure::Failure;
use crate::people::{People, name, name_and_id};
use crate::setup::accounts::{Local, look_up};
use crate::setup::service;
use crate::terminal::{Mark, say, warn};

pub(crate) fn link(context: &Context, local: &str, who: &str) -> Result<(), Failure> {
    let config = context.load()?;
    let shown = wire::printable(local, 64);
    let uid_min = accounts::uid_min();
    let Some(account) = accounts::look_up(local, config.group.as_deref(), uid_min).map_err(Failure::new)? else {
        return Err(Failure::new(format!("there is no local account '{shown}'"))
            .mend(format!("create it: plex-auth user add {shown} --plex {}", wire::printable(who, 64))));
    };
    if account.uid == 0 || account.uid < uid_min {
        return Err(Failure::new(format!("'{shown}' is root's or the system's, which never sign in with Plex")));
    }
    let people = People::read_everybody(&config)?;
    let person = people.find(who)?;
    let _turn = locks::take_turn()?;
    let entry = Entry { local: local.to_owned(), plex: person.id, name: name(person) };
    if edit::link(&context.config, &[entry])?.is_none() {
        say(format!("{} {local} is {} already", Mark::Good.shown(), name_and_id(person)));
        return Ok(());
    }
    say(format!("{} {local} is {}", Mark::Good.shown(), name_and_id(person)));
    if let Err(why) = people.may(person.id) {
        warn(format!("{} cannot sign in yet: {why}", name(person)));
    }
    if look_up(local) == Local::Powerful {
        warn(format!("{local} can become root, and so can whoever knows the Plex password of {}", name(person)));
    }
    if let Some(group) = config.group.as_deref().filter(|_| !account.in_group) {
        warn(format!(
            "{local} is not in the group {group}, so while plex-authd is stopped PAM takes it for an ordinary account; \
             add it: gpasswd --add {local} {group}"
        ));
    }
    service::restart();
    Ok(())
}

pub(crate) fn unlink(context: &Context, local: &str) -> Result<(), Failure> {
    let config = context.load()?;
    let shown = wire::printable(local, 64);
    let account = accounts::look_up(local, config.group.as_deref(), accounts::uid_min()).map_err(Failure::new)?;
    let member = account.is_some_and(|account| account.in_group);
    let group = config.group.as_deref().unwrap_or_default();
    let leave = format!("gpasswd --delete {shown} {group}");
    let _turn = locks::take_turn()?;
    if edit::unlink(&context.config, local)?.is_none() {
        let failure = Failure::new(format!("'{shown}' is not in [users]"));
        return Err(if member {
            failure.mend(format!("it is in the group {group}; to end that: {leave}"))
        } else {
            failure
        });
    }
    say(format!("{} {local} is nobody's in [users] any more", Mark::Good.shown()));
    if member {
        warn(format!(
            "{local} is in the group {group}, so it is now the Plex account of the same name; to end that: {leave}"
        ));
    }
    service::restart();
    Ok(())
}
