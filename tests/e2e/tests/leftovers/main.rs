//! R68: nothing that a removed user leaves behind is accessible to anyone else, and open sessions end with the account.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod homes;
mod ids;
mod names;
mod sessions;

use e2e::{DEN, Out, World};

const CONFIG: &str = "/etc/plex-auth.toml";

/// A machine on which the friends of the Den have no accounts yet.
fn machine() -> Option<World> {
    let world = World::new()?;
    world.sh("mount -t tmpfs -o mode=755 tmpfs /srv");
    world.start_plex(DEN);
    world.start_authd(&world.config("[timeouts]\nfriend_list = \"1s\""));
    Some(world)
}

fn user(world: &World, arguments: &str) -> Out {
    let words: Vec<&str> = arguments.split(' ').collect();
    e2e::user(world, &words)
}

fn done(world: &World, arguments: &str) -> String {
    let out = user(world, arguments);
    assert!(out.ok(), "{arguments}: {out:?}");
    out.stdout
}

/// Asserts that the command fails with these words and changes no account, configuration or home.
fn refused(world: &World, arguments: &str, words: &[&str]) {
    let before = state(world);
    let out = user(world, arguments);
    assert!(out.code == 1 && words.iter().all(|word| out.stderr.contains(word)), "{arguments}: {words:?}: {out:?}");
    assert_eq!(state(world), before, "{arguments}");
}

fn state(world: &World) -> String {
    world
        .sh(&format!("cat /etc/passwd /etc/shadow /etc/group {CONFIG}; ls -Rln /home /srv/homes 2>/dev/null || true"))
        .stdout
}

fn number(world: &World, script: &str) -> u32 {
    world.sh(script).stdout.trim().parse().unwrap()
}

fn shared_with(names: &[&str]) -> String {
    let list = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    DEN.replace("shared_with = [\"alice\", \"erin\", \"frank\"]", &format!("shared_with = [{list}]"))
}
