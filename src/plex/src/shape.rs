//! Shapes of answers: what plex-auth relies on in each of them, and what a real answer has. No value of a field is kept, so
//! an owner can show the result to others.

mod compare;
mod node;
mod request;
mod table;
#[cfg(test)]
mod tests;

pub use compare::{Difference, FieldShape, RowShape, Shape};
pub use node::ValueType;
pub use table::{Contract, Endpoint, Field, Format, Kind, Need, Rows};
