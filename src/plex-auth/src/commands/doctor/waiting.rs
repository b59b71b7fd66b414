//! New accounts that `user sync` has not created, because nobody has seen their names (R73).

use crate::accounts::people;
use crate::ui::check::Checks;

const CHECK: &str = "accounts";

/// The most names that are listed.
const MAX_NAMES: usize = 8;

/// Reports the friends for whom the last run of `user sync` has left an account to the owner.
pub(super) fn check(checks: &mut Checks) {
    let waiting = match people::waiting() {
        Ok(waiting) => waiting,
        Err(error) => {
            let (what, hint) = error.into_parts();
            return checks.error(CHECK, what, hint.unwrap_or_default());
        }
    };
    if waiting.is_empty() {
        return;
    }
    let mut names: Vec<_> =
        waiting.iter().take(MAX_NAMES).map(|(local, id)| format!("{local} (Plex id {id})")).collect();
    if waiting.len() > MAX_NAMES {
        names.push(format!("and {} more", waiting.len() - MAX_NAMES));
    }
    let what = format!("friends without an account, whose names need your confirmation: {}", names.join(", "));
    checks.info(CHECK, what, "run: plex-auth user sync");
}
