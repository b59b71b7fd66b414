//! People of a private machine: the friends at Plex, with a local account each.

use std::fmt::Write as _;

use e2e::{MACHINE, World};

/// Plex password of everyone.
pub(crate) const PASSWORD: &str = "PASSWORD-SECRET-friend";

/// Password of the local account `local`.
pub(crate) const LOCAL: &str = "LOCAL-SECRET";

/// Libraries in each share: the friend list is about as long as a real one.
const LIBRARIES: usize = 8;

/// Plex as the fake serves it: the owner, this number of friends with access, `stranger`, a friend without, and `cold`, the
/// cold client's account.
pub(crate) fn at_plex(friends: usize) -> String {
    let mut world = String::new();
    let mut account = |id: usize, name: &str, further: &str| {
        let _ = write!(
            world,
            "[[account]]\nid = {id}\nusername = \"{name}\"\nemail = \"{name}@example.org\"\npassword = \"{PASSWORD}\"\n\
             {further}\n"
        );
    };
    let friend_of = "friend_of = [\"olga\"]\n";
    account(1, "olga", "token = \"TOKEN-SECRET-olga\"\n");
    account(2, "stranger", friend_of);
    account(3, "cold", "");
    for number in 1..=friends {
        account(1000 + number, &format!("friend{number}"), friend_of);
    }
    let names: Vec<String> = names(friends).map(|name| format!("\"{name}\"")).collect();
    let _ = write!(
        world,
        "[[server]]\nmachine_id = \"{MACHINE}\"\nname = \"Den\"\nowner = \"olga\"\nlibraries = {LIBRARIES}\n\
         shared_with = [{}]\n",
        names.join(", ")
    );
    world
}

/// Creates the local accounts. Friends are members of the group `plex-users`; `useradd` would take seconds for them.
pub(crate) fn add_accounts(world: &World, friends: usize) {
    world.add_user("local", false, None);
    // What `passwd` uses on Debian.
    let set = world.run_with(&["chpasswd", "--crypt-method", "YESCRYPT"], &format!("local:{LOCAL}\n"));
    assert!(set.ok(), "{set:?}");
    let shadow = world.sh("getent shadow local").stdout;
    assert!(shadow.contains(":$y$"), "the local password is not kept by yescrypt");
    let managed: Vec<String> = names(friends).chain(["stranger".to_owned()]).collect();
    let (mut passwd, mut shadow) = (String::new(), String::new());
    for (uid, name) in (20_000..).zip(&managed) {
        let _ = writeln!(passwd, "{name}:x:{uid}:100::/home/{name}:/bin/sh");
        let _ = writeln!(shadow, "{name}:*:20000:0:99999:7:::");
    }
    for (file, lines) in [("/etc/passwd", passwd), ("/etc/shadow", shadow)] {
        let out = world.run_with(&["sh", "-c", &format!("cat >>{file}")], &lines);
        assert!(out.ok(), "{out:?}");
    }
    world.sh(&format!("gpasswd --members {} plex-users", managed.join(",")));
}

fn names(friends: usize) -> impl Iterator<Item = String> {
    (1..=friends).map(|number| format!("friend{number}"))
}
