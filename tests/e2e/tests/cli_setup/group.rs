//! Setup adds every managed account to the group, except the owner's own.

use e2e::DEN;

use crate::machine::{FILE, apply, end, etc, file, machine, script, setup, token_file};

fn groups(world: &e2e::World, name: &str) -> String {
    world.sh(&format!("id -nG {name}")).stdout.trim().to_owned()
}

#[test]
fn r65_setup_adds_accounts_to_the_group_except_the_owners_and_names_administrators() {
    let Some(world) = machine(DEN) else { return };
    world.add_user("dave", false, None);
    world.add_user("bob", false, None);
    world.sh("gpasswd -a dave sudo; groupdel plex-users");
    let users = ["--user", "alice=alice", "--user", "erin=erin", "--user", "dave=frank", "--user", "olga=olga"];
    let token = token_file(&world);
    let run = |further: &[&str]| {
        let out = script(&world, &[&["--yes", "--pam=no", "--token-file", token], further].concat());
        assert!(out.ok(), "{out:?}");
        out
    };
    let dry = run(&[&users[..], &["--dry-run"]].concat());
    for line in [
        "The group plex-users would be created.\n",
        "alice would be added to the group plex-users.\n",
        "dave would be added to the group plex-users.\n",
        "The account erin would be created for SFTP with a folder of their own; no shell, no command, no tunnel.\n",
    ] {
        assert!(dry.stdout.contains(line), "{line}: {dry:?}");
    }
    assert!(!dry.stdout.contains("olga would") && !world.run(&["getent", "group", "plex-users"]).ok(), "{dry:?}");
    let out = run(&users);
    assert!(out.stdout.contains("✓ Created the group plex-users"), "{out:?}");
    let all = ["alice", "erin", "dave", "olga", "bob"].map(|name| groups(&world, name));
    assert_eq!(all, ["alice plex-users", "erin plex-users plex-files", "dave sudo plex-users", "olga sudo", "bob"]);
    let named = "can become root: dave (group sudo, sudo rules); while plex-authd is stopped, it can neither log in nor use sudo";
    assert!(out.stderr.contains(named), "{out:?}");
    // As an earlier version left it, which did not add accounts to the group.
    world.sh("gpasswd -d alice plex-users; gpasswd -a olga plex-users");
    let out = run(&[]);
    assert!(out.stdout.contains("✓ Added alice to the group plex-users") && !out.stdout.contains("dave"), "{out:?}");
    assert!(out.stderr.contains("olga, the owner's own account, is in the group plex-users"), "{out:?}");
    assert!(out.stderr.contains("gpasswd --delete olga plex-users"), "{out:?}");
    // An owner who cannot sign in has no account of their own on this machine.
    world.sh("gpasswd -d olga plex-users");
    run(&["--admin", ""]);
    assert_eq!(groups(&world, "olga"), "olga sudo plex-users");
}

#[test]
fn r65_setup_warns_about_users_without_a_group() {
    let Some(world) = machine(DEN) else { return };
    let out =
        script(&world, &["--yes", "--pam=no", "--token-file", token_file(&world), "--group", "", "--user", "alice=2"]);
    assert!(out.ok() && !file(&world).contains("group = "), "{out:?}");
    assert!(out.stderr.contains("[users] is set without group"), "{out:?}");
    let out = script(&world, &["--yes", "--pam=no", "--group", "friends"]);
    assert!(out.ok() && out.stdout.contains("✓ Created the group friends"), "{out:?}");
    assert_eq!(groups(&world, "alice"), "alice friends");
}

#[test]
fn r78_setup_refuses_a_group_that_can_neither_be_found_nor_created() {
    let Some(world) = machine(DEN) else { return };
    let before = etc(&world);
    let token = token_file(&world);
    let run = |further: &[&str]| {
        script(&world, &[&["--yes", "--pam=no", "--shell", "--token-file", token], further].concat())
    };
    let cannot = |name: &str| format!("there is no group '{name}', and a new one cannot have that name");
    for name in ["domain users", "Friends", "1st", "-friends"] {
        let out = run(&[&format!("--group={name}"), "--user", "alice=2"]);
        assert!(out.code == 1 && out.stderr.contains(&cannot(name)) && out.stderr.contains("plex-users"), "{out:?}");
        assert_eq!(etc(&world), before, "{name}");
    }
    let out = run(&["--group", "jenkins"]);
    assert!(out.code == 1 && out.stderr.contains("packages create one of that name"), "{out:?}");
    // One that exists may have such a name.
    world.sh("echo 'domain users:x:3000:' >>/etc/group");
    let out = run(&["--group", "domain users", "--user", "alice=2"]);
    assert!(out.ok() && out.stdout.contains("✓ Added alice to the group domain users"), "{out:?}");
    assert!(run(&[]).ok(), "the file has it");
    // The file has it, and it does not exist any more.
    world.sh("sed -i '/^domain users/d' /etc/group");
    let before = etc(&world);
    let out = run(&[]);
    assert!(out.code == 1 && out.stderr.contains(&cannot("domain users")), "{out:?}");
    assert_eq!(etc(&world), before);
    assert!(run(&["--group", "plex-users"]).ok() && file(&world).contains("group = \"plex-users\""));
}

#[test]
fn r65_setup_reports_accounts_missing_from_the_group_and_adds_the_others() {
    let Some(world) = machine(DEN) else { return };
    world.add_user("bob", false, None);
    world.sh("mv /usr/bin/gpasswd /usr/bin/gpasswd.real");
    let spy = "#!/bin/sh\ncase \"$*\" in *alice*) echo 'gpasswd: no' >&2; exit 1 ;; esac\nexec /usr/bin/gpasswd.real \"$@\"\n";
    world.write("/usr/bin/gpasswd", 0o755, "root:root", spy);
    let users = ["--user", "alice=2", "--user", "bob=bob", "--strict=false", "--create=no", "--pam=no", "--link=no"];
    let mut terminal = setup(&world, &[&["--files", "--token-file", token_file(&world)], &users[..]].concat());
    apply(&mut terminal);
    let shown = end(&world, terminal, 0);
    assert!(shown.contains("alice cannot be added to the group plex-users: gpasswd: no"), "{shown}");
    assert!(shown.contains("✓ Added bob to the group plex-users"), "{shown}");
    assert!(world.run(&["test", "-e", FILE]).ok());
}
