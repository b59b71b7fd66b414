//! Check of the users as whom servers call the module.

use std::collections::BTreeMap;
use std::path::Path;

use config::Config;

use super::stacks::Service;
use crate::client::callers::{Caller, advice};
use crate::ui::check::Checks;

const CHECK: &str = "callers";

/// Reports services whose sign-ins plex-authd refuses because of the user of their program.
pub(super) fn check(config: &Config, file: &Path, services: &[Service], checks: &mut Checks) {
    let mut refused: BTreeMap<&str, (&Caller, Vec<&str>)> = BTreeMap::new();
    for service in services.iter().filter(|service| service.signs_in()) {
        if let Some(caller) = service.caller.as_ref().filter(|caller| !caller.is_trusted(config)) {
            let of_user = refused.entry(&caller.user.name).or_insert_with(|| (caller, Vec::new()));
            of_user.1.push(&service.name);
        }
    }
    for (caller, services) in refused.into_values() {
        let what = format!(
            "{}: called as {caller}, which is not listed in trusted_callers: every sign-in is refused",
            services.join(", ")
        );
        checks.error(CHECK, what, advice(caller, Some(config), file));
    }
}
