//! The configuration: there, understood, and readable by those who must and by nobody else.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use config::Config;
use nix::unistd::User;
use system::accounts;

use super::checks::Findings;
use crate::context::Context;

/// The user that the daemon runs as.
pub(super) const DAEMON: &str = "plex-auth";

/// What the check is called.
const CHECK: &str = "configuration";

/// Looks at it, and gives it back where it can be used.
pub(super) fn check(context: &Context, findings: &mut Findings) -> Option<Config> {
    let (file, before) = (&context.config, findings.count());
    daemon_user(findings);
    let config = match config::load(file) {
        Ok(config) => config,
        Err(_) if fs::metadata(file).is_err_and(|error| error.kind() == ErrorKind::NotFound) => {
            findings.bad(CHECK, format!("{}: there is no such file", file.display()), "run: plex-auth setup");
            return None;
        }
        Err(problem) => {
            let place = problem.position.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            let what = format!("{}{place}: {}", problem.file.display(), problem.what());
            findings.bad(CHECK, what, problem.hint());
            return None;
        }
    };
    readable(file, "0640", findings);
    if let Some(file) = token_file(file) {
        readable(Path::new(&file), "0640", findings);
    }
    if let Some(file) = &config.ca_file {
        readable(file, "0644", findings);
    }
    findings.good_unless(before, CHECK, format!("{} is understood and kept private", file.display()));
    Some(config)
}

/// Whether the daemon's account is there.
fn daemon_user(findings: &mut Findings) {
    match User::from_name(DAEMON) {
        Ok(Some(_)) => {}
        Ok(None) => {
            let mend = "run: useradd --system --no-create-home --shell /usr/sbin/nologin plex-auth";
            findings.bad(CHECK, "there is no user 'plex-auth' for plex-authd to run as", mend);
        }
        Err(error) => {
            let what = format!("the user 'plex-auth' cannot be looked up: {}", error.desc());
            findings.bad(CHECK, what, "run: getent passwd plex-auth; then fix /etc/nsswitch.conf");
        }
    }
}

/// Where the token stands when it stands apart. The configuration itself does not keep it.
fn token_file(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let document: toml_edit::DocumentMut = text.parse().ok()?;
    document.get("token_file")?.as_str().map(str::to_owned)
}

/// Whether the daemon, which is not root, can read a file.
fn readable(file: &Path, mode: &str, findings: &mut Findings) {
    let (Ok(about), Ok(Some(user))) = (fs::metadata(file), User::from_name(DAEMON)) else { return };
    let mut groups = vec![user.gid.as_raw()];
    match accounts::group(DAEMON) {
        Ok(group) => groups.extend(group.map(|group| group.gid.as_raw())),
        Err(why) => findings.bad(CHECK, why.to_string(), "run: getent group plex-auth; then fix /etc/nsswitch.conf"),
    }
    let may = (about.uid() == user.uid.as_raw() && about.mode() & 0o400 != 0)
        || (groups.contains(&about.gid()) && about.mode() & 0o040 != 0)
        || about.mode() & 0o004 != 0;
    if !may {
        let file = file.display();
        findings.bad(
            CHECK,
            format!("{file}: plex-authd, which runs as 'plex-auth', cannot read it"),
            format!("run: chown root:plex-auth {file} && chmod {mode} {file}"),
        );
    }
}
