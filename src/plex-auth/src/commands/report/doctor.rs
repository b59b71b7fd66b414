//! Doctor's output, from a process of its own: what it does cannot keep the report from being written.

use std::time::Duration;

use serde::Deserialize;
use system::command::Command;

use super::redactor::Redactor;
use crate::context::Context;

/// Announcement of everything that `--plex` sends.
pub(super) const ANNOUNCEMENT: &str = "\
This sends the requests of `plex-auth doctor --plex`, once each. With the stored token, to plex.tv: GET of the account, the
friend list, the list of shares and the list of devices. Without it, to the media server: GET of its identity and its front
page. Requests that your configuration rules out are skipped.
No answer is stored. The file gets names of fields, types and numbers of rows, and no content.";

/// Time limit: many requests, each with a time limit of its own.
const LIMIT: Duration = Duration::from_secs(240);

/// The program itself, also after an upgrade has replaced its file.
const SELF: &str = "/proc/self/exe";

/// A line of `doctor --json`.
#[derive(Deserialize)]
struct Line {
    name: String,
    status: String,
    what: String,
    hint: Option<String>,
}

/// The section of the file.
pub(super) fn section(context: &Context, plex: bool, redactor: &mut Redactor) -> String {
    let (config, socket) = (context.config.to_string_lossy(), context.socket.to_string_lossy());
    let mut arguments = vec!["--config", &config, "--socket", &socket, "doctor", "--json"];
    if plex {
        arguments.push("--plex");
    }
    let output = match Command::tool(SELF, &arguments).limit(LIMIT).run() {
        Ok(output) => output,
        Err(error) => return format!("doctor could not be started: {}", redactor.text(&error.to_string())),
    };
    match serde_json::from_str::<Vec<Line>>(&output.stdout) {
        Ok(lines) => lines.iter().map(|line| shown(line, redactor)).collect(),
        Err(_) => format!("doctor has failed: {}", redactor.text(&output.stderr)),
    }
}

/// Text before the names of fields that plex-auth does not use. They are no values, and doctor shows none that could be one.
const NAMES: &str = "; not used: ";

/// Begins of a line about the shape of an answer.
const SHAPES: [&str; 2] = ["as expected: status ", "differs: "];

/// An observation: names of fields are shown unless they are known to be private, which is checked at the end.
fn observation(what: &str, redactor: &mut Redactor) -> String {
    let is_shape = SHAPES.iter().any(|begin| what.starts_with(begin));
    match what.split_once(NAMES).filter(|_| is_shape) {
        Some((found, names)) => format!("{}{NAMES}{names}", redactor.text(found)),
        None => redactor.text(what),
    }
}

fn shown(line: &Line, redactor: &mut Redactor) -> String {
    let status = ["ok", "info", "warning", "error"].into_iter().find(|status| *status == line.status).unwrap_or("?");
    let hint = line.hint.as_ref().map(|hint| format!("\n    {}", redactor.text(hint))).unwrap_or_default();
    format!("{status:7} {}: {}{hint}\n", redactor.text(&line.name), observation(&line.what, redactor))
}
