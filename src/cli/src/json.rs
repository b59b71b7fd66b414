//! Output for programs.

use serde::Serialize;

use crate::failure::Failure;
use crate::terminal;

/// Says something as JSON.
///
/// # Errors
/// When it cannot be JSON.
pub(crate) fn print(what: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(what).map_err(|error| Failure::new(format!("no JSON: {error}")))?;
    terminal::say(text);
    Ok(())
}
