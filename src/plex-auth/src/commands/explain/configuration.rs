//! Check of the configuration: valid, and the one that plex-authd uses.

use config::Config;
use protocol::{AdminRequest, AdminResponse};

use crate::client::daemon::{Daemon, changed_since};
use crate::context::{Context, not_set_up};
use crate::ui::check::{Check, Checks};

const CHECK: &str = "configuration";

/// Checks the configuration and returns it if it is valid.
pub(super) fn check(context: &Context, checks: &mut Checks) -> Option<Config> {
    let file = context.config.display();
    if context.is_not_set_up() {
        let (what, hint) = not_set_up(&context.config).into_parts();
        checks.error(CHECK, what, hint.unwrap_or_default());
        return None;
    }
    match config::load(&context.config) {
        Ok(config) => {
            if is_outdated(context) {
                checks.add(
                    Check::warning(CHECK, format!("{file} has changed since plex-authd read it"))
                        .hint("run: systemctl reload plex-authd"),
                );
            } else {
                checks.ok(CHECK, format!("{file} can be read"));
            }
            Some(config)
        }
        Err(problem) => {
            let position = problem.position.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            let what = format!("{}{position}: {}", problem.file.display(), problem.what());
            checks.error(CHECK, what, problem.hint());
            None
        }
    }
}

/// True if plex-authd runs with an older version of the file.
fn is_outdated(context: &Context) -> bool {
    let status = Daemon::open(&context.socket).and_then(|mut daemon| daemon.ask(AdminRequest::Status));
    matches!(status, Ok(AdminResponse::Status(status)) if changed_since(&context.config, status.config_age))
}
