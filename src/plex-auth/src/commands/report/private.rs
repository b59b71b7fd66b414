//! Everything that is known to be private on this machine.

use std::collections::BTreeSet;

use config::{Config, Source};
use nix::ifaddrs::getifaddrs;
use nix::unistd::gethostname;
use protocol::{AdminRequest, KnownAccount, ListedFriend, Login};
use system::accounts;

use super::redactor::{Category, Redactor};
use super::words::{COMMON_HOSTS, SYSTEM_ACCOUNTS};
use crate::client::daemon::Daemon;
use crate::client::plex_tv;
use crate::context::Context;

/// Teaches the redactor what to replace, users first, so that they have the lowest numbers. What cannot be read is left out:
/// words that are not known to be harmless are replaced anyway.
pub(super) fn collect(context: &Context, config: Option<&Config>, redactor: &mut Redactor) {
    users(context, config, redactor);
    friends(context, redactor);
    machine(redactor);
    if let Some(config) = config {
        of_the_configuration(config, redactor);
    }
    if let Ok(Some(identifier)) = plex_tv::stored() {
        redactor.label(Category::Id, &identifier);
    }
}

/// The category of a name at Plex.
fn name(name: &str) -> Category {
    if name.contains('@') { Category::Email } else { Category::User }
}

/// Local users: those of people, of the configuration and of the daemon.
fn users(context: &Context, config: Option<&Config>, redactor: &mut Redactor) {
    let first = accounts::uid_min();
    let people = accounts::all().unwrap_or_default().into_iter().filter(|user| (first..65_534).contains(&user.uid));
    let people: BTreeSet<String> = people.map(|user| user.name).collect();
    let configured = config.into_iter().flat_map(|config| config.users.keys().chain(&config.trusted_callers));
    let members = config.and_then(|config| accounts::group(config.group.as_deref()?).ok()?);
    let members = members.and_then(|group| accounts::members(&group).ok()).unwrap_or_default();
    let all: BTreeSet<_> = people.into_iter().chain(configured.cloned()).chain(members).collect();
    for user in all.iter().filter(|user| !SYSTEM_ACCOUNTS.contains(&user.as_str())) {
        redactor.label(Category::User, user);
    }
    for plex in config.iter().flat_map(|config| config.users.values()) {
        let plex = plex.to_string();
        redactor.label(if plex.bytes().all(|byte| byte.is_ascii_digit()) { Category::Id } else { name(&plex) }, &plex);
    }
    for known in ask::<KnownAccount>(context, AdminRequest::Accounts) {
        redactor.label(Category::User, &known.user);
        if let Some(reference) = known.reference {
            redactor.label(name(&reference), &reference);
        }
    }
    for login in ask::<Login>(context, AdminRequest::Logins(u32::MAX)) {
        redactor.label(Category::User, &login.user);
        if let Some(rhost) = login.rhost {
            match rhost.parse() {
                Ok(ip) => redactor.ip(ip),
                Err(_) => redactor.label(Category::Host, &rhost),
            };
        }
    }
}

/// Friends, as the daemon knows them.
fn friends(context: &Context, redactor: &mut Redactor) {
    for friend in ask::<ListedFriend>(context, AdminRequest::FriendList) {
        if let Some(name) = friend.username {
            redactor.label(Category::User, &name);
        }
        if let Some(email) = friend.email {
            redactor.label(Category::Email, &email);
        }
        redactor.label(Category::Id, &friend.plex_id.to_string());
    }
}

fn ask<T: crate::client::daemon::Item>(context: &Context, request: AdminRequest) -> Vec<T> {
    Daemon::open(&context.socket).and_then(|mut daemon| daemon.list(request)).unwrap_or_default()
}

/// The machine's names and addresses.
fn machine(redactor: &mut Redactor) {
    let name = gethostname().unwrap_or_default().to_string_lossy().into_owned();
    redactor.label(Category::Host, &name);
    if let Some((short, _)) = name.split_once('.') {
        redactor.label(Category::Host, short);
    }
    for address in getifaddrs().into_iter().flatten().filter_map(|interface| interface.address) {
        if let Some(ip) = address.as_sockaddr_in() {
            redactor.ip(ip.ip().into());
        }
        if let Some(ip) = address.as_sockaddr_in6() {
            redactor.ip(ip.ip().into());
        }
        if let Some(mac) = address.as_link_addr().filter(|link| link.addr().is_some_and(|mac| mac != [0; 6])) {
            redactor.label(Category::Mac, &mac.to_string());
        }
    }
}

fn of_the_configuration(config: &Config, redactor: &mut Redactor) {
    if let Source::Token(token) = &config.source {
        redactor.label(Category::Secret, token.expose());
    }
    let texts = [
        (Category::Id, config.client_identifier.as_deref()),
        (Category::Id, config.machine_id.as_deref()),
        (
            Category::Host,
            config.server_url.as_ref().and_then(|url| url.host_str()).filter(|host| !COMMON_HOSTS.contains(host)),
        ),
        (Category::Host, config.plex_url.host_str().filter(|host| !COMMON_HOSTS.contains(host))),
    ];
    for (category, text) in texts.into_iter().filter_map(|(category, text)| Some((category, text?))) {
        redactor.label(category, text);
    }
    if let Some(admin) = &config.admin_account {
        redactor.label(name(admin), admin);
    }
    if let Some(owner) = config.owner_id {
        redactor.label(Category::Id, &owner.to_string());
    }
    for file in [&config.token_file, &config.ca_file].into_iter().flatten() {
        redactor.path(&file.to_string_lossy());
    }
}
