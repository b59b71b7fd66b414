//! Checks of the managed accounts: the group, `[users]` and each account.

use std::collections::BTreeSet;

use config::Config;
use nix::unistd::{Group, User};
use policy::{PlexRef, PlexUser};
use system::accounts;

use super::shadow;
use super::shell::argument;
use crate::accounts::membership;
use crate::accounts::powers::{self, KEEP, STOPPED};
use crate::ui::check::Checks;

const CHECK: &str = "accounts";

/// Checks all managed accounts and returns them. `owner` is the owner, if plex.tv told.
pub(super) fn check(config: &Config, owner: Option<&PlexUser>, checks: &mut Checks) -> Vec<User> {
    let before = checks.count();
    for warning in config.warnings() {
        checks.error(CHECK, warning.what, warning.fix);
    }
    let group = config.group.as_deref().and_then(|name| group(name, checks));
    if config.group.is_none() && config.users.is_empty() {
        let hint = "run: plex-auth user add NAME";
        checks.error(CHECK, "neither group nor [users] is set: nobody can sign in with Plex", hint);
    }
    let mut names: BTreeSet<String> = config.users.keys().cloned().collect();
    match group.as_ref().map(accounts::listed_members) {
        Some(Ok(members)) => names.extend(members.names),
        Some(Err(why)) => checks.error(CHECK, why.to_string(), "make it readable; nobody can log in without it"),
        None => {}
    }
    if names.is_empty() && (config.group.is_none() || group.is_some()) {
        checks.warning(CHECK, "nobody can sign in with Plex: the group has no members", "run: plex-auth user add NAME");
    }
    let uid_min = accounts::uid_min();
    let mut mapped = Vec::new();
    for name in &names {
        let Some(user) = account(name, uid_min, checks) else { continue };
        let reference = config.users.get(name).cloned().unwrap_or_else(|| PlexRef::Member(name.clone()));
        let is_owners = membership::is_owners(config, owner, &reference);
        if let Some(group) = &group {
            let id = owner.map(|owner| owner.id).or(config.owner_id).map(|id| id.to_string());
            let owner = id.or_else(|| config.admin_account.clone()).filter(|_| is_owners);
            in_group(&user, &reference, group, owner.as_deref(), checks);
        }
        mapped.push((user, is_owners));
    }
    let others: Vec<_> = mapped.iter().filter(|(_, is_owners)| !is_owners).map(|(user, _)| user).collect();
    say_powers(&others, checks);
    let users: Vec<_> = mapped.into_iter().map(|(user, _)| user).collect();
    checks.ok_unless(before, CHECK, format!("{} can sign in with Plex", listed(&users)));
    shadow::check(&users, checks);
    users
}

/// Checks an account's membership in the group. `owner` is the owner's id or name, for the owner's own account.
fn in_group(user: &User, reference: &PlexRef, group: &Group, owner: Option<&str>, checks: &mut Checks) {
    let (name, word, group_word) = (&user.name, argument(&user.name), argument(&group.name));
    let is_member = match accounts::is_member(user, group) {
        Ok(is_member) => is_member,
        Err(why) => {
            checks.error(CHECK, why.to_string(), format!("run: id {word}; then fix /etc/nsswitch.conf"));
            return;
        }
    };
    match (owner, is_member) {
        (None, true) | (Some(_), false) => {}
        (None, false) => {
            let what = format!(
                "'{name}' is listed in [users] but not in the group '{}': while plex-authd is stopped, the shipped PAM stacks \
                 take it for an ordinary local account",
                group.name
            );
            checks.error(CHECK, what, format!("run: gpasswd --add {word} {group_word}"));
        }
        (Some(owner), true) => {
            let what = format!(
                "'{name}', the owner's own account, is in the group '{}': {STOPPED}, which locks you out",
                group.name
            );
            let leave = format!("gpasswd --delete {word} {group_word}");
            // Outside the group it needs an entry in [users] to remain a Plex account.
            let hint = match reference {
                PlexRef::Member(_) => format!("run: plex-auth user link {word} {} && {leave}", argument(owner)),
                _ => format!("run: {leave}"),
            };
            checks.warning(CHECK, what, hint);
        }
    }
}

/// Reports accounts that can become root, except the owner's.
fn say_powers(users: &[&User], checks: &mut Checks) {
    let powers = powers::among(users.iter().copied());
    if !powers.able.is_empty() {
        checks.info(CHECK, format!("can become root: {}; {STOPPED}", powers.listed()), KEEP);
    }
    if let Some(why) = powers.unknown {
        let hint = "run: sudo -l -U NAME, for each of them";
        checks.warning(CHECK, format!("which of them can become root is not fully known: {why}"), hint);
    }
}

/// The names, or their number if there are many.
fn listed(users: &[User]) -> String {
    let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
    if names.len() <= 8 { names.join(", ") } else { format!("{} accounts", names.len()) }
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
            checks.error(CHECK, what, format!("run: groupadd --system {}", argument(name)));
            None
        }
        Err(why) => {
            checks.error(
                CHECK,
                why.to_string(),
                format!("run: getent group {}; then fix /etc/nsswitch.conf", argument(name)),
            );
            None
        }
    }
}

fn account(name: &str, uid_min: u32, checks: &mut Checks) -> Option<User> {
    let user = match accounts::user(name) {
        Ok(Some(user)) if user.name != name => {
            let canonical = argument(&user.name);
            checks.error(
                CHECK,
                accounts::another_spelling(name, &user.name),
                format!("use the name {canonical} in [users] and in the group"),
            );
            return None;
        }
        Ok(Some(user)) => user,
        Err(error) => {
            let what = format!("'{name}' cannot be looked up: {error}");
            checks.error(CHECK, what, format!("run: getent passwd {name}; then fix /etc/nsswitch.conf"));
            return None;
        }
        Ok(None) => {
            let what = format!("there is no local account '{name}'");
            checks.error(CHECK, what, format!("run: plex-auth user add {}", argument(name)));
            return None;
        }
    };
    let uid = user.uid.as_raw();
    if uid < uid_min {
        let what = format!(
            "'{name}' has uid {uid}, below UID_MIN ({uid_min}) of /etc/login.defs: it never signs in with Plex"
        );
        checks.error(CHECK, what, format!("run: usermod --uid {} {}", uid_min.saturating_add(uid), argument(name)));
        return None;
    }
    Some(user)
}
