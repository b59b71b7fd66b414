//! Members of the group that belong to no Plex account: none had their name when they joined, or the group does not list them (R74);
//! and without an owner's token, accounts whose first login decides.

use std::collections::{BTreeMap, BTreeSet};

use config::{Config, Source};
use nix::unistd::User;
use policy::{PlexRef, PlexUser};
use protocol::KnownAccount;
use system::accounts;

use super::names::{number, quoted};
use super::shell::argument;
use crate::accounts::membership;
use crate::accounts::powers::{self, Powers};
use crate::client::daemon;
use crate::client::known_binding::KnownBinding;
use crate::context::Context;
use crate::ui::check::Checks;

const CHECK: &str = "accounts";

/// The most accounts that are named.
const MAX_NAMES: usize = 20;

/// The most accounts that are looked up, apart from those that the group lists.
const MAX_LOOK_UPS: usize = 100;

/// Why nobody can sign in to an account, and what that could cost: those that can become root come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cause {
    is_powerless: bool,
    /// The group does not list it.
    is_unlisted: bool,
}

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
    let group = config.group.as_deref().unwrap_or_default();
    let mut found: BTreeMap<Cause, Vec<&str>> = BTreeMap::new();
    for user in &unbound {
        let cause = Cause {
            is_powerless: !powers.able.iter().any(|(name, _)| *name == user.name),
            is_unlisted: unlisted.iter().any(|other| other.name == user.name),
        };
        found.entry(cause).or_default().push(&user.name);
    }
    for (cause, names) in &found {
        report(*cause, names, &powers, group, checks);
    }
    unbound.iter().map(|user| user.name.clone()).collect()
}

/// Reports the accounts of one cause.
fn report(cause: Cause, names: &[&str], powers: &Powers, group: &str, checks: &mut Checks) {
    let of = |one: &'static str, several: &'static str| number(names, one, several);
    let (shown, it) = (quoted(names), of("it", "them"));
    let why = if cause.is_unlisted {
        format!("the group '{group}' does not list {it}, so that nobody knows who had the name then")
    } else {
        format!(
            "no Plex account had the name when {} joined the group '{group}', or it had an entry in [users] then, and none that \
             has the name later gets it",
            of("it", "each of them")
        )
    };
    let what = format!("{shown} {} to no Plex account, and nobody can sign in to {it}: {why}", of("belongs", "belong"));
    let word = if let [name] = names { argument(name) } else { "NAME".to_owned() };
    let give = format!("give {} to a person of `plex-auth friends`: plex-auth user link {word} WHO", of("it", "each"));
    let leave = if cause.is_unlisted {
        "in the directory or database that it is from".to_owned()
    } else {
        let commands = names.iter().map(|name| format!("gpasswd --delete {} {}", argument(name), argument(group)));
        format!("with: {}", commands.collect::<Vec<_>>().join(" && "))
    };
    let hint = format!("{give}; or remove {it} from the group, {leave}");
    if cause.is_powerless {
        checks.warning(CHECK, what, hint);
    } else {
        checks.error(CHECK, format!("can become root: {}; {what}", powers.listed_of(names)), hint);
    }
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
    let names = open.iter().take(MAX_NAMES).copied().collect::<Vec<_>>().join(", ");
    let more = open.len().saturating_sub(MAX_NAMES);
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
