//! The configured group: every managed account except the owner's own is a member, so that the shipped PAM stacks
//! recognise the accounts while plex-authd is stopped. A group that cannot be read is an error, never an empty group.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, Out, World, done, password, user};

const CONFIG: &str = "/etc/plex-auth.toml";

/// A machine with a local account, and an account of the owner that can become root.
fn machine(further: &str) -> Option<World> {
    let world = World::new()?;
    world.add_user("local", false, None);
    world.add_user("olga", false, None);
    world.sh("gpasswd --add olga sudo");
    world.start_plex(DEN);
    world.start_authd(&world.config(&format!("owner_id = 1\n{further}")));
    Some(world)
}

/// Asserts that the command fails with these words and changes nothing.
fn refused(world: &World, arguments: &[&str], words: &[&str]) {
    let state = || world.sh(&format!("cat /etc/passwd /etc/shadow /etc/group /etc/gshadow {CONFIG}")).stdout;
    let before = state();
    let out = user(world, arguments);
    assert!(out.code == 1 && words.iter().all(|word| out.stderr.contains(word)), "{arguments:?}: {words:?}: {out:?}");
    assert_eq!(state(), before, "{arguments:?}");
}

fn groups(world: &World, name: &str) -> String {
    world.sh(&format!("id -nG {name}")).stdout.trim().to_owned()
}

/// True if doctor reports a check with this status and these words.
fn doctor(world: &World, status: &str, words: &str) -> bool {
    let out = world.run(&["plex-auth", "doctor", "--json"]);
    let lines: Vec<serde_json::Value> =
        serde_json::from_str(&out.stdout).unwrap_or_else(|error| panic!("{error}: {out:?}"));
    lines.iter().any(|line| line["status"] == status && line["what"].as_str().unwrap().contains(words))
}

#[test]
fn r65_user_add_link_and_unlink_synchronise_the_group_with_users() {
    let Some(world) = machine("") else { return };
    done(&world, &["add", "al", "--plex", "alice"]);
    assert_eq!(groups(&world, "al"), "al plex-users");
    let out = done(&world, &["link", "local", "erin"]);
    assert!(out.stdout.contains("✓ Added local to the group plex-users"), "{out:?}");
    assert_eq!(groups(&world, "local"), "local plex-users");
    // As an earlier version left it, which did not add linked accounts to the group.
    world.sh("gpasswd --delete local plex-users");
    let out = done(&world, &["link", "local", "erin"]);
    assert!(
        out.stdout.contains("Added local") && out.stdout.contains("local already belongs to erin (Plex id 5)"),
        "{out:?}"
    );
    assert_eq!(groups(&world, "local"), "local plex-users");
    // In the group without a line in [users], it would be mapped to the Plex account named local.
    let out = done(&world, &["unlink", "local"]);
    assert!(out.stdout.contains("✓ Removed local from the group plex-users"), "{out:?}");
    assert_eq!(groups(&world, "local"), "local");
    world.sh("usermod --gid plex-users local");
    done(&world, &["link", "local", "erin"]);
    refused(&world, &["unlink", "local"], &["the primary group of local", "usermod --gid users local"]);
    // An account that cannot be added to the group is not linked.
    world.sh("usermod --gid users local");
    done(&world, &["unlink", "local"]);
    world.write("/usr/bin/gpasswd", 0o755, "root:root", "#!/bin/sh\necho 'gpasswd: cannot lock' >&2\nexit 1\n");
    refused(&world, &["link", "local", "erin"], &["cannot be added to the group plex-users", "cannot lock"]);
}

#[test]
fn r65_missing_group_is_created_but_groups_that_grant_root_are_refused() {
    let Some(world) = machine("") else { return };
    world.sh("groupdel plex-users");
    let out = done(&world, &["link", "local", "alice"]);
    assert!(out.stdout.contains("✓ Created the group plex-users"), "{out:?}");
    assert_eq!(groups(&world, "local"), "local plex-users");
    world.sh("gpasswd --delete local plex-users; groupdel plex-users");
    let out = done(&world, &["add", "al", "--plex", "alice"]);
    assert!(out.stdout.contains("✓ Created the group plex-users"), "{out:?}");
    let id: u32 = world.sh("getent group plex-users | cut -d: -f3").stdout.trim().parse().unwrap();
    assert!(id < 1000, "{id}: the id of a removed user's group must not be used");
    world.write_config(&world.config("").replace("\"plex-users\"", "\"sudo\""));
    refused(&world, &["add", "bo", "--plex", "bob"], &["members of the group sudo can become root"]);
    refused(&world, &["link", "local", "erin"], &["members of the group sudo can become root"]);
}

#[test]
fn r65_owners_account_stays_out_of_the_group_and_other_administrators_are_named() {
    let Some(world) = machine("") else { return };
    let stopped = "while plex-authd is stopped, it can neither log in nor use sudo";
    let out = done(&world, &["link", "olga", "olga"]);
    assert_eq!(groups(&world, "olga"), "olga sudo");
    assert!(!out.stderr.contains(stopped), "{out:?}");
    world.sh("gpasswd --add olga plex-users");
    let out = done(&world, &["link", "olga", "1"]);
    assert_eq!(groups(&world, "olga"), "olga sudo plex-users", "it is taken out of nothing");
    assert!(out.stderr.contains(stopped) && out.stderr.contains("gpasswd --delete olga plex-users"), "{out:?}");
    world.sh("gpasswd --delete olga plex-users");
    done(&world, &["add", "second", "--plex", "olga"]);
    assert_eq!(groups(&world, "second"), "second");

    let named = |out: &Out, names: &str| {
        let line = out.stderr.lines().find(|line| line.contains("can become root: "));
        let line = line.unwrap_or_else(|| panic!("{out:?}"));
        assert!(line.ends_with(&format!("can become root: {names}; {stopped}")), "{line}");
        assert!(out.stderr.contains("keep a root password for the console"), "{out:?}");
    };
    for name in ["bob", "carol", "dave"] {
        world.add_user(name, false, None);
    }
    world.sh("gpasswd --add local docker 2>/dev/null || { groupadd docker; gpasswd --add local docker; }");
    named(&done(&world, &["link", "local", "alice"]), "local (group docker)");
    world.write(
        "/etc/sudoers.d/some",
        0o440,
        "root:root",
        "bob ALL=(root) NOPASSWD: /usr/bin/id\ncarol ALL=(www-data) ALL\n",
    );
    done(&world, &["link", "carol", "erin"]);
    named(&done(&world, &["link", "bob", "erin"]), "bob (sudo rules), local (group docker)");
    world.sh("gpasswd --add bob sudo");
    named(&done(&world, &["link", "dave", "frank"]), "bob (group sudo, sudo rules), local (group docker)");
    assert!(doctor(&world, "info", &format!("bob (group sudo, sudo rules), local (group docker); {stopped}")));
    // The rest is still reported if sudo cannot list its rules.
    world.sh("chmod 666 /etc/sudoers");
    let out = done(&world, &["link", "dave", "6"]);
    named(&out, "bob (group sudo), local (group docker)");
    assert!(out.stderr.contains("is not fully known: sudo does not say what"), "{out:?}");
}

#[test]
fn r65_config_check_warns_about_users_without_a_group_but_succeeds() {
    let Some(world) = machine("") else { return };
    let check = |further: &str, group: bool| {
        let config = world.config(&format!("owner_id = 1\n{further}"));
        world.write_config(&if group { config } else { config.replace("group = \"plex-users\"\n", "") });
        let out = world.run(&["plex-auth", "config", "check", "--quiet"]);
        assert!(out.ok(), "the daemon's services go by the exit code: {out:?}");
        out.stderr
    };
    let said = check("[users]\nal = \"2\"\nolga = \"1\"\n", false);
    let why = "[users] is set without group: while plex-authd is stopped, PAM takes al for ordinary local accounts";
    assert!(said.contains(why) && said.contains("run: plex-auth setup --yes --pam=no --group plex-users"), "{said}");
    assert_eq!(check("[users]\nolga = \"1\"\n", false), "");
    assert_eq!(check("[users]\nal = \"2\"\n", true), "");
    let config = world.config("owner_id = 1\n").replace("group = \"plex-users\"\n", "");
    world.write_config(&config);
    let out = done(&world, &["link", "local", "alice"]);
    assert!(out.stderr.contains("no group is configured") && out.stderr.contains("--group plex-users"), "{out:?}");
}

#[test]
fn r65_members_of_a_group_longer_than_the_c_library_returns_are_managed() {
    let Some(world) = machine("") else { return };
    world.add_user("alice", true, None);
    world.start_sshd();
    // Including a user whose primary group it is.
    world.sh("useradd --create-home --shell /bin/sh --password '*' --gid plex-users frank; groupadd frank");
    world.sh(
        "awk 'BEGIN { for (i = 0; i < 120000; i++) printf \",filler%06d\", i }' >/run/filler
         awk -F: 'NR == FNR { filler = $0; next } $1 == \"plex-users\" { $0 = $0 filler } { print }' /run/filler /etc/group \
             >/run/group && cat /run/group >/etc/group
         test $(grep ^plex-users: /etc/group | wc -c) -gt 1200000",
    );
    for name in ["alice", "frank"] {
        assert_eq!(world.authenticate(name, &password(name)), Code::SUCCESS, "{name}");
        assert_eq!(world.account(name), Code::SUCCESS, "{name}");
        assert_eq!(world.ssh_key(name).stdout, format!("{name}\n"));
    }
    assert_eq!(world.authenticate("local", "x"), Code::USER_UNKNOWN);
    world.account("local");
    world.wait_for_log(&["not-managed user=\"local\"", "phase=account"]);
    let friends = world.run(&["plex-auth", "friends"]);
    let alice = friends.stdout.lines().find(|line| line.contains("alice@example.org")).unwrap();
    assert!(friends.ok() && alice.matches("alice").count() > 2, "{friends:?}");
    let test = world.run(&["plex-auth", "test", "alice"]);
    assert!(test.stdout.contains("✓ managed: a member of the group plex-users"), "{test:?}");
    // libpam reads less, so the shipped stacks do not recognise the members while plex-authd is stopped.
    assert!(doctor(&world, "error", "the group 'plex-users' is longer than PAM reads"));
    assert!(!doctor(&world, "error", "cannot be read"));
    // A friend whom plex.tv no longer lists is refused and not treated as an ordinary local account.
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    world.stop_authd();
    assert!(world.ssh_key("alice").ok(), "if libpam reads it after all, doctor need not say so");
    world.sh("rm -rf /var/lib/plex-auth/*");
    world.start_authd(&world.config(""));
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
}

#[test]
fn r65_group_with_an_unavailable_source_is_an_error_and_not_empty() {
    let Some(world) = machine("") else { return };
    let library = world.c_library("nss_gone");
    world.sh(&format!(
        "libraries=$(dirname \"$(find /usr/lib /usr/lib64 -name libc.so.6 2>/dev/null | head -n 1)\")
         install -m 644 {library} \"$libraries/libnss_gone.so.2\"
         sed -i 's/^group:.*/group: files gone/' /etc/nsswitch.conf"
    ));
    let config = world.config("owner_id = 1").replace("\"plex-users\"", "\"elsewhere\"");
    world.stop_authd();
    world.start_authd(&config);
    let unreadable = "the group 'elsewhere' cannot be read";
    let (codes, log) = world.logged(|| [world.authenticate("local", "x"), world.account("local")]);
    assert!(codes.iter().all(|code| ![Code::SUCCESS, Code::USER_UNKNOWN].contains(code)), "{codes:?}");
    assert!(!log.contains("not-managed") && log.matches(unreadable).count() == 2, "{log}");
    world.wait_for_log(&["plex-authd", unreadable]);
    assert!(!world.syslog().contains("there is no local group"), "{}", world.syslog());
    assert!(doctor(&world, "error", unreadable));
    assert!(!doctor(&world, "error", "there is no local group"));
    refused(&world, &["link", "local", "alice"], &[unreadable, "nothing was changed"]);
    refused(&world, &["sync"], &[unreadable]);
    let setup = world.run(&["plex-auth", "setup", "--yes", "--pam=no", "--group", "elsewhere"]);
    assert!(setup.code == 1 && setup.stderr.contains(unreadable), "{setup:?}");
    // A local group is found before the unavailable source is queried.
    world.write_config(&world.config("owner_id = 1"));
    done(&world, &["link", "local", "alice"]);
    assert_eq!(groups(&world, "local"), "local plex-users");
}

#[test]
fn a_missing_group_prevents_neither_unlink_nor_remove_of_accounts_in_users() {
    let Some(world) = machine("") else { return };
    for (local, plex) in [("al", "alice"), ("bo", "frank")] {
        done(&world, &["add", local, "--plex", plex]);
    }
    world.sh("groupdel plex-users");
    let config = world.sh(&format!("cat {CONFIG}")).stdout;
    world.stop_authd();
    world.start_authd(&config);
    for (local, plex) in [("al", "alice"), ("bo", "frank")] {
        assert_eq!(world.authenticate(local, &password(plex)), Code::SUCCESS, "the daemon accepts {local}");
    }
    done(&world, &["remove", "bo"]);
    done(&world, &["unlink", "al"]);
    let config = world.sh(&format!("cat {CONFIG}")).stdout;
    assert!(!config.contains("al = ") && !config.contains("bo = "), "{config}");
    assert_eq!(world.sh("getent passwd bo || echo gone").stdout, "gone\n");
    refused(&world, &["unlink", "local"], &["'local' is not in [users]"]);
    refused(&world, &["remove", "local"], &["there is no group 'plex-users'", "groupadd plex-users"]);
}
