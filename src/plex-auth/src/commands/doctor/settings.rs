//! Checks of the configuration: it exists, is valid, and is readable for the daemon alone.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use config::Config;
use nix::unistd::User;
use system::accounts;

use crate::context::{self, Context};
use crate::ui::check::Checks;

/// User that the daemon runs as.
pub(super) const DAEMON: &str = "plex-auth";

/// Creates the daemon's user. The group may still be there.
const NEW_USER: &str = "run: { getent group plex-auth >/dev/null || groupadd --system plex-auth; } && useradd --system --gid \
                        plex-auth --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin plex-auth && chgrp plex-auth \
                        /etc/plex-auth.toml && chown --recursive --no-dereference plex-auth:plex-auth /var/lib/plex-auth && systemctl \
                        restart plex-authd.service";

/// Name of the check.
const CHECK: &str = "configuration";

/// Checks the configuration and returns it if it is valid.
pub(super) fn check(context: &Context, checks: &mut Checks) -> Option<Config> {
    let (file, before) = (&context.config, checks.count());
    daemon_user(checks);
    let config = match config::load(file) {
        Ok(config) => config,
        Err(problem) => {
            let place = problem.position.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            let what = format!("{}{place}: {}", problem.file.display(), problem.what());
            checks.error(CHECK, what, problem.hint());
            return None;
        }
    };
    readable(file, "0640", checks);
    if let Some(file) = token_file(file) {
        readable(Path::new(&file), "0640", checks);
    }
    if let Some(file) = &config.ca_file {
        readable(file, "0644", checks);
    }
    checks.ok_unless(before, CHECK, format!("{} is understood and kept private", file.display()));
    Some(config)
}

/// Reports that there is no configuration yet.
pub(super) fn not_set_up(context: &Context, checks: &mut Checks) {
    let (what, hint) = context::not_set_up(&context.config).into_parts();
    checks.error(CHECK, what, hint.unwrap_or_default());
}

/// Checks that the daemon's user exists.
fn daemon_user(checks: &mut Checks) {
    match User::from_name(DAEMON) {
        Ok(Some(_)) => {}
        Ok(None) => {
            // Its files have to be the new user's.
            checks.error(CHECK, "there is no user 'plex-auth' for plex-authd to run as", NEW_USER);
        }
        Err(error) => {
            let what = format!("the user 'plex-auth' cannot be looked up: {}", error.desc());
            checks.error(CHECK, what, "getent passwd plex-auth has to answer: see /etc/nsswitch.conf");
        }
    }
}

/// The path in `token_file`, which the loaded configuration does not have.
fn token_file(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let document: toml_edit::DocumentMut = text.parse().ok()?;
    document.get("token_file")?.as_str().map(str::to_owned)
}

/// Checks that the daemon, which is not root, can read a file.
fn readable(file: &Path, mode: &str, checks: &mut Checks) {
    let (Ok(about), Ok(Some(user))) = (fs::metadata(file), User::from_name(DAEMON)) else { return };
    let mut groups = vec![user.gid.as_raw()];
    match accounts::group(DAEMON) {
        Ok(group) => groups.extend(group.map(|group| group.gid.as_raw())),
        Err(why) => {
            checks.error(CHECK, why.to_string(), "getent group plex-auth has to answer: see /etc/nsswitch.conf");
        }
    }
    let may = (about.uid() == user.uid.as_raw() && about.mode() & 0o400 != 0)
        || (groups.contains(&about.gid()) && about.mode() & 0o040 != 0)
        || about.mode() & 0o004 != 0;
    if !may {
        let file = file.display();
        checks.error(
            CHECK,
            format!("{file}: plex-authd, which runs as 'plex-auth', cannot read it"),
            format!("run: chown root:plex-auth {file} && chmod {mode} {file}"),
        );
    }
}
