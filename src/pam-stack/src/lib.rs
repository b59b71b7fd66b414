//! PAM stacks without PAM: read as libpam reads them, and evaluated with the return codes that modules could give. So the
//! effect of a stack is known before a user is locked out by it. Nothing here reads a file: the caller does.
//!
//! `dispatcher.txt` has stacks and the codes that libpam returns for them. The unit tests hold [`evaluate`] to it, and an
//! end-to-end test holds it to the real libpam.

mod control;
pub mod evaluate;
pub mod include;
mod kind;
mod line;
pub mod modules;
pub mod return_code;
pub mod scenarios;
pub mod shipped;
pub mod truth_table;

#[cfg(test)]
mod tests;

pub use control::{Action, Control, InvalidControl};
pub use kind::Kind;
pub use line::Broken;
