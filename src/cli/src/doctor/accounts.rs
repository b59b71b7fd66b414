//! The local accounts that belong to Plex accounts: the group, and who stands in the configuration.

use std::collections::BTreeSet;
use std::fs;

use config::Config;
use nix::unistd::{Group, User, getgrouplist};

use super::findings::{Findings, argument};
use super::shadow;

/// Where `UID_MIN` is set.
const LOGIN_DEFS: &str = "/etc/login.defs";

/// Looks at all of them, and gives back their names.
pub(super) fn check(config: &Config, findings: &mut Findings) -> Vec<User> {
    let before = findings.count();
    let group = config.group.as_deref().and_then(|name| group(name, findings));
    if config.group.is_none() && config.users.is_empty() {
        let mend = "run: plex-auth user add NAME";
        findings.bad("accounts", "neither group nor [users] is set: nobody can sign in with Plex", mend);
    }
    let mut names: BTreeSet<String> = config.users.keys().cloned().collect();
    names.extend(group.iter().flat_map(members));
    if names.is_empty() && (config.group.is_none() || group.is_some()) {
        findings.warn(
            "accounts",
            "nobody can sign in with Plex: the group has no members",
            "run: plex-auth user add NAME",
        );
    }
    let uid_min = fs::read_to_string(LOGIN_DEFS).ok().as_deref().and_then(uid_min).unwrap_or(1000);
    let users: Vec<_> = names.iter().filter_map(|name| account(name, uid_min, group.as_ref(), findings)).collect();
    findings.good_unless(before, "accounts", format!("{} can sign in with Plex", listed(&users)));
    shadow::check(&users, findings);
    users
}

/// The names, or their number where there are many.
fn listed(users: &[User]) -> String {
    let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
    if names.len() <= 8 { names.join(", ") } else { format!("{} accounts", names.len()) }
}

fn group(name: &str, findings: &mut Findings) -> Option<Group> {
    match Group::from_name(name) {
        Ok(Some(group)) => Some(group),
        Ok(None) => {
            findings.bad(
                "accounts",
                format!("there is no local group '{name}'"),
                format!("run: groupadd {}", argument(name)),
            );
            None
        }
        Err(error) => {
            let what = format!("the group '{name}' cannot be looked up: {}", error.desc());
            findings.bad("accounts", what, format!("run: getent group {name}; then mend /etc/nsswitch.conf"));
            None
        }
    }
}

/// Those whom the group names, and those whose first group it is.
fn members(group: &Group) -> Vec<String> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let first = passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(2)?.parse() == Ok(group.gid.as_raw())).then(|| name.to_owned())
    });
    group.mem.iter().cloned().chain(first).collect()
}

fn account(name: &str, uid_min: u32, group: Option<&Group>, findings: &mut Findings) -> Option<User> {
    let user = match User::from_name(name) {
        Ok(Some(user)) if user.name == name => user,
        Err(error) => {
            let what = format!("'{name}' cannot be looked up: {}", error.desc());
            findings.bad("accounts", what, format!("run: getent passwd {name}; then mend /etc/nsswitch.conf"));
            return None;
        }
        _ => {
            let what = format!("there is no local account '{name}'");
            findings.bad("accounts", what, format!("run: plex-auth user add {}", argument(name)));
            return None;
        }
    };
    let uid = user.uid.as_raw();
    if uid < uid_min {
        let what =
            format!("'{name}' has uid {uid}, below UID_MIN ({uid_min}) of {LOGIN_DEFS}: it never signs in with Plex");
        findings.bad(
            "accounts",
            what,
            format!("run: usermod --uid {} {}", uid_min.saturating_add(uid), argument(name)),
        );
        return None;
    }
    if let Some(group) = group.filter(|group| !is_member(&user, group)) {
        let what = format!(
            "'{name}' stands in [users] but not in the group '{}': while plex-authd is stopped, the shipped PAM stacks take \
             it for an ordinary local account",
            group.name
        );
        findings.warn(
            "accounts",
            what,
            format!("run: usermod --append --groups {} {}", argument(&group.name), argument(name)),
        );
    }
    Some(user)
}

fn is_member(user: &User, group: &Group) -> bool {
    let name = std::ffi::CString::new(user.name.as_str()).unwrap_or_default();
    user.gid == group.gid
        || group.mem.contains(&user.name)
        || getgrouplist(&name, user.gid).is_ok_and(|groups| groups.contains(&group.gid))
}

fn uid_min(login_defs: &str) -> Option<u32> {
    login_defs.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == "UID_MIN").then(|| words.next()?.parse().ok())?
    })
}
