//! Membership in the configured group. While plex-authd is stopped, the shipped PAM stacks refuse its members, so that every
//! managed account except the owner's is one.

use config::{Config, FILES_GROUP};
use nix::unistd::{Group, User};
use policy::{BootTime, FriendList, PlexRef, PlexUser};
use system::accounts::{self, uid_min};

use super::account_kind::is_of_a_user;
use super::powers::{self, KEEP, POWERFUL, STOPPED};
use super::{names, shadow_utils};
use crate::error::Error;
use crate::ui::terminal::{Status, say, warn};

/// Tests whether an account is the owner's own. Without the owner's Plex account, the configuration alone decides.
pub(crate) fn is_owners(config: &Config, owner: Option<&PlexUser>, reference: &PlexRef) -> bool {
    let list = owner.map(|owner| FriendList {
        owner: owner.clone(),
        entries: Vec::new(),
        second_source: None,
        fetched_at: BootTime::from_millis(0),
    });
    config.rules().is_owners(list.as_ref(), reference, None)
}

/// Looks the configured group up, and creates it if it does not exist.
///
/// # Errors
/// The account database cannot be read, the group cannot be created, or its members could become root.
pub(crate) fn ensure(name: &str) -> Result<Group, Error> {
    if POWERFUL.contains(&name) {
        return Err(Error::new(format!("members of the group {name} can become root, so no friend is added to it"))
            .hint(format!("set another group: plex-auth setup --group {}", config::USUAL_GROUP)));
    }
    if let Some(group) = accounts::group(name)? {
        return Ok(group);
    }
    names::check_group(name)?;
    shadow_utils::create_group(name)
        .map_err(|failure| Error::new(format!("the group {name} cannot be created: {failure}")))?;
    say(format!("{} Created the group {name}", Status::Ok.shown()));
    accounts::group(name)?.ok_or_else(|| Error::new(format!("the group {name} was created and is not there")))
}

/// Creates the group of accounts for files if it does not exist.
///
/// # Errors
/// The account database cannot be read, the group cannot be created, or it is a user's own.
pub(crate) fn ensure_files_group() -> Result<(), Error> {
    let group = ensure(FILES_GROUP)?;
    if is_of_a_user(&group)? {
        return Err(Error::new(format!("the group {FILES_GROUP} is a user's own")).hint(format!(
            "give that user another name: usermod --login NAME {FILES_GROUP} && groupmod --new-name NAME {FILES_GROUP}"
        )));
    }
    Ok(())
}

/// Adds an account to the configured group unless it is a member.
///
/// # Errors
/// The account database cannot be read or changed.
pub(crate) fn join(local: &str, name: &str) -> Result<(), Error> {
    let group = ensure(name)?;
    let user = user(local)?;
    if accounts::is_member(&user, &group)? {
        return Ok(());
    }
    shadow_utils::join(local, name)
        .map_err(|failure| Error::new(format!("{local} cannot be added to the group {name}: {failure}")))?;
    say(format!("{} Added {local} to the group {name}", Status::Ok.shown()));
    Ok(())
}

/// Removes an account from the configured group; true if it was a member.
///
/// # Errors
/// The account database cannot be read or changed, or the group is the account's primary group.
pub(crate) fn leave(local: &str, name: &str) -> Result<bool, Error> {
    let Some(group) = accounts::group(name)? else { return Ok(false) };
    let Some(user) = accounts::user(local).map_err(|error| unreadable(local, &error))? else { return Ok(false) };
    if !accounts::is_member(&user, &group)? {
        return Ok(false);
    }
    if user.gid == group.gid {
        return Err(Error::new(format!("{name} is the primary group of {local}"))
            .hint(format!("give it another one first: usermod --gid users {local}")));
    }
    shadow_utils::leave(local, name)
        .map_err(|failure| Error::new(format!("{local} cannot be removed from the group {name}: {failure}")))?;
    say(format!("{} Removed {local} from the group {name}", Status::Ok.shown()));
    Ok(true)
}

/// Adds every existing account of `[users]`, except the owner's, to the configured group. A failure is printed, and does not
/// affect the other accounts.
pub(crate) fn join_all(config: &Config, owner: Option<&PlexUser>) {
    let Some(group) = &config.group else { return };
    for (local, reference) in &config.users {
        let done = match kind(local) {
            Ok(Kind::PlexUser) if is_owners(config, owner, reference) => warn_if_owner_is_member(config, local),
            Ok(Kind::PlexUser) => join(local, group),
            Ok(Kind::Other) => Ok(()),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = done {
            warn(failure.with_outcome(&format!(
                "while plex-authd is stopped, PAM treats {local} as an ordinary local account"
            )));
        }
    }
}

/// The accounts that [`join_all`] would add.
///
/// # Errors
/// The account database cannot be read.
pub(crate) fn missing(config: &Config, owner: Option<&PlexUser>) -> Result<Vec<String>, Error> {
    let Some(group) = &config.group else { return Ok(Vec::new()) };
    let group = accounts::group(group)?;
    let mut missing = Vec::new();
    for (local, reference) in &config.users {
        let is_member = |group: &Group| accounts::is_member(&user(local)?, group).map_err(Error::from);
        if kind(local)? == Kind::PlexUser
            && !is_owners(config, owner, reference)
            && !group.as_ref().map_or(Ok(false), is_member)?
        {
            missing.push(local.clone());
        }
    }
    Ok(missing)
}

/// Warns if the owner's own account is in the group.
///
/// # Errors
/// The account database cannot be read.
pub(crate) fn warn_if_owner_is_member(config: &Config, local: &str) -> Result<(), Error> {
    let Some(name) = &config.group else { return Ok(()) };
    let Some(group) = accounts::group(name)? else { return Ok(()) };
    if accounts::is_member(&user(local)?, &group)? {
        warn(format!(
            "{local}, the owner's own account, is in the group {name}: {STOPPED}\n  to end that: gpasswd --delete {local} {name}"
        ));
    }
    Ok(())
}

/// Warns if no group is configured for an account of `[users]`.
pub(crate) fn warn_without_group(config: &Config, is_owners: bool, local: &str) {
    if config.group.is_none() && !is_owners {
        warn(format!(
            "no group is configured: while plex-authd is stopped, PAM treats {local} as an ordinary local account\n  \
             run: plex-auth setup --yes --pam=no --group {}",
            config::USUAL_GROUP
        ));
    }
}

/// Warns about managed accounts, except the owner's, that can become root: a stopped daemon locks them out.
pub(crate) fn warn_about_powers(config: &Config, owner: Option<&PlexUser>) {
    let managed = match super::local_accounts::managed(config) {
        Ok(managed) => managed,
        Err(failure) => {
            warn(failure.with_outcome("which accounts can become root is not known"));
            return;
        }
    };
    let others = managed.iter().filter(|local| !is_owners(config, owner, &local.mapped_to));
    let users = match others.map(|local| user(&local.name)).collect::<Result<Vec<_>, _>>() {
        Ok(users) => users,
        Err(failure) => {
            warn(failure.with_outcome("which accounts can become root is not known"));
            return;
        }
    };
    let powers = powers::among(&users);
    if !powers.able.is_empty() {
        warn(format!("can become root: {}; {STOPPED}\n  {KEEP}", powers.listed()));
    }
    if let Some(why) = powers.unknown {
        warn(format!("which accounts can become root is not fully known: {why}"));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A person's account.
    PlexUser,
    /// None, or root's or the system's.
    Other,
}

fn kind(local: &str) -> Result<Kind, Error> {
    let uid_min = uid_min();
    let account = accounts::look_up(local, None, uid_min)?;
    let person = account.is_some_and(|account| account.uid != 0 && account.uid >= uid_min);
    Ok(if person { Kind::PlexUser } else { Kind::Other })
}

fn user(local: &str) -> Result<User, Error> {
    accounts::user(local)
        .map_err(|error| unreadable(local, &error))?
        .ok_or_else(|| Error::new(format!("there is no local account '{}'", protocol::printable(local, 64))))
}

fn unreadable(local: &str, error: &accounts::Error) -> Error {
    Error::new(format!("the account '{}' cannot be looked up: {}", protocol::printable(local, 64), error))
}
