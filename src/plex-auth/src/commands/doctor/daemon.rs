//! plex-authd: whether it can be asked, and what it says of itself.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use config::Config;
use humantime::format_duration;
use protocol::{AdminRequest, AdminResponse, Connection, Deadline, Error, Reply, Request, Status, Untrusted};

use super::checks::{Findings, argument};
use super::settings::DAEMON;
use crate::client::daemon::changed_since;
use crate::context::Context;

/// How long it may take for an answer.
const ANSWER: Duration = Duration::from_secs(5);

const START: &str = "run: systemctl start plex-authd.socket plex-authd.service";
const RESTART: &str = "run: systemctl restart plex-authd.service";

/// Looks at the socket, and asks. Only root is told how the daemon is.
pub(super) fn check(context: &Context, config: Option<&Config>, root: bool, findings: &mut Findings) {
    let socket = &context.socket;
    let mut connection = match Connection::open(socket) {
        Ok(connection) => connection,
        Err(error) => {
            unreachable(socket, &error, findings);
            return;
        }
    };
    let before = findings.count();
    modes(socket, findings);
    findings.good_unless(
        before,
        "socket",
        format!("{} is there, and nobody else can take its place", socket.display()),
    );
    if !root {
        return;
    }
    let asked = connection
        .send(&Request::Admin(AdminRequest::Status), Deadline::after(ANSWER))
        .and_then(|()| connection.receive(Deadline::after(ANSWER)));
    match asked {
        Ok(Reply::Admin(AdminResponse::Status(status))) => running(context, config, &status, findings),
        Ok(_) | Err(Error::Malformed(_) | Error::Closed) => {
            findings.bad("daemon", "plex-authd does not understand this program: it is another version", RESTART);
        }
        Err(error) => findings.bad("daemon", format!("plex-authd does not answer: {error}"), RESTART),
    }
}

/// Why nobody can be asked, in the words of the one check that every login makes.
fn unreachable(socket: &Path, error: &Error, findings: &mut Findings) {
    let what = error.to_string();
    match error {
        Error::Untrusted(Untrusted::Unreadable(..)) => {
            findings.bad("daemon", format!("plex-authd is not running: {what}"), START);
        }
        Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => {
            findings.bad("daemon", format!("plex-authd is not running: nobody listens at {}", socket.display()), START);
        }
        Error::Untrusted(Untrusted::Writable(path)) => {
            let owner = if socket.parent() == Some(path.as_path()) { DAEMON } else { "root" };
            let path = path.display();
            findings.bad("socket", what, format!("run: chown {owner}:{owner} {path} && chmod 0755 {path}"));
        }
        Error::Untrusted(_) => {
            findings.bad("socket", what, "run: systemctl restart plex-authd.socket plex-authd.service");
        }
        Error::Io(io) if io.kind() == ErrorKind::PermissionDenied => {
            let socket = socket.display();
            findings.bad(
                "socket",
                format!("{socket}: may not be used by everybody"),
                format!("run: chmod 0666 {socket}"),
            );
        }
        _ => findings.bad("daemon", format!("plex-authd cannot be asked: {what}"), RESTART),
    }
}

/// Programs that are not root ask as well: screen lockers, web servers.
fn modes(socket: &Path, findings: &mut Findings) {
    let mode = |path: &Path| fs::metadata(path).map_or(0, |about| about.mode());
    if mode(socket) & 0o666 != 0o666 {
        let socket = socket.display();
        let what = format!("{socket}: programs that are not root, such as screen lockers, cannot ask");
        findings.warn("socket", what, format!("run: chmod 0666 {socket}"));
    }
    if let Some(directory) = socket.parent().filter(|directory| mode(directory) & 0o001 == 0) {
        let directory = directory.display();
        let what = format!("{directory}: programs that are not root, such as screen lockers, cannot enter it");
        findings.warn("socket", what, format!("run: chmod 0755 {directory}"));
    }
}

fn running(context: &Context, config: Option<&Config>, status: &Status, findings: &mut Findings) {
    let before = findings.count();
    let ours = env!("CARGO_PKG_VERSION");
    if status.version != ours {
        let what = format!("plex-authd {} is running, and {ours} is installed", status.version);
        findings.warn("daemon", what, RESTART);
    }
    if Path::new(&status.config) != context.config {
        let what = format!("plex-authd was started with {}, not with {}", status.config, context.config.display());
        findings.warn("daemon", what, format!("run: plex-auth --config {} doctor", argument(&status.config)));
    } else if changed_since(&context.config, status.config_age) {
        findings.warn("daemon", format!("{} was changed since plex-authd read it", status.config), RESTART);
    }
    let uptime = format_duration(Duration::from_secs(status.uptime));
    findings.good_unless(before, "daemon", format!("plex-authd {} has been running for {uptime}", status.version));
    friends(config, status, findings);
    if let Some((why, seconds)) = &status.closed {
        let left = format_duration(Duration::from_secs(*seconds));
        let mend = "wait; who tries so many passwords is in: plex-auth logins";
        findings.warn("plex.tv", format!("plex-authd leaves it alone for {left}: {why}"), mend);
    }
}

fn friends(config: Option<&Config>, status: &Status, findings: &mut Findings) {
    let Some(list) = &status.friends else { return };
    let shown = |seconds: u64| format_duration(Duration::from_secs(seconds));
    let later = "run: plex-auth doctor, once plex.tv answers";
    match (&list.failing, list.people, list.age) {
        (Some(why), _, Some(age)) => {
            let oldest = config.map(|config| config.timeouts.known_list.max(config.cache.offline.unwrap_or_default()));
            let what = format!("it is {} old and cannot be read anew: {why}", shown(age));
            if oldest.is_some_and(|oldest| Duration::from_secs(age) > oldest) {
                findings.bad("friend list", format!("{what}; nobody comes in by it any more"), later);
            } else {
                findings.warn("friend list", what, later);
            }
        }
        (Some(why), ..) => findings.bad("friend list", format!("there is none, and it cannot be read: {why}"), later),
        (None, Some(people), age) => {
            let age = age.map_or_else(String::new, |age| format!(", {} old", shown(age)));
            findings.good("friend list", format!("{people} people{age}"));
        }
        (None, None, _) => {
            findings.warn("friend list", "plex-authd is still reading it", "run: plex-auth doctor, in a while");
        }
    }
}
