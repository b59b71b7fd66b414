//! R75, R76, R77, R37, R40: the lists of people have been changed by plex.tv before and will be again. Whatever shape
//! they have, friends with access sign in, nobody else does, and nothing that was stored about a friend is lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "a failed test may panic")]

mod invited;
mod machine;
mod matrix;
mod names;
mod odd;
mod owner;
mod pasted;
mod resources;
mod source;
mod suspect;
