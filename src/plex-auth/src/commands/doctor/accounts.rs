//! Checks of the managed accounts: the group, `[users]` and each account.

use std::collections::BTreeSet;

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
    for name in &names {
        let reference = config.users.get(name).cloned().unwrap_or_else(|| PlexRef::Member(name.clone()));
        match account(name, uid_min, checks) {
            Some(Found::Account(user)) => {
                let is_owners = membership::is_owners(config, owner, &reference);
                mapped.push((user, reference, is_owners));
            }
            Some(Found::Nobody) => lacking.push((name.as_str(), reference)),
            Some(Found::System(uid)) => system.push((name.as_str(), uid)),
            None => {}
        }
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
    let mut outside = Vec::new();
    for (user, reference, is_owners) in mapped {
        let (name, word) = (&user.name, argument(&user.name));
        let is_member = match accounts::is_member(user, group) {
            Ok(is_member) => is_member,
            Err(why) => {
                checks.error(CHECK, why.to_string(), format!("id {word} has to answer: see /etc/nsswitch.conf"));
                continue;
            }
        };
        match (is_owners, is_member) {
            (false, true) | (true, false) => {}
            (false, false) => outside.push(name.as_str()),
            (true, true) => {
                let what = format!(
                    "'{name}', the owner's own account, is in the group '{}': {STOPPED}, which locks you out",
                    group.name
                );
                let leave = format!("gpasswd --delete {word} {group_word}");
                let id = owner.map(|owner| owner.id).or(config.owner_id).map(|id| id.to_string());
                // Outside the group it needs an entry in [users] to remain a Plex account.
                let hint = match (reference, id.or_else(|| config.admin_account.clone())) {
                    (PlexRef::Member(_), Some(id)) => {
                        format!("run: plex-auth user link {word} {} && {leave}", argument(&id))
                    }
                    _ => format!("run: {leave}"),
                };
                checks.warning(CHECK, what, hint);
            }
        }
    }
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

/// The account of a name.
enum Found {
    Account(User),
    Nobody,
    /// One of the system, with this user id.
    System(u32),
}

/// Looks an account up; `None` if a fault was reported.
fn account(name: &str, uid_min: u32, checks: &mut Checks) -> Option<Found> {
    match accounts::user(name) {
        Ok(Some(user)) if user.name != name => {
            let canonical = argument(&user.name);
            checks.error(
                CHECK,
                accounts::another_spelling(name, &user.name),
                format!("use the name {canonical} in [users] and in the group"),
            );
            None
        }
        Ok(Some(user)) if user.uid.as_raw() < uid_min => Some(Found::System(user.uid.as_raw())),
        Ok(Some(user)) => Some(Found::Account(user)),
        Ok(None) => Some(Found::Nobody),
        Err(error) => {
            let what = format!("'{name}' cannot be looked up: {error}");
            checks.error(
                CHECK,
                what,
                format!("getent passwd {} has to answer: see /etc/nsswitch.conf", argument(name)),
            );
            None
        }
    }
}
