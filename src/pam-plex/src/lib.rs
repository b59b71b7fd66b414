//! `pam_plex.so`: PAM items in, prompts passed on, one PAM code out.
//!
//! It is loaded into setuid programs with an environment that an attacker chose, into sandboxes, and into children that
//! end with the login. So it has nothing that could suffer from that: no thread, no child process, no TLS, no configuration, no
//! environment, no signal handler. It connects to the daemon's socket once, and does as the daemon says.

mod args;
mod client;
mod ffi;
mod items;
mod log;
mod module;
mod prompt;
mod return_code;
mod terminal;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// Wipes the module's memory when it is freed, including copies of a password that a library made.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);
