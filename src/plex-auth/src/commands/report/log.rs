//! The last lines of the log: plex-authd's, the helpers' and the module's.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use system::command::{Command, find};

use self::message::shown;
use super::redactor::Redactor;

mod message;

/// The most lines in a report.
const MAX_LINES: usize = 300;

/// Paths of journalctl.
const JOURNALCTL: [&str; 2] = ["/usr/bin/journalctl", "/bin/journalctl"];

/// Arguments: the last lines of all logins. They are of the facility authpriv, which is 10.
const ARGUMENTS: [&str; 6] = [
    "--quiet",
    "--no-pager",
    "--output=json",
    "--output-fields=MESSAGE,SYSLOG_IDENTIFIER,PRIORITY",
    "--lines=20000",
    "SYSLOG_FACILITY=10",
];

/// Time limit of journalctl, and the most of its output, in bytes.
const LIMIT: Duration = Duration::from_secs(60);
const MAX_OUTPUT: usize = 32 * 1024 * 1024;

/// Files of other system logs.
const FILES: [&str; 4] = ["/var/log/auth.log", "/var/log/secure", "/var/log/messages", "/var/log/syslog"];

/// The longest message that was not plain text, in characters.
const MAX_MESSAGE: usize = 4096;

/// Part of a file that is read, in bytes from its end.
const TAIL: u64 = 4 * 1024 * 1024;

/// Names that the programs of plex-auth log under. The module's has the service behind it.
const PROGRAMS: [&str; 3] = ["plex-authd", "plex-auth-samba", "plex-auth-shadow"];
const MODULE: &str = "pam_plex(";

/// A line of the log.
struct Line {
    time: String,
    program: String,
    message: String,
}

/// The section of the file.
pub(super) fn section(redactor: &mut Redactor) -> String {
    let mut lines = journal();
    let mut source = "journal";
    for file in FILES {
        if lines.is_empty() {
            (lines, source) = (of_file(Path::new(file)), file);
        }
    }
    if lines.is_empty() {
        return "no line of plex-auth in the journal or in /var/log".to_owned();
    }
    let skipped = lines.len().saturating_sub(MAX_LINES);
    let last = lines.iter().skip(skipped).map(|Line { time, program, message }| {
        format!("{time} {}: {}\n", program_name(program, redactor), shown(message, redactor))
    });
    let last: String = last.collect();
    format!("from {source}; earlier lines that are left out: {skipped}\n\n{last}")
}

/// True for a name that the programs of plex-auth log under.
fn is_ours(program: &str) -> bool {
    PROGRAMS.contains(&program) || program.starts_with(MODULE)
}

/// The name, without a service that could have anybody's name.
fn program_name(program: &str, redactor: &mut Redactor) -> String {
    let inner = program.strip_prefix(MODULE).and_then(|rest| rest.strip_suffix(')'));
    match inner.and_then(|inner| inner.split_once(':')) {
        Some((service, function)) => {
            let function = ["auth", "account", "password", "session", "setcred", "chauthtok"]
                .into_iter()
                .find(|known| *known == function)
                .unwrap_or("?");
            format!("{MODULE}{}:{function})", message::service(service, redactor))
        }
        None => PROGRAMS.into_iter().find(|known| *known == program).unwrap_or("pam_plex").to_owned(),
    }
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "SYSLOG_IDENTIFIER")]
    program: Option<String>,
    /// An array of bytes if it is not plain text.
    #[serde(rename = "MESSAGE")]
    message: Option<Value>,
    /// Microseconds since 1970.
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    time: Option<String>,
}

fn journal() -> Vec<Line> {
    let Some(journalctl) = find(&JOURNALCTL) else { return Vec::new() };
    let output = Command::tool(journalctl, &ARGUMENTS).limit(LIMIT).max_output(MAX_OUTPUT).stdout().unwrap_or_default();
    output.lines().filter_map(entry).collect()
}

fn entry(line: &str) -> Option<Line> {
    let Entry { program, message, time } = serde_json::from_str(line).ok()?;
    let microseconds: i64 = time?.parse().ok()?;
    let program = program.filter(|program| is_ours(program))?;
    let message = plain(&message?)?;
    Some(Line { time: crate::ui::time::local(microseconds / 1_000_000), program, message })
}

/// The text of a message, which is an array of bytes if it is not UTF-8 or not printable.
fn plain(message: &Value) -> Option<String> {
    let bytes = match message {
        Value::String(text) => return Some(text.clone()),
        Value::Array(bytes) => {
            bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect::<Option<Vec<_>>>()?
        }
        _ => return None,
    };
    Some(protocol::printable(&String::from_utf8_lossy(&bytes), MAX_MESSAGE))
}

fn of_file(file: &Path) -> Vec<Line> {
    system::tail(file, TAIL).lines().filter_map(of_syslog).collect()
}

/// A line such as `Nov 30 02:56:55 den plex-authd[93]: …`, or with a time by RFC 3339. Its host is left out.
fn of_syslog(line: &str) -> Option<Line> {
    let is_time = |c: char| c.is_ascii_alphanumeric() || " :.+-".contains(c);
    let words = if line.starts_with(|c: char| c.is_ascii_digit()) { 1 } else { 3 };
    let time: Vec<_> = line.split_whitespace().take(words).collect();
    let rest = time.iter().try_fold(line, |rest, word| rest.trim_start().strip_prefix(word))?;
    let time = time.join(" ");
    if time.len() > 40 || !time.chars().all(is_time) {
        return None;
    }
    let (head, message) = rest.split_once("]: ")?;
    let (name, _pid) = head.rsplit_once('[')?;
    let program = name.split_whitespace().last().filter(|program| is_ours(program))?;
    Some(Line { time, program: program.to_owned(), message: message.to_owned() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn lines_of_syslog_and_of_the_journal_are_read_without_the_host() {
        for line in [
            "Nov 30 02:56:55 den authpriv.info plex-authd[93]: a line",
            "2026-11-30T02:56:55.123+00:00 den plex-authd[93]: a line",
            "Nov  3 02:56:55 den pam_plex(sshd:auth)[93]: a line",
        ] {
            let read = of_syslog(line).unwrap();
            assert!(is_ours(&read.program) && read.message == "a line" && !read.time.contains("den"), "{line}");
        }
        for line in
            ["", "Nov", "Nov 30 02:56:55 den sshd[1]: plex-authd is a name", "Nov 30 02:56:55 den plex-authd: x"]
        {
            assert!(of_syslog(line).is_none(), "{line}");
        }
        let json = r#"{"SYSLOG_IDENTIFIER":"plex-authd","MESSAGE":"a line","__REALTIME_TIMESTAMP":"1795615380000000"}"#;
        assert_eq!(entry(json).unwrap().message, "a line");
        assert!(entry(&json.replace("plex-authd", "sshd")).is_none());
        assert_eq!(entry(&json.replace("\"a line\"", "[97,255,10]")).unwrap().message, "a\u{fffd}?");
        for other in ["[300]", "[\"a\"]", "7", "null"] {
            assert!(entry(&json.replace("\"a line\"", other)).is_none(), "{other}");
        }
    }

    #[test]
    fn r67_only_a_regular_file_is_read_as_a_log() {
        let folder = std::env::temp_dir().join(format!("plex-auth-log-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let (file, link, pipe) = (folder.join("log"), folder.join("link"), folder.join("pipe"));
        std::fs::write(&file, "a line\n").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(system::tail(&file, TAIL), "a line\n");
        assert_eq!(
            (system::tail(&link, TAIL), system::tail(&pipe, TAIL), system::tail(&folder, TAIL)),
            (String::new(), String::new(), String::new())
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
