//! What is allowed but is hardly meant.

use std::sync::Arc;

use system::accounts;

use crate::context::Context;

/// Writes it to the log. Accounts are looked up for it, which may ask other services and so take its time:
/// by now logins are being answered, which those services may be waiting for.
pub(crate) fn warn_about(context: &Arc<Context>) {
    let context = Arc::clone(context);
    // Without a thread there are no warnings, and soon no logins either.
    let _ = std::thread::Builder::new().name("warnings".into()).spawn(move || warnings(&context));
}

fn warnings(context: &Context) {
    let (config, log) = (&context.config, &context.log);
    if config.users.is_empty() && config.group.is_none() {
        log.warning("neither [users] nor group is set: nobody can sign in with Plex");
    }
    for warning in config.warnings() {
        log.warning(format!("{}; {}", warning.what, warning.mend));
    }
    if let Some(group) = &config.group {
        match accounts::group_exists(group) {
            Ok(true) => {}
            Ok(false) => log.warning(format!("there is no local group '{group}'; create it: groupadd {group}")),
            Err(why) => log.warning(why.to_string()),
        }
    }
    for (name, reference) in &config.users {
        match accounts::look_up(name, config.group.as_deref(), context.uid_min) {
            // A stopped daemon must not lock the owner out.
            Ok(Some(_)) if context.is_owners(name, reference) => {}
            Ok(Some(account)) if config.group.is_some() && !account.in_group => log.warning(format!(
                "'{name}' stands in [users] but not in the group: while this daemon is stopped, the shipped PAM stacks \
                 take '{name}' for an ordinary local account"
            )),
            Ok(None) => log.warning(format!("'{name}' stands in [users], but there is no such local account")),
            Ok(Some(_)) => {}
            Err(why) => log.warning(format!("'{name}' stands in [users] and cannot be looked up: {why}")),
        }
    }
}
