//! `plex-auth user add`

use clap::Args;
use policy::PlexRef;

use super::earlier::Earlier;
use super::sync::forget_earlier;
use super::{expiry_locks, membership, names, shadow_utils};
use crate::commands::setup::service;
use crate::config_file::edit::{self, Entry};
use crate::context::Context;
use crate::error::Error;
use crate::people::{People, name, name_and_id};
use crate::ui::terminal::{Status, say, warn};

/// How it is done.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The name of the new account
    name: String,
    /// The friend: a Plex username, e-mail address or id
    #[arg(long, value_name = "WHO", allow_hyphen_values = true)]
    plex: String,
    /// Whether nobody is asked about what an earlier account has left.
    #[arg(skip)]
    unasked: bool,
}

impl Options {
    /// What is asked for when somebody chose it elsewhere.
    pub(crate) fn new(name: &str, plex: policy::PlexId) -> Self {
        Self { name: name.to_owned(), plex: plex.to_string(), unasked: true }
    }
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<(), Error> {
    let local = options.name.as_str();
    names::check(local)?;
    let config = context.load()?;
    if names::is_taken(local)? {
        return Err(Error::new(format!("there is a user or a group '{local}' already; nothing was changed")).mend(
            format!(
                "if the account is theirs: plex-auth user link {local} {}; if not, take another name",
                protocol::printable(&options.plex, 64)
            ),
        ));
    }
    let people = People::read_everybody(&config)?;
    let person = people.find(&options.plex)?;
    let said = config.users.get(local).filter(|reference| people.id_of(reference) != Some(person.id));
    if said.is_some() {
        return Err(Error::new(format!("'{local}' is somebody else's in [users]; nothing was changed"))
            .mend(format!("take another name, or first: plex-auth user unlink {local}")));
    }
    let turn = expiry_locks::take_turn()?;
    let home = Earlier::of(local)?.settle(local, &person.id.to_string(), !options.unasked)?;
    let is_owners = membership::is_owners(&config, Some(people.owner()), &PlexRef::Id(person.id));
    let group = config.group.as_deref().filter(|_| !is_owners);
    group.map(membership::ensure).transpose().map_err(|failure| failure.so("nothing was changed"))?;
    let entry = Entry { local: local.to_owned(), plex: person.id, name: name(person) };
    let change = edit::link(&context.config, &[entry])?;
    if let Err(failure) = shadow_utils::add(&turn, local, &home, group, person.id) {
        let failure = Error::new(format!("the account {local} cannot be created: {failure}"));
        change.map_or(Ok(()), edit::Change::undo)?;
        return Err(failure.so("nothing was changed"));
    }
    forget_earlier(&context.socket, local);
    say(format!("{} {local} is {}, with the Plex password alone", Status::Ok.shown(), name_and_id(person)));
    if let Err(why) = people.may(person.id) {
        warn(format!("{} cannot sign in yet: {why}", name(person)));
    }
    membership::warn_without_group(&config, is_owners, local);
    if change.is_some() {
        service::restart();
    }
    Ok(())
}
