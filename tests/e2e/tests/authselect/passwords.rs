//! R35 for the authselect profile: changes of passwords with the real tools, whose services include it as Fedora's do.

use e2e::{DEN, Out, World, as_user, rendered};

use crate::file;

/// A new password, typed twice. `pam_pwquality` accepts it.
const NEW: &str = "Wolkig-SECRET-1793";
const TWICE: &str = "Wolkig-SECRET-1793\nWolkig-SECRET-1793\n";

/// Part of the message to the user.
const WHERE: &str = "https://app.plex.tv";

/// Part of each prompt for a password.
const PROMPT: &str = "assword: ";

/// Accounts with access, without it, and with a local password as well.
const FRIENDS: [&str; 3] = ["erin", "bob", "alice"];

/// The owner's own change of the profile: no `pam_pwquality`, so `pam_unix` prompts by itself.
fn without_pwquality(text: &str) -> String {
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains("pam_pwquality.so")).collect();
    kept.join("\n").replace(" use_authtok", "") + "\n"
}

/// Writes the profile with these features, and services as Fedora ships them, except that chpasswd has the other one of
/// the two stacks.
fn select(world: &World, features: &[&str], change: fn(&str) -> String) {
    let service = |name: &str, text: &str| world.write(&format!("/etc/pam.d/{name}"), 0o644, "root:root", text);
    for name in ["system-auth", "password-auth", "postlogin"] {
        service(name, &change(&rendered(&file(name), features)));
    }
    service("passwd", "password substack system-auth\npassword substack postlogin\n");
    service(
        "chpasswd",
        "auth sufficient pam_rootok.so\naccount required pam_permit.so\npassword include password-auth\n",
    );
    service(
        "sshd",
        "auth substack password-auth\nauth include postlogin\naccount include password-auth\n\
         password include password-auth\nsession required pam_permit.so\n",
    );
}

fn shadow(world: &World, user: &str) -> String {
    world.sh(&format!("getent shadow {user} | cut -d: -f2")).stdout
}

/// Gives the accounts the passwords that they had at first. Neither tool asks PAM.
fn restore(world: &World) {
    let old = "local:LOCAL-SECRET\nalice:LOCAL-SECRET-alice\n";
    assert!(world.run_with(&["chpasswd", "--crypt-method", "SHA512"], old).ok());
    assert!(world.run(&["usermod", "--password", "*", "erin"]).ok());
    world.sh("usermod --password '*' bob; rm -f /etc/security/opasswd; touch /etc/security/opasswd");
}

/// Runs a tool, and asserts that it changes the password of this account or refuses to.
fn assert_changes(world: &World, user: &str, changes: bool, what: &str, tool: &dyn Fn() -> Out) -> String {
    let before = shadow(world, user);
    let out = tool();
    assert_eq!((out.ok(), shadow(world, user) != before), (changes, changes), "{what} {user}: {out:?}");
    out.stdout + &out.stderr
}

/// Root's tools: an account that Plex signs in has no local password afterwards, and no prompt was shown for one.
fn assert_root(world: &World, user: &str, changes: bool, what: &str) {
    let passwd = || world.run_with(&["passwd", user], TWICE);
    let said = assert_changes(world, user, changes, &format!("{what}: root's passwd"), &passwd);
    assert_eq!(said.contains(PROMPT), changes, "{what}: {said}");
    let chpasswd = || world.run_with(&["chpasswd"], &format!("{user}:{NEW}-2\n"));
    assert_changes(world, user, changes, &format!("{what}: root's chpasswd"), &chpasswd);
}

/// The user's own `passwd`.
fn own(world: &World, user: &str, typed: &str) -> Out {
    world.run_with(&as_user(user, &["passwd"]), typed)
}

fn assert_all(world: &World, what: &str, daemon: bool) {
    for user in FRIENDS {
        assert_root(world, user, false, what);
        let refused = || own(world, user, &format!("LOCAL-SECRET-alice\n{TWICE}"));
        let said = assert_changes(world, user, false, &format!("{what}: own passwd"), &refused);
        // The refusal is the first line of the stack, so nothing is typed here at all.
        assert!(!said.contains(PROMPT) && said.contains(WHERE) == daemon, "{what}: {user}: {said}");
    }
    // Nothing was written in the preliminary pass, not even to the list of used passwords.
    assert_eq!(world.sh("cat /etc/security/opasswd").stdout, "", "{what}");
    let changed = || own(world, "local", &format!("LOCAL-SECRET\n{TWICE}"));
    let said = assert_changes(world, "local", true, &format!("{what}: own passwd"), &changed);
    assert!(said.contains("Current password: "), "{what}: {said}");
    let inside = world.ssh("password", "local", NEW);
    assert_eq!(inside.stdout, "local\n", "{what}: {inside:?}");
    restore(world);
    for user in ["local", "root"] {
        assert_root(world, user, true, what);
    }
    assert!(world.ssh("password", "local", &format!("{NEW}-2")).ok(), "{what}");
    restore(world);
}

/// Changes the text of a rendered stack.
type Change = fn(&str) -> String;

#[test]
fn r35_no_tool_gives_a_friend_a_local_password_through_the_authselect_profile() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    restore(&world);
    // The machine has no dictionary.
    world.write("/etc/security/pwquality.conf", 0o644, "root:root", "dictcheck = 0\n");
    world.start_sshd();
    let as_shipped: Change = str::to_owned;
    let stacks: [(&str, &[&str], Change); 3] = [
        ("pwquality", &[], as_shipped),
        ("pwquality and pwhistory", &["with-pwhistory", "without-nullok"], as_shipped),
        ("without pwquality", &[], without_pwquality),
    ];
    for (what, features, change) in stacks {
        select(&world, features, change);
        assert_all(&world, what, true);
    }
    // `pam_pwquality` is really there: it refuses a user's bad password.
    select(&world, &[], as_shipped);
    let bad = || own(&world, "local", "LOCAL-SECRET\nlocal\nlocal\nlocal\nlocal\nlocal\nlocal\n");
    let said = assert_changes(&world, "local", false, "a bad password", &bad);
    assert!(said.contains("BAD PASSWORD"), "{said}");
    world.stop_authd();
    assert_all(&world, "without the daemon", false);
    world.sh(&format!("rm {}", world.module("pam_plex")));
    assert_all(&world, "without the module", false);
    assert!(!world.syslog().contains(NEW), "{}", world.syslog());
}
