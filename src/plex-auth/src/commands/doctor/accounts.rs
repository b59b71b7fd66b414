//! Checks of the managed accounts: the group, `[users]` and each account.

use std::collections::{BTreeMap, BTreeSet};

use config::Config;
use nix::unistd::{Group, User};
use policy::{PlexRef, PlexUser};
use system::accounts;

use super::names::{each, number, quoted};
use super::shadow;
use super::shell::argument;
use crate::accounts::powers::{self, KEEP, STOPPED};
use crate::accounts::{membership, names};
use crate::ui::check::Checks;

const CHECK: &str = "accounts";

/// The first account.
const ADD: &str = "add a friend's account: plex-auth user add NAME --plex WHO; `plex-auth friends` lists them";

/// Checks all managed accounts and returns them. `owner` is the owner, if plex.tv told.
pub(super) fn check(config: &Config, owner: Option<&PlexUser>, checks: &mut Checks) -> Vec<User> {
    for warning in config.warnings() {
        checks.error(CHECK, warning.what, warning.fix);
    }
    let group = config.group.as_deref().and_then(|name| group(name, checks));
    if config.group.is_none() && config.users.is_empty() {
        let hint = ADD;
        checks.error(CHECK, "neither group nor [users] is set: nobody can sign in with Plex", hint);
    }
    let mut names: BTreeSet<String> = config.users.keys().cloned().collect();
    match group.as_ref().map(accounts::listed_members) {
        Some(Ok(members)) => names.extend(members.names),
        Some(Err(why)) => checks.error(CHECK, why.to_string(), "make it readable; nobody can log in without it"),
        None => {}
    }
    if names.is_empty() && (config.group.is_none() || group.is_some()) {
        checks.warning(CHECK, "nobody can sign in with Plex: the group has no members", ADD);
    }
    let uid_min = accounts::uid_min();
    let (mut mapped, mut lacking, mut system) = (Vec::new(), Vec::new(), Vec::new());
    let (mut misspelt, mut unknown) = (Vec::new(), BTreeMap::<String, Vec<&str>>::new());
    for name in &names {
        let reference = config.users.get(name).cloned().unwrap_or_else(|| PlexRef::Member(name.clone()));
        match accounts::user(name) {
            Ok(Some(user)) if user.name != *name => misspelt.push((name.as_str(), user.name)),
            Ok(Some(user)) if user.uid.as_raw() < uid_min => system.push((name.as_str(), user.uid.as_raw())),
            Ok(Some(user)) => {
                let is_owners = membership::is_owners(config, owner, &reference);
                mapped.push((user, reference, is_owners));
            }
            Ok(None) => lacking.push((name.as_str(), reference)),
            Err(error) => unknown.entry(error.to_string()).or_default().push(name),
        }
    }
    say_misspelt(&misspelt, checks);
    for (why, names) in unknown {
        let word = names.first().map_or_else(String::new, |name| argument(name));
        let what = format!("{} cannot be looked up: {why}", quoted(&names));
        checks.error(CHECK, what, format!("getent passwd {word} has to answer: see /etc/nsswitch.conf"));
    }
    say_lacking(&lacking, checks);
    say_system(&system, uid_min, checks);
    if let Some(group) = &group {
        in_group(config, owner, group, &mapped, checks);
    }
    let mapped: Vec<_> = mapped.into_iter().map(|(user, _, is_owners)| (user, is_owners)).collect();
    let others: Vec<_> = mapped.iter().filter(|(_, is_owners)| !is_owners).map(|(user, _)| user).collect();
    say_powers(&others, checks);
    let users: Vec<_> = mapped.into_iter().map(|(user, _)| user).collect();
    shadow::check(&users, checks);
    users
}

/// Names that are not those of the account database.
fn say_misspelt(misspelt: &[(&str, String)], checks: &mut Checks) {
    if misspelt.is_empty() {
        return;
    }
    let texts: Vec<_> = misspelt.iter().map(|(name, canonical)| accounts::another_spelling(name, canonical)).collect();
    let names: Vec<_> = misspelt.iter().map(|(_, canonical)| argument(canonical)).collect();
    let word = number(&names.iter().map(String::as_str).collect::<Vec<_>>(), "the name", "the names");
    let fix = format!("use {word} {} in [users] and in the group", names.join(", "));
    checks.error(CHECK, texts.join("; "), fix);
}

/// Accounts of `[users]` or of the group that do not exist.
fn say_lacking(lacking: &[(&str, PlexRef)], checks: &mut Checks) {
    if lacking.is_empty() {
        return;
    }
    let names: Vec<_> = lacking.iter().map(|(name, _)| *name).collect();
    let what = format!("there is no local account {}", quoted(&names));
    let add = |(name, reference): &(&str, PlexRef)| {
        format!("plex-auth user add {} --plex {}", argument(name), argument(&reference.to_string()))
    };
    checks.error(CHECK, what, each(lacking, add));
}

/// Accounts that the system's user ids belong to.
fn say_system(system: &[(&str, u32)], uid_min: u32, checks: &mut Checks) {
    if system.is_empty() {
        return;
    }
    let shown: Vec<_> = system.iter().map(|(name, uid)| format!("'{name}' has uid {uid}")).collect();
    let what = format!(
        "{}, below UID_MIN ({uid_min}) of /etc/login.defs: no such account signs in with Plex",
        shown.join(", ")
    );
    let change =
        |(name, uid): &(&str, u32)| format!("usermod --uid {} {}", uid_min.saturating_add(*uid), argument(name));
    checks.error(CHECK, what, each(system, change));
}

/// Checks the accounts' membership in the group: all but the owner's.
fn in_group(
    config: &Config,
    owner: Option<&PlexUser>,
    group: &Group,
    mapped: &[(User, PlexRef, bool)],
    checks: &mut Checks,
) {
    let group_word = argument(&group.name);
    let (mut outside, mut owners) = (Vec::new(), Vec::new());
    let mut unknown: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (user, reference, is_owners) in mapped {
        match (is_owners, accounts::is_member(user, group)) {
            (false, Ok(true)) | (true, Ok(false)) => {}
            (false, Ok(false)) => outside.push(user.name.as_str()),
            (true, Ok(true)) => owners.push((user.name.as_str(), reference)),
            (_, Err(accounts::Error::GroupsOf(_, why))) => {
                unknown.entry(why.desc().to_owned()).or_default().push(&user.name);
            }
            (_, Err(why)) => unknown.entry(why.to_string()).or_default().push(&user.name),
        }
    }
    for (why, names) in unknown {
        let what = format!("the groups of {} cannot be read: {why}", quoted(&names));
        let word = names.first().map_or_else(String::new, |name| argument(name));
        checks.error(CHECK, what, format!("id {word} has to answer: see /etc/nsswitch.conf"));
    }
    say_owners(config, owner, &group.name, &owners, checks);
    if !outside.is_empty() {
        let what = format!(
            "{} {} listed in [users] but not in the group '{}': while plex-authd is stopped, the shipped PAM stacks take {} for \
             an ordinary local account",
            quoted(&outside),
            number(&outside, "is", "are"),
            group.name,
            number(&outside, "it", "each"),
        );
        let join = |name: &&str| format!("gpasswd --add {} {group_word}", argument(name));
        checks.error(CHECK, what, each(&outside, join));
    }
}

/// The owner's own accounts in the group.
fn say_owners(
    config: &Config,
    owner: Option<&PlexUser>,
    group: &str,
    owners: &[(&str, &PlexRef)],
    checks: &mut Checks,
) {
    if owners.is_empty() {
        return;
    }
    let names: Vec<_> = owners.iter().map(|(name, _)| *name).collect();
    let (accounts, are) = (number(&names, "account", "accounts"), number(&names, "is", "are"));
    let what = format!(
        "{}, the owner's own {accounts}, {are} in the group '{group}': {STOPPED}, which locks you out",
        quoted(&names)
    );
    let id = owner.map(|owner| owner.id).or(config.owner_id).map(|id| id.to_string());
    let id = id.or_else(|| config.admin_account.clone());
    let leave = |(name, reference): &(&str, &PlexRef)| {
        let word = argument(name);
        let leave = format!("gpasswd --delete {word} {}", argument(group));
        // Outside the group it needs an entry in [users] to remain a Plex account.
        match (reference, &id) {
            (PlexRef::Member(_), Some(id)) => format!("plex-auth user link {word} {} && {leave}", argument(id)),
            _ => leave,
        }
    };
    checks.warning(CHECK, what, each(owners, leave));
}

/// Reports accounts that can become root, except the owner's.
fn say_powers(users: &[&User], checks: &mut Checks) {
    let powers = powers::among(users.iter().copied());
    if !powers.able.is_empty() {
        checks.info(CHECK, format!("can become root: {}; {STOPPED}", powers.listed()), KEEP);
    }
    if let Some(why) = powers.unknown {
        let hint = "see, for each of them: sudo -l -U NAME";
        checks.warning(CHECK, format!("which of them can become root is not fully known: {why}"), hint);
    }
}

fn group(name: &str, checks: &mut Checks) -> Option<Group> {
    match accounts::group(name) {
        Ok(Some(group)) => {
            if accounts::is_too_long_for_pam(&group) {
                let what = format!(
                    "the group '{name}' is longer than PAM reads (256 KiB): while plex-authd is stopped, the shipped PAM \
                     stacks take its members for ordinary local accounts"
                );
                checks.error(CHECK, what, "remove members that do not exist, or use a smaller group");
            }
            Some(group)
        }
        Ok(None) => {
            let what = format!("there is no local group '{name}'");
            let fix = match names::check_group(name) {
                Ok(()) => format!("run: groupadd --system {}", argument(name)),
                Err(why) => why.into_parts().1.unwrap_or_default(),
            };
            checks.error(CHECK, what, fix);
            None
        }
        Err(why) => {
            checks.error(
                CHECK,
                why.to_string(),
                format!("getent group {} has to answer: see /etc/nsswitch.conf", argument(name)),
            );
            None
        }
    }
}
