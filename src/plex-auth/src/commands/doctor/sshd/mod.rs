//! Checks of sshd's effective settings, as `sshd -T` reports them for each managed account.

mod drop_in;
mod fault;

use std::collections::{BTreeMap, BTreeSet};
use std::net::UdpSocket;

use config::Config;
use nix::unistd::{Group, User};
use system::accounts;

use self::drop_in::DropIn;
use self::fault::{Fault, List};
use super::shadow;
use super::shell::argument;
use crate::sshd::program::{self, Sshd};
use crate::sshd::reload::Reload;
use crate::ui::check::Checks;
use crate::ui::terminal::Status;

const CHECK: &str = "sshd";

/// An account that no `Match` block is about: the settings of all others.
const NOBODY: &str = "nobody";

/// An address that nobody has (RFC 5737): a client on the internet.
const ELSEWHERE: &str = "192.0.2.1";

/// The most accounts whose settings are read. sshd needs some 20 ms for each.
const MAX_ACCOUNTS: usize = 100;

/// Checks the settings that apply to each of the managed accounts.
pub(super) fn check(config: Option<&Config>, users: &[User], checks: &mut Checks) {
    let Some(sshd) = Sshd::find() else { return };
    let all = match sshd.settings_of(NOBODY, ELSEWHERE) {
        Ok(all) => all,
        Err(program::Error::Refused(why)) => {
            let what = format!("its configuration is invalid: {why}");
            return checks.error(CHECK, what, "correct what this names: sshd -t");
        }
        Err(program::Error::NotRun(why)) => {
            return checks.warning(CHECK, format!("its settings cannot be read: {why}"), "see: sshd -T");
        }
    };
    let before = checks.count();
    if let Some(start) = Reload::find().ok().and_then(Reload::start) {
        checks.warning(CHECK, "it is not running: nobody can log in over SSH", format!("run: {start}"));
    }
    let drop_in = DropIn::new(sshd);
    let group = config.and_then(|config| config.group.as_deref());
    let mut found: BTreeMap<Fault, Vec<&User>> = BTreeMap::new();
    let mut denied: BTreeMap<List, (BTreeSet<String>, Vec<&User>)> = BTreeMap::new();
    for user in users.iter().take(MAX_ACCOUNTS) {
        for fault in faults(sshd, user, config) {
            // A list that has each account by its own name is one cause.
            if let Fault::Denied(list, patterns) = fault {
                let (all, theirs) = denied.entry(list).or_default();
                all.extend(patterns);
                theirs.push(user);
            } else {
                found.entry(fault).or_default().push(user);
            }
        }
    }
    let denied = denied.into_iter();
    found.extend(denied.map(|(list, (all, theirs))| (Fault::Denied(list, all.into_iter().collect()), theirs)));
    if users.is_empty() {
        found.extend(fault::of_settings(&all, config).into_iter().map(|fault| (fault, Vec::new())));
    }
    for (fault, theirs) in &found {
        let is_all = theirs.len() == users.len().min(MAX_ACCOUNTS);
        let prefix = if is_all { String::new() } else { format!("{}: ", names(theirs)) };
        let what = format!("{prefix}{fault}");
        let fix = fault.fix(&drop_in, &all, theirs, group.filter(|group| is_all && are_members(theirs, group)));
        match fault.status() {
            Status::Error => checks.error(CHECK, what, fix),
            Status::Warning => checks.warning(CHECK, what, fix),
            Status::Ok | Status::Info => checks.info(CHECK, what, fix),
        }
    }
    let locked = shadow::locked(users);
    if found.contains_key(&Fault::PamOff) && !locked.is_empty() {
        let what = format!("without UsePAM it treats a locked password as a locked account: {}", locked.join(", "));
        let commands: Vec<_> = locked.iter().map(|name| format!("usermod --password '*' {}", argument(name))).collect();
        checks.warning(CHECK, what, format!("run: {}", commands.join(" && ")));
    }
    checks.ok_unless(before, CHECK, "it uses PAM, for passwords and keys, and refuses no managed account");
    if users.len() > MAX_ACCOUNTS {
        let what = format!(
            "its settings for {} were not read",
            protocol::counted(users.len() - MAX_ACCOUNTS, "more account", "more accounts")
        );
        checks.info(CHECK, what, "see: sshd -T -C user=NAME,host=HOST,addr=ADDRESS,laddr=ADDRESS,lport=22");
    }
}

/// The faults of an account's settings: those of a client on the internet that one of the local network has too. Settings that
/// differ between the two are meant to.
fn faults(sshd: Sshd, user: &User, config: Option<&Config>) -> Vec<Fault> {
    let of = |from: &str| {
        // Settings that cannot be read for one account are no fault of theirs.
        let Ok(settings) = sshd.settings_of(&user.name, from) else { return Vec::new() };
        let mut faults = fault::of_settings(&settings, config);
        faults.extend(fault::of_lists(&settings, &user.name, &groups(user)));
        faults
    };
    let mut faults = of(ELSEWHERE);
    if !faults.is_empty() {
        let nearby = of(&own_address());
        faults.retain(|fault| nearby.contains(fault));
    }
    faults
}

/// Names of the groups of an account.
fn groups(user: &User) -> Vec<String> {
    let groups = accounts::groups_of(user).unwrap_or_default();
    groups.into_iter().filter_map(|gid| Group::from_gid(gid).ok().flatten()).map(|group| group.name).collect()
}

/// This machine's address in its own network; no packet is sent to find it.
fn own_address() -> String {
    let local = || {
        let socket = UdpSocket::bind(("0.0.0.0", 0))?;
        socket.connect((ELSEWHERE, 9))?;
        socket.local_addr()
    };
    local().map_or_else(|_| "127.0.0.1".to_owned(), |address| address.ip().to_string())
}

fn are_members(users: &[&User], group: &str) -> bool {
    let Ok(Some(group)) = accounts::group(group) else { return false };
    users.iter().all(|user| accounts::is_member(user, &group).unwrap_or(false))
}

fn names(users: &[&User]) -> String {
    users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>().join(", ")
}
