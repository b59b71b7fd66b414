//! `plex-auth user add`, `link`, `unlink` and `remove`: local accounts for friends, through the system's own tools.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, done, password, user};
use fakeplex::{Command, Connections};

const CONFIG: &str = "/etc/plex-auth.toml";

/// A machine on which the friends of the Den have no accounts yet.
fn machine(further: &str) -> Option<World> {
    let world = World::new()?;
    world.add_user("local", false, Some("LOCAL-SECRET"));
    world.start_plex(DEN);
    world.start_authd(&world.config(further));
    Some(world)
}

/// Asserts that the command fails with these words and changes neither accounts nor configuration.
fn refused(world: &World, arguments: &[&str], words: &[&str]) {
    let before = state(world);
    let out = user(world, arguments);
    assert!(out.code == 1 && out.stderr.starts_with("error: "), "{arguments:?}: {out:?}");
    assert!(words.iter().all(|word| out.stderr.contains(word)), "{arguments:?}: {words:?}: {out:?}");
    assert_eq!(state(world), before, "{arguments:?}");
}

fn state(world: &World) -> String {
    world.sh(&format!("cat /etc/passwd /etc/shadow /etc/group {CONFIG}; stat -c %U:%G:%a {CONFIG}; ls /home")).stdout
}

/// Restarts the daemon, as systemd would.
fn restart(world: &World) {
    let config = world.sh(&format!("cat {CONFIG}")).stdout;
    world.stop_authd();
    world.start_authd(&config);
}

#[test]
fn r57_added_account_accepts_plex_password_and_key_and_has_no_local_password() {
    let Some(world) = machine("") else { return };
    world.start_sshd();
    let before = state(&world);
    for name in ["al", "alice"] {
        assert!(!world.ssh("password", name, &password("alice")).ok(), "{name}");
    }
    assert_eq!(state(&world), before, "no login makes an account");
    let out = done(&world, &["add", "al", "--plex", "alice@example.org"]);
    assert!(
        out.stdout.contains("Created user al for alice (Plex id 2)") && out.stdout.contains("plex-authd"),
        "{out:?}"
    );
    assert!(world.sh(&format!("cat {CONFIG}")).stdout.contains("[users]\nal = \"2\"  # alice\n"));
    assert_eq!(world.sh(&format!("stat -c %U:%G:%a {CONFIG}")).stdout, "root:plex-auth:640\n");
    restart(&world);
    for method in ["password", "keyboard-interactive"] {
        assert_eq!(world.ssh(method, "al", &password("alice")).stdout, "al\n", "{method}");
        for wrong in ["", "*", "x", &password("bob")] {
            assert!(!world.ssh(method, "al", wrong).ok(), "{method} {wrong}");
        }
    }
    assert_eq!(world.ssh_key("al").stdout, "al\n");
    // No local password, according to passwd and to su without Plex.
    assert!(world.sh("passwd -S al").stdout.starts_with("al L "), "{}", world.sh("passwd -S al").stdout);
    assert_eq!(
        world.sh("getent shadow al | cut -d: -f2,5,7,8").stdout,
        "*:::\n",
        "nothing opens it and nothing expires"
    );
    world.write(
        "/etc/pam.d/su",
        0o644,
        "root:root",
        "auth required pam_unix.so nullok\naccount required pam_unix.so\n",
    );
    for typed in ["", "*", &password("alice")] {
        assert!(!world.su("local", "al", typed, &[]).ok(), "{typed}");
    }
    assert_eq!(world.su("al", "local", "LOCAL-SECRET", &[]).stdout, "local\n", "that stack is a good one");
    let ids = world.sh("id -nG al; id -u al; stat -c %U /home/al").stdout;
    assert!(ids.contains("plex") && ids.ends_with("\nal\n"), "{ids}");
    world.assert_no_secret_leaked();
}

#[test]
fn added_account_accepts_a_key_when_sshd_runs_without_pam() {
    let Some(world) = machine("") else { return };
    done(&world, &["add", "al", "--plex", "alice"]);
    world.sh("useradd --create-home usual");
    world.start_sshd();
    world.sh("pkill -x sshd; sed -i s/UsePAM.yes/UsePAM\\ no/ /etc/ssh/sshd_config; /usr/sbin/sshd");
    world.sh("until ss -lnt | grep -q ':22 '; do sleep 0.02; done");
    assert_eq!(world.ssh_key("al").stdout, "al\n");
    assert!(!world.ssh_key("usual").ok(), "useradd's own form is called locked");
}

#[test]
fn user_refuses_invalid_accounts_and_changes_nothing() {
    let Some(world) = machine("[users] # people\n# the family\nkid = \"9\"") else { return };
    let long = "a".repeat(40);
    for name in ["Alice", "../x", "7up", "a b", "a:b", "\u{430}lice", "a\u{1b}[31m", "", &long] {
        refused(&world, &["add", "--plex", "alice", "--", name], &["cannot be a local name"]);
    }
    refused(&world, &["add", "--plex", "alice", "--", "-o"], &["cannot be a local name"]);
    for name in ["sudo", "admin", "docker", "root", "wheel"] {
        refused(&world, &["add", name, "--plex", "alice"], &["meaning"]);
    }
    refused(&world, &["add", "local", "--plex", "alice"], &["already", "plex-auth user link local alice"]);
    refused(&world, &["add", "daemon", "--plex", "alice"], &["meaning"]);
    refused(
        &world,
        &["add", "kid", "--plex", "alice"],
        &["[users] assigns 'kid' to another Plex account", "user unlink kid"],
    );
    for who in ["nobody-there", "mallory", "-o", "9", "\u{430}lice", ""] {
        refused(
            &world,
            &["add", "al", "--plex", who],
            &["not exactly one person on the owner's list", "plex-auth friends"],
        );
    }
    refused(&world, &["link", "root", "alice"], &["root or a system account"]);
    refused(&world, &["link", "daemon", "alice"], &["root or a system account"]);
    refused(&world, &["link", "nobody-here", "alice"], &["no local account", "plex-auth user add nobody-here"]);
    refused(&world, &["unlink", "local"], &["not in [users]"]);
    for name in ["local", "root", "daemon", "../x", "nobody-here"] {
        refused(&world, &["remove", name], &["not made for Plex", "nothing was changed"]);
    }
    let alone = ["setpriv", "--reuid", "local", "--regid", "local", "--clear-groups", "plex-auth", "user"];
    for arguments in
        [&["add", "al", "--plex", "alice"][..], &["sync"], &["link", "local", "alice"], &["remove", "local"]]
    {
        let out = world.run(&[&alone, arguments].concat());
        assert!(out.code == 1 && out.stderr.contains("only root may do this: plex-auth user"), "{out:?}");
        assert!(out.stderr.contains("run: sudo plex-auth user"), "{out:?}");
    }
    // A friend without access gets an account, and the owner a warning.
    let out = done(&world, &["add", "bob", "--plex", "3"]);
    assert!(out.stderr.contains("bob cannot sign in yet"), "{out:?}");
}

/// A member that no entry gives to a friend belongs to one all the same, and only plex-authd knows to whom.
#[test]
fn r73_removal_of_a_members_account_records_its_friend_or_is_refused_while_nobody_knows_them() {
    let Some(world) = machine("[timeouts]\nfriend_list = \"1s\"") else { return };
    world.sh("useradd --create-home --password '*' --groups plex-users alice");
    world.wait_for_rows("pin", 1);
    world.stop_authd();
    refused(
        &world,
        &["remove", "alice"],
        &[
            "only plex-authd knows which friend alice belongs to",
            "nothing was removed",
            "plex-auth user link alice WHO",
        ],
    );
    let config = world.sh(&format!("cat {CONFIG}")).stdout;
    world.start_authd(&config);
    done(&world, &["remove", "alice"]);
    assert_eq!(world.sh("getent passwd alice || echo gone").stdout, "gone\n");
    let plan = done(&world, &["sync", "--dry-run"]).stdout;
    assert!(plan.contains("had an account: alice (Plex id 2)") && !plan.contains("add alice"), "{plan}");
}

/// The account's own group would be the friends' group, if that does not exist yet.
#[test]
fn r73_name_of_the_configured_group_is_nobodys() {
    let Some(world) = machine("") else { return };
    world.sh(&format!("groupdel plex-users; sed -i 's/^group = .*/group = \"our-friends\"/' {CONFIG}"));
    refused(&world, &["add", "our-friends", "--plex", "alice"], &["is the name of the friends' group"]);
    refused(&world, &["add", "plex-users", "--plex", "alice"], &["meaning"]);
}

#[test]
fn user_link_and_unlink_preserve_the_rest_of_the_configuration() {
    let text = "\n# the children\n[users]\n# the eldest\nkid   = '9' # at home\n\n[timeouts] # short\nlogin = \"9s\"\n";
    let Some(world) = machine(text) else { return };
    let before = world.sh(&format!("cat {CONFIG}")).stdout;
    done(&world, &["link", "local", "ALICE"]);
    let linked = world.sh(&format!("cat {CONFIG}")).stdout;
    assert_eq!(linked, before.replace("# at home\n", "# at home\nlocal = \"2\"  # alice\n"));
    assert!(done(&world, &["link", "local", "2"]).stdout.contains("already"));
    restart(&world);
    assert_eq!(world.authenticate("local", &password("alice")), Code::SUCCESS);
    assert!(done(&world, &["link", "local", "erin"]).stdout.contains("local now belongs to erin (Plex id 5)"));
    done(&world, &["unlink", "local"]);
    assert_eq!(world.sh(&format!("cat {CONFIG}")).stdout, before);
    assert_eq!(
        world.sh(&format!("stat -c %U:%G:%a {CONFIG}; ls -a /etc | grep -c plex-auth.toml")).stdout,
        "root:plex-auth:640\n1\n"
    );
    done(&world, &["unlink", "kid"]);
    assert!(world.sh(&format!("cat {CONFIG}")).stdout.contains("[users]\n# the eldest\n\n[timeouts]"));
    restart(&world);
    assert_eq!(world.authenticate("local", &password("alice")), Code::USER_UNKNOWN);
}

#[test]
fn user_remove_keeps_the_home_for_root_and_ends_processes() {
    let Some(world) = machine("") else { return };
    done(&world, &["add", "al", "--plex", "alice"]);
    restart(&world);
    assert_eq!(world.authenticate("al", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("pin", 1);
    world.sh("echo mine >/home/al/mine");
    world.sh("setpriv --reuid al --regid al --init-groups sleep 60 >/dev/null 2>&1 & echo $! >/run/sleep");
    world.sh("until grep -q '^Name:.sleep' /proc/$(cat /run/sleep)/status; do sleep 0.01; done");
    let out = done(&world, &["remove", "al"]);
    let aside = format!("/home/.removed-al-{}", world.sh("stat -c %u /home/.removed-al-*/.profile").stdout.trim());
    assert!(out.stdout.contains("ended: 1 process\n") && out.stdout.contains(&format!("rm -rf {aside}")), "{out:?}");
    assert_eq!(world.sh(&format!("cat {aside}/mine; getent passwd al || echo gone")).stdout, "mine\ngone\n");
    assert!(!world.sh(&format!("cat {CONFIG}")).stdout.contains("al = "));
    world.wait_for_rows("pin", 0);
    done(&world, &["add", "bo", "--plex", "bob"]);
    assert!(done(&world, &["remove", "bo", "--keep-home"]).stdout.contains("/home/bo stays where it is"));
    assert_eq!(world.sh("stat -c %a /home/bo").stdout, world.sh("stat -c %a /home/local").stdout);
    // An account with a local password was not created for Plex alone.
    world.sh("gpasswd --add local plex-users");
    refused(&world, &["remove", "local"], &["it has a local password", "userdel local"]);
}

#[test]
fn failed_user_commands_change_nothing() {
    let Some(world) = machine("") else { return };
    let before = world.sh(&format!("cat {CONFIG}")).stdout;
    world.plex().send(&Command::Connections(Connections::Refuse)).unwrap();
    refused(&world, &["add", "al", "--plex", "alice"], &["the friend list cannot be read", "online"]);
    refused(&world, &["link", "local", "alice"], &["the friend list cannot be read"]);
    world.plex().clear_faults();
    // If the tool fails, its message is shown and the line in the configuration is removed again.
    world.write(
        "/usr/sbin/useradd",
        0o755,
        "root:root",
        "#!/bin/sh\necho 'useradd: cannot lock /etc/passwd' >&2\nexit 1\n",
    );
    refused(
        &world,
        &["add", "al", "--plex", "alice"],
        &["cannot be created", "cannot lock /etc/passwd", "nothing was changed"],
    );
    // The configuration is on a read-only file system.
    world.sh(&format!(
        "mkdir /run/ro && mount -t tmpfs tmpfs /run/ro && cp -a {CONFIG} /run/ro/ && mount -o remount,ro /run/ro"
    ));
    refused(
        &world,
        &["link", "local", "alice", "--config", "/run/ro/plex-auth.toml"],
        &["cannot be written", "read-only", "nothing was changed"],
    );
    // Broken configurations are not edited.
    for (broken, words) in [
        (format!("{before}users = 7\n"), ["/etc/plex-auth.toml:", "wrong type"]),
        (format!("{before}[users\n"), ["/etc/plex-auth.toml:", "not valid TOML"]),
        (before.replace("machine_id", "#"), ["/etc/plex-auth.toml", "needs machine_id"]),
    ] {
        world.write_config(&broken);
        for arguments in
            [&["link", "local", "alice"][..], &["unlink", "local"], &["add", "al", "--plex", "alice"], &["sync"]]
        {
            refused(&world, arguments, &words);
        }
    }
    world.write(CONFIG, 0o644, "root:plex-auth", &before);
    refused(&world, &["link", "local", "alice"], &["has mode 0644", "chmod 0640"]);
}

#[test]
fn user_add_hides_the_callers_environment_from_useradd() {
    let Some(world) = machine("") else { return };
    world.sh("mv /usr/sbin/useradd /usr/sbin/useradd.real");
    let spy = "#!/bin/sh\nenv >/run/seen\nprintf '%s\\n' \"$@\" >/run/arguments\nexec /usr/sbin/useradd.real \"$@\"\n";
    world.write("/usr/sbin/useradd", 0o755, "root:root", spy);
    world.write("/tmp/useradd", 0o755, "root:root", "#!/bin/sh\ntouch /run/taken\n");
    let mut command = world.command(&["plex-auth", "user", "add", "al", "--plex", "alice"]);
    command.env("PATH", "/tmp:/usr/sbin:/usr/bin:/bin").env("LD_LIBRARY_PATH", "/tmp").env("BASH_ENV", "/tmp/x");
    assert!(world.finish(command, "").ok());
    let seen = world.sh("grep -v '^\\(PWD\\|SHLVL\\|_\\|OLDPWD\\)=' /run/seen | cut -d= -f1 | sort; ls /run/taken 2>/dev/null || true").stdout;
    assert!(seen.lines().all(|name| ["PATH", "LC_ALL", "DEBIAN_FRONTEND"].contains(&name)), "{seen}");
    assert!(world.sh("cat /run/arguments").stdout.ends_with("--\nal\n"));
}
