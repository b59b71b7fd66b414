//! Output for programs.

use serde::Serialize;

use crate::error::Error;
use crate::ui::terminal;

/// Says something as JSON.
///
/// # Errors
/// When it cannot be JSON.
pub(crate) fn print(what: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(what).map_err(|error| Error::new(format!("no JSON: {error}")))?;
    terminal::say(text);
    Ok(())
}
