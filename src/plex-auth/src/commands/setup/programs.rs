//! The system's own tools, run by absolute path and with nothing of the caller's environment.

use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Where the system keeps its tools, whatever the caller's path says.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The first of these that is there.
pub(crate) fn first<'a>(candidates: &[&'a str]) -> Option<&'a str> {
    candidates.iter().copied().find(|candidate| Path::new(candidate).exists())
}

/// Runs one, with nothing to read, and waits for its end.
///
/// # Errors
/// When it cannot be run.
pub(crate) fn run(program: &str, arguments: &[&str]) -> io::Result<Output> {
    Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C")
        // Debian's tools ask questions of their own otherwise.
        .env("DEBIAN_FRONTEND", "noninteractive")
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
}

/// Whether it ended well; otherwise what it said last.
pub(crate) fn outcome(result: io::Result<Output>) -> Result<String, String> {
    let output = result.map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let said = text(&output.stderr);
    let last = said.lines().last().map_or_else(|| output.status.to_string(), str::to_owned);
    Err(protocol::printable(&last, 200))
}
