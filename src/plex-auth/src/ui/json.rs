//! JSON output.

use serde::Serialize;

use crate::error::Error;
use crate::ui::terminal;

/// Prints a value as JSON.
///
/// # Errors
/// The value cannot be represented in JSON.
pub(crate) fn print(what: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(what).map_err(|error| Error::new(format!("no JSON: {error}")))?;
    // A closed pipe, as in `plex-auth … | head`, is no failure.
    let _ = terminal::data(&format!("{text}\n"));
    Ok(())
}

/// Prints a value as JSON on one line. False if the output is closed.
///
/// # Errors
/// The value cannot be represented in JSON.
pub(crate) fn print_line(what: &impl Serialize) -> Result<bool, Error> {
    let text = serde_json::to_string(what).map_err(|error| Error::new(format!("no JSON: {error}")))?;
    Ok(terminal::data(&format!("{text}\n")).is_ok())
}
