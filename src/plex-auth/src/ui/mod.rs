//! Input and output at the terminal.

pub(crate) mod check;
pub(crate) mod hint;
pub(crate) mod json;
pub(crate) mod locale;
pub(crate) mod secret_prompt;
pub(crate) mod shell;
pub(crate) mod spinner;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod time;
pub(crate) mod wrap;
