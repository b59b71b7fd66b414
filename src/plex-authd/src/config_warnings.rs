//! Warnings about configurations that are valid but probably wrong, and about a wrong clock.

use std::sync::Arc;

use system::accounts;

use crate::context::Context;

/// Logs the warnings, in a thread: looking up accounts may need other services, which may themselves wait for a login here.
pub(crate) fn log_in_background(context: &Arc<Context>) {
    let context = Arc::clone(context);
    // Without a thread there are no warnings.
    let _ = std::thread::Builder::new().name("warnings".into()).spawn(move || log_warnings(&context));
}

fn log_warnings(context: &Context) {
    let (settings, log) = (&context.settings, &context.log);
    let config = &settings.config;
    if system::clock_is_behind() {
        log.warning(
            "the clock of this machine is earlier than the build of plex-authd: until it is set, nobody but the owner has \
             access; run: timedatectl set-ntp true",
        );
    }
    if config.users.is_empty() && config.group.is_none() {
        log.warning("neither [users] nor group is set: nobody can sign in with Plex");
    }
    for warning in config.warnings() {
        log.warning(format!("{}; {}", warning.what, warning.fix));
    }
    if let Some(group) = &config.group {
        match accounts::group_exists(group) {
            Ok(true) => {}
            Ok(false) => {
                log.warning(format!("there is no local group '{group}'; {}", accounts::missing_group_fix(group)));
            }
            Err(why) => log.warning(why.to_string()),
        }
    }
    for (name, reference) in &config.users {
        match accounts::look_up(name, config.group.as_deref(), settings.uid_min) {
            Ok(Some(account)) if account.name != *name => {
                log.warning(format!("[users]: {}", accounts::another_spelling(name, &account.name)));
            }
            // The owner is not in the group, so that a stopped daemon does not lock them out.
            Ok(Some(_)) if context.is_owners(name, reference) => {}
            Ok(Some(account)) if config.group.is_some() && !account.in_group => log.warning(format!(
                "'{name}' is listed in [users] but not in the group: while this daemon is stopped, the shipped PAM stacks \
                 treat '{name}' as an ordinary local account"
            )),
            Ok(None) => log.warning(format!("'{name}' is listed in [users], but there is no such local account")),
            // A missing group is reported above, and does not matter to an account in [users].
            Ok(Some(_)) | Err(accounts::Error::NoGroup(_)) => {}
            Err(why) => log.warning(format!("'{name}' is listed in [users] and cannot be looked up: {why}")),
        }
    }
}
