//! Programs with PAM that others wrote, as Debian packages them: how each is set up and logged in to, what is expected of
//! it, and what it does. The data are in `tests/e2e/programs`.

mod attempt;
mod cell;
mod machine;
mod people;
mod program;
mod run;
mod table;

pub use cell::{Cell, Column, Verdict};
pub use machine::Machine;
pub use program::{Program, packages, programs};
pub use run::Row;
pub use table::{faults, table};
