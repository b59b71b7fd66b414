//! Checks of plex-authd: its socket and its status.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use config::Config;
use humantime::format_duration;
use protocol::{AdminReply, AdminRequest, AdminResponse, Connection, Deadline, Error, Request, Status, Untrusted};

use super::settings::DAEMON;
use super::shell::argument;
use crate::client::daemon::changed_since;
use crate::context::Context;
use crate::ui::check::Checks;

/// Timeout for an answer.
const ANSWER: Duration = Duration::from_secs(5);

const START: &str = "run: systemctl start plex-authd.socket plex-authd.service";
const RESTART: &str = "run: systemctl restart plex-authd.service";

/// Checks the socket and requests the status, which only root receives.
pub(super) fn check(context: &Context, config: Option<&Config>, root: bool, checks: &mut Checks) {
    let socket = &context.socket;
    let mut connection = match Connection::open(socket) {
        Ok(connection) => connection,
        Err(error) => {
            unreachable(socket, &error, checks);
            return;
        }
    };
    let before = checks.count();
    modes(socket, checks);
    checks.ok_unless(before, "socket", format!("{} exists, and only plex-authd can replace it", socket.display()));
    if !root {
        return;
    }
    let asked = connection
        .send(&Request::Admin(AdminRequest::Status), Deadline::after(ANSWER))
        .and_then(|()| connection.receive(Deadline::after(ANSWER)));
    match asked {
        Ok(AdminReply::Response { managed: AdminResponse::Status(status) }) => {
            running(context, config, &status, checks);
        }
        Ok(_) | Err(Error::Malformed(_) | Error::Closed) => {
            checks.error("daemon", "plex-authd does not understand this program: it is another version", RESTART);
        }
        Err(error) => checks.error("daemon", format!("plex-authd does not answer: {error}"), RESTART),
    }
}

/// Reports why the socket cannot be used, in the words of the check that every login makes.
fn unreachable(socket: &Path, error: &Error, checks: &mut Checks) {
    let what = error.to_string();
    match error {
        Error::Untrusted(Untrusted::Unreadable(..)) => {
            checks.error("daemon", format!("plex-authd is not running: {what}"), START);
        }
        Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => {
            checks.error(
                "daemon",
                format!("plex-authd is not running: no process listens at {}", socket.display()),
                START,
            );
        }
        Error::Untrusted(Untrusted::Writable(path)) => {
            let owner = if socket.parent() == Some(path.as_path()) { DAEMON } else { "root" };
            let path = path.display();
            checks.error("socket", what, format!("run: chown {owner}:{owner} {path} && chmod 0755 {path}"));
        }
        Error::Untrusted(_) => {
            checks.error("socket", what, "run: systemctl restart plex-authd.socket plex-authd.service");
        }
        Error::Io(io) if io.kind() == ErrorKind::PermissionDenied => {
            let socket = socket.display();
            checks.error(
                "socket",
                format!("{socket} is not accessible to all users"),
                format!("run: chmod 0666 {socket}"),
            );
        }
        _ => checks.error("daemon", format!("no answer from plex-authd: {what}"), RESTART),
    }
}

/// Checks that programs without root's rights, such as screen lockers and web servers, can use the socket.
fn modes(socket: &Path, checks: &mut Checks) {
    let mode = |path: &Path| fs::metadata(path).map_or(0, |about| about.mode());
    if mode(socket) & 0o666 != 0o666 {
        let socket = socket.display();
        let what = format!("{socket}: programs that do not run as root, such as screen lockers, cannot connect");
        checks.warning("socket", what, format!("run: chmod 0666 {socket}"));
    }
    if let Some(directory) = socket.parent().filter(|directory| mode(directory) & 0o001 == 0) {
        let directory = directory.display();
        let what = format!("{directory}: programs that are not root, such as screen lockers, cannot enter it");
        checks.warning("socket", what, format!("run: chmod 0755 {directory}"));
    }
}

fn running(context: &Context, config: Option<&Config>, status: &Status, checks: &mut Checks) {
    let before = checks.count();
    let ours = env!("CARGO_PKG_VERSION");
    if status.version != ours {
        let what = format!("plex-authd {} is running, and {ours} is installed", status.version);
        checks.warning("daemon", what, RESTART);
    }
    if Path::new(&status.config) != context.config {
        let what = format!("plex-authd was started with {}, not with {}", status.config, context.config.display());
        checks.warning("daemon", what, format!("run: plex-auth --config {} doctor", argument(&status.config)));
    } else if changed_since(&context.config, status.config_age) {
        checks.warning("daemon", format!("{} has changed since plex-authd read it", status.config), RESTART);
    }
    let uptime = format_duration(Duration::from_secs(status.uptime));
    checks.ok_unless(before, "daemon", format!("plex-authd {} has been running for {uptime}", status.version));
    friends(config, status, checks);
    if let Some((why, seconds)) = &status.closed {
        let left = format_duration(Duration::from_secs(*seconds));
        let hint = "wait; to see who tried so many passwords: plex-auth logins";
        checks.warning("plex.tv", format!("plex-authd does not contact it for {left}: {why}"), hint);
    }
}

fn friends(config: Option<&Config>, status: &Status, checks: &mut Checks) {
    let Some(list) = &status.friends else { return };
    let shown = |seconds: u64| format_duration(Duration::from_secs(seconds));
    let later = "once plex.tv answers, run plex-auth doctor again";
    match (&list.failing, list.people, list.age) {
        (Some(why), _, Some(age)) => {
            let oldest = config.map(|config| config.timeouts.known_list.max(config.cache.offline.unwrap_or_default()));
            let what = format!("it is {} old and cannot be read again: {why}", shown(age));
            if oldest.is_some_and(|oldest| Duration::from_secs(age) > oldest) {
                checks.error("friend list", format!("{what}; nobody can sign in with it any more"), later);
            } else {
                checks.warning("friend list", what, later);
            }
        }
        (Some(why), ..) => checks.error("friend list", format!("there is none, and it cannot be read: {why}"), later),
        (None, Some(people), age) => {
            let age = age.map_or_else(String::new, |age| format!(", {} old", shown(age)));
            match &list.second_source {
                None => checks.ok("friend list", format!("{people} people{age}")),
                Some(why) => second_source(people, &age, why, checks),
            }
        }
        (None, None, _) => {
            checks.warning("friend list", "plex-authd is still reading it", "in a while, run plex-auth doctor again");
        }
    }
}

fn second_source(people: u32, age: &str, why: &str, checks: &mut Checks) {
    let what = format!(
        "{people} people{age}, from the second source, because plex.tv does not list with whom the server is shared: {why}. \
         Friends sign in as before; each sign-in is confirmed by the person's own list of servers"
    );
    let hint = "if machine_id is not the server of the token's account, run: plex-auth setup --sign-in link; otherwise look for \
                an update of plex-auth, and compare plex.tv's answers: plex-auth doctor --plex";
    checks.warning("friend list", what, hint);
}
