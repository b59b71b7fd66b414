//! `pam_plex.so`: PAM items in, prompts passed on, one PAM code out.
//!
//! It is loaded into setuid programs with an environment that an attacker chose, into sandboxes, and into children that
//! die with the login. So there is nothing here that could suffer from that: no thread, no child, no TLS, no
//! configuration, no environment, no signal. One connect to the daemon's socket, which is asked and believed.

mod args;
mod ffi;
mod hooks;
mod items;
mod log;
mod module;
mod prompt;
mod return_code;
mod session;
mod terminal;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// All memory of the module's own is wiped when it is freed, copies of a password that a library made among it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);
