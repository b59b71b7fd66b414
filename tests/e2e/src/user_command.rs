//! `plex-auth user` on a machine.

use crate::{Out, World};

/// Runs `plex-auth user`, and asserts that it prints no secret.
pub fn user(world: &World, arguments: &[&str]) -> Out {
    let out = world.run(&[&["plex-auth", "user"], arguments].concat());
    assert!(!out.stdout.contains("SECRET") && !out.stderr.contains("SECRET"), "{out:?}");
    out
}

/// Runs `plex-auth user`, which has to succeed.
pub fn done(world: &World, arguments: &[&str]) -> Out {
    let out = user(world, arguments);
    assert!(out.ok(), "{arguments:?}: {out:?}");
    out
}
