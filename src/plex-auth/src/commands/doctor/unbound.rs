//! Members of the group that belong to no Plex account: none had their name when they joined, or the group does not list them (R74);
//! and without an owner's token, accounts whose first login decides.

use std::collections::BTreeSet;

use config::{Config, Source};
use nix::unistd::User;
use policy::{PlexRef, PlexUser};
use protocol::KnownAccount;
use system::accounts;

use super::shell::argument;
use crate::accounts::membership;
use crate::accounts::powers;
use crate::client::daemon;
use crate::client::known_binding::KnownBinding;
use crate::context::Context;
use crate::ui::check::Checks;

const CHECK: &str = "accounts";

/// The most accounts that get a check of their own.
const MAX_CHECKS: usize = 20;

/// The most accounts that are looked up, apart from those that the group lists.
const MAX_LOOK_UPS: usize = 100;

/// Reports the unbound ones of these managed accounts, and of the members that the group does not list, those that can become
/// root first. Without plex-authd, which is another check's finding, nothing is known about them. Without a token, each account is
/// bound at its first login, and those that have had none are reported. Returns the names of the unbound ones.
pub(super) fn check(
    context: &Context,
    config: &Config,
    owner: Option<&PlexUser>,
    users: &[User],
    checks: &mut Checks,
) -> BTreeSet<String> {
    let Ok(known) = daemon::known_accounts(&context.socket) else { return BTreeSet::new() };
    if !matches!(config.source, Source::Token(_)) {
        first_login_decides(config, owner, users, &known, checks);
        return BTreeSet::new();
    }
    let is_unbound = |user: &&User| {
        let known = known.iter().find(|known| known.user == user.name);
        let member = PlexRef::Member(user.name.clone());
        !config.users.contains_key(&user.name)
            && known.is_some_and(|known| KnownBinding::of(known) == KnownBinding::Unbound)
            && !membership::is_owners(config, owner, &member)
    };
    let unlisted = unlisted(config, users, &known);
    let unbound: Vec<_> = users.iter().chain(&unlisted).filter(is_unbound).collect();
    let powers = powers::among(unbound.iter().copied());
    let power_of = |user: &User| powers.able.iter().find(|(name, _)| *name == user.name).map(|(_, why)| why.as_str());
    let (powerful, others): (Vec<&User>, Vec<&User>) =
        unbound.iter().copied().partition(|user| power_of(user).is_some());
    let group = config.group.as_deref().unwrap_or_default();
    for user in powerful.iter().chain(&others).take(MAX_CHECKS) {
        let (name, word) = (&user.name, argument(&user.name));
        let is_unlisted = unlisted.iter().any(|other| other.name == *name);
        let why = if is_unlisted {
            format!("the group '{group}' does not list it, so that nobody knows who had its name when it joined")
        } else {
            format!(
                "no Plex account had this name when it joined the group '{group}', or it had an entry in [users] then, and none \
                 that has the name later gets it"
            )
        };
        let what = format!("'{name}' belongs to no Plex account, and nobody can sign in to it: {why}");
        let link = format!("give it to a person of `plex-auth friends`: plex-auth user link {word} WHO");
        let hint = if is_unlisted {
            format!("{link}; or remove it from the group, in the directory or database that it is from")
        } else {
            format!("{link}; or remove it from the group: gpasswd --delete {word} {}", argument(group))
        };
        match power_of(user) {
            Some(power) => checks.error(CHECK, format!("can become root ({power}): {what}"), hint),
            None => checks.warning(CHECK, what, hint),
        }
    }
    if unbound.len() > MAX_CHECKS {
        let what = format!("{} more accounts belong to no Plex account", unbound.len() - MAX_CHECKS);
        checks.warning(CHECK, what, "see: plex-auth friends");
    }
    unbound.iter().map(|user| user.name.clone()).collect()
}

/// Warns about accounts that map to a name and that nobody has signed in to, where there is no friend list: names change hands,
/// and the first person with access who has the name gets the account.
fn first_login_decides(
    config: &Config,
    owner: Option<&PlexUser>,
    users: &[User],
    known: &[KnownAccount],
    checks: &mut Checks,
) {
    let is_open = |user: &&User| {
        let reference = config.users.get(&user.name).cloned().unwrap_or_else(|| PlexRef::Member(user.name.clone()));
        let binding = known.iter().find(|known| known.user == user.name).map(KnownBinding::of);
        let is_bound = matches!(binding, Some(KnownBinding::Bound(bound)) if bound.reference == reference.to_string());
        !matches!(reference, PlexRef::Id(_)) && !is_bound && !membership::is_owners(config, owner, &reference)
    };
    let open: Vec<_> = users.iter().filter(is_open).map(|user| user.name.as_str()).collect();
    if open.is_empty() {
        return;
    }
    let names = open.iter().take(MAX_CHECKS).copied().collect::<Vec<_>>().join(", ");
    let more = open.len().saturating_sub(MAX_CHECKS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = format!(
        "without the owner's token, the first login decides by the name at Plex whom an account belongs to, and anyone with access \
         to the server can take a name there; nobody has signed in yet to: {names}{more}"
    );
    let hint =
        "have each of them sign in once, and check who it was: plex-auth logins; or set a token: plex-auth setup";
    checks.warning(CHECK, what, hint);
}

/// Unbound members that are not among these accounts, which the group lists.
fn unlisted(config: &Config, users: &[User], known: &[KnownAccount]) -> Vec<User> {
    let is_other = |name: &str| users.iter().all(|user| user.name != name);
    let unbound =
        known.iter().filter(|known| KnownBinding::of(known) == KnownBinding::Unbound && is_other(&known.user));
    let member = |known: &KnownAccount| {
        let account = accounts::look_up(&known.user, config.group.as_deref(), accounts::uid_min()).ok()??;
        if account.in_group { accounts::user(&account.name).ok()? } else { None }
    };
    unbound.take(MAX_LOOK_UPS).filter_map(member).collect()
}
