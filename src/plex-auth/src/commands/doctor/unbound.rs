//! Members of the group that belong to no Plex account: nobody was called like them when they joined (R74).

use config::{Config, Source};
use nix::unistd::User;
use policy::{PlexRef, PlexUser};

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

/// Reports the unbound ones of these managed accounts, those that can become root first. Without plex-authd, which is another
/// check's finding, nothing is known about them; without a token, each account is bound at its first login.
pub(super) fn check(context: &Context, config: &Config, owner: Option<&PlexUser>, users: &[User], checks: &mut Checks) {
    if !matches!(config.source, Source::Token(_)) {
        return;
    }
    let Ok(known) = daemon::known_accounts(&context.socket) else { return };
    let is_unbound = |user: &&User| {
        let known = known.iter().find(|known| known.user == user.name);
        let member = PlexRef::Member(user.name.clone());
        !config.users.contains_key(&user.name)
            && known.is_some_and(|known| KnownBinding::of(known) == KnownBinding::Unbound)
            && !membership::is_owners(config, owner, &member)
    };
    let unbound: Vec<_> = users.iter().filter(is_unbound).collect();
    let powers = powers::among(unbound.iter().copied());
    let power_of = |user: &User| powers.able.iter().find(|(name, _)| *name == user.name).map(|(_, why)| why.as_str());
    let (powerful, others): (Vec<&User>, Vec<&User>) =
        unbound.iter().copied().partition(|user| power_of(user).is_some());
    let group = config.group.as_deref().unwrap_or_default();
    for user in powerful.iter().chain(&others).take(MAX_CHECKS) {
        let (name, word) = (&user.name, argument(&user.name));
        let what = format!(
            "'{name}' belongs to no Plex account, and nobody can sign in to it: nobody was called so at Plex when it joined the \
             group '{group}', and nobody who takes the name later gets it"
        );
        let hint = format!(
            "give it to somebody of `plex-auth friends`: plex-auth user link {word} WHO; or to nobody: gpasswd --delete {word} {}",
            argument(group)
        );
        match power_of(user) {
            Some(power) => checks.error(CHECK, format!("can become root ({power}): {what}"), hint),
            None => checks.warning(CHECK, what, hint),
        }
    }
    if unbound.len() > MAX_CHECKS {
        let what = format!("{} more accounts belong to no Plex account", unbound.len() - MAX_CHECKS);
        checks.warning(CHECK, what, "run: plex-auth friends");
    }
}
