//! `plex-auth user sync`: synchronises the local accounts with the friend list.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod new_accounts;

use e2e::{Code, DEN, Out, World, checkout, password};
use fakeplex::{Command, Connections, Endpoint, Fault};

const QUICK: &str = "[timeouts]\nfriend_list = \"1s\"";

/// A machine on which the friends of the Den have no accounts yet.
fn machine(people: &str, further: &str) -> Option<World> {
    let world = World::new()?;
    world.add_user("local", false, Some("LOCAL-SECRET"));
    world.start_plex(people);
    world.start_authd(&world.config(further));
    Some(world)
}

fn run(world: &World, arguments: &[&str]) -> Out {
    let out = world.run(&[&["plex-auth", "user", "sync"], arguments].concat());
    assert!(!out.stdout.contains("SECRET") && !out.stderr.contains("SECRET"), "{out:?}");
    out
}

fn sync(world: &World, arguments: &[&str]) -> String {
    let out = run(world, arguments);
    assert!(out.ok(), "{arguments:?}: {out:?}");
    out.stdout
}

/// The accounts of the friends of the Den, created after the owner has agreed to their names at a terminal.
fn create(world: &World) {
    agree(world, "Create these 3 new accounts? [y/N]", "y");
    world.sh("id alice && id erin && id frank");
}

/// Answers the question of `sync` at a terminal, and returns what was shown.
fn agree(world: &World, question: &str, answer: &str) -> String {
    let mut screen = world.terminal(&["plex-auth", "user", "sync"]);
    screen.wait_for(question);
    screen.type_line(answer);
    assert_eq!(screen.exit(), 0, "{}", screen.contents());
    screen.contents()
}

/// Everything that the command could change.
fn state(world: &World) -> String {
    let script = "cat /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/plex-auth.toml; ls -lR /home; \
                  ls -lR /var/lib/plex-auth-sync 2>/dev/null || true";
    world.sh(script).stdout
}

fn refused(world: &World, arguments: &[&str], words: &[&str]) {
    let before = state(world);
    let out = run(world, arguments);
    assert!(out.code == 1 && words.iter().all(|word| out.stderr.contains(word)), "{words:?}: {out:?}");
    // Only the empty directory of its lock file may appear.
    let without = |text: String| text.split("/var/lib/plex-auth-sync").next().unwrap().to_owned();
    assert_eq!(without(state(world)), without(before));
}

/// Waits until the daemon has fetched plex.tv's current list.
fn wait_for_list() {
    std::thread::sleep(std::time::Duration::from_millis(2500));
}

fn shared_with(names: &[&str]) -> String {
    let list = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    DEN.replace("shared_with = [\"alice\", \"erin\", \"frank\"]", &format!("shared_with = [{list}]"))
}

#[test]
fn sync_adds_locks_and_unlocks_the_accounts_of_friends() {
    let Some(world) = machine(DEN, QUICK) else { return };
    world.start_sshd();
    let plan = "add alice: for alice (Plex id 2)\nadd erin: for erin (Plex id 5)\nadd frank: for frank (Plex id 6)\n";
    assert_eq!(sync(&world, &["--dry-run"]), format!("{plan}Nothing was changed.\n"));
    assert_eq!(world.sh("ls /home; ls /var/lib").stdout.matches("plex-auth-sync").count(), 0);
    create(&world);
    assert_eq!(sync(&world, &[]), "Accounts and friend list match; nothing to do.\n");
    let made = state(&world);
    assert_eq!(sync(&world, &[]), "Accounts and friend list match; nothing to do.\n");
    assert_eq!(state(&world), made, "the second time changes nothing");
    assert_eq!(world.ssh("password", "alice", &password("alice")).stdout, "alice\n");
    assert_eq!(world.ssh_key("alice").stdout, "alice\n");
    assert_eq!(world.sh("getent shadow alice frank | cut -d: -f1,2,8").stdout, "alice:*:\nfrank:*:\n");
    world.sh("echo mine >/home/alice/mine; usermod --expiredate 30000 frank");

    world.plex().load(&shared_with(&["erin", "frank", "alice"]));
    assert_eq!(
        sync(&world, &[]),
        "Accounts and friend list match; nothing to do.\n",
        "the order of the list says nothing"
    );
    world.plex().load(&shared_with(&["erin", "frank"]));
    let locked = sync(&world, &["--dry-run"]);
    assert!(locked.starts_with("lock alice: ") && locked.ends_with("\nNothing was changed.\n"), "{locked}");
    assert_eq!(format!("{}Nothing was changed.\n", sync(&world, &[])), locked);
    assert_eq!(world.sh("getent shadow alice | cut -d: -f2,8; cat /home/alice/mine").stdout, "*:1\nmine\n");
    assert!(!world.ssh_key("alice").ok());
    assert_eq!(sync(&world, &[]), "Accounts and friend list match; nothing to do.\n");

    world.plex().load(DEN);
    assert_eq!(sync(&world, &[]), "unlock alice: its friend has access again\n");
    assert_eq!(world.sh("getent shadow alice | cut -d: -f2,8").stdout, "*:\n");
    wait_for_list();
    assert_eq!(world.ssh_key("alice").stdout, "alice\n");
    // An expiry date that an administrator set is restored.
    world.plex().load(&shared_with(&["alice", "erin"]));
    sync(&world, &[]);
    world.plex().load(DEN);
    sync(&world, &[]);
    assert_eq!(world.sh("getent shadow frank | cut -d: -f2,8").stdout, "*:30000\n");
    assert_eq!(
        world.sh("cat /var/lib/plex-auth-sync/locked; stat -c %U:%a /var/lib/plex-auth-sync").stdout,
        "root:700\n"
    );
    world.assert_no_secret_leaked();
}

#[test]
fn sync_changes_nothing_without_a_valid_friend_list() {
    let Some(world) = machine(DEN, "") else { return };
    create(&world);
    world.plex().load(&shared_with(&["erin", "frank"]));
    for connections in [Connections::Refuse, Connections::SelfSigned, Connections::WrongName] {
        world.plex().send(&Command::Connections(connections)).unwrap();
        refused(&world, &["--yes"], &["the friend list cannot be read", "nothing was changed"]);
    }
    world.plex().clear_faults();
    // The list of shares has a second source, so both fail.
    for endpoints in [&[Endpoint::SharedServers, Endpoint::Users][..], &[Endpoint::User]] {
        for fault in [
            Fault::Status(503, "<html>".into()),
            Fault::Status(200, "<html><body>hello</body></html>".into()),
            Fault::Status(404, String::new()),
            Fault::Truncated,
            Fault::Garbage,
            Fault::Reset,
            Fault::TooMany(Some(60)),
        ] {
            for endpoint in endpoints {
                world.plex().fault(*endpoint, fault.clone());
            }
            refused(&world, &["--yes", "--remove"], &["nothing was changed"]);
            world.plex().clear_faults();
        }
    }
    world.plex().send(&Command::KillTokens("olga".into())).unwrap();
    refused(&world, &["--yes"], &["rejects the owner's token", "nothing was changed"]);
}

/// A list that plex-authd itself does not rely on creates, locks and removes nothing.
#[test]
fn r75_r76_sync_changes_nothing_by_a_list_in_doubt_or_from_the_second_source() {
    let Some(world) = machine(DEN, "") else { return };
    create(&world);
    let restart = || {
        let config = world.sh("cat /etc/plex-auth.toml").stdout;
        world.stop_authd();
        world.start_authd(&config);
    };
    restart();
    assert_eq!(world.account("alice"), Code::SUCCESS);
    let all = [
        &["--ask-daemon", "--yes"][..],
        &["--ask-daemon", "--yes", "--remove"],
        &["--ask-daemon", "--prefix", "plex-"],
    ];
    // Alice is gone and Bob is there, by the second source.
    world.plex().load(&shared_with(&["erin", "frank", "bob"]));
    world.plex().fault(Endpoint::SharedServers, Fault::Status(404, String::new()));
    restart();
    world.wait_for_log(&["read from the second source from now on"]);
    for arguments in all {
        refused(&world, arguments, &["from the second source", "nothing was changed", "plex-auth friends"]);
    }
    refused(&world, &["--yes"], &["from the second source", "nothing was changed"]);
    world.plex().clear_faults();
    world.plex().load(DEN);
    restart();
    world.wait_for_log(&["read from the first source again"]);
    // Most people are gone, and the second source, which does not answer, does not confirm it.
    world.plex().load(&shared_with(&["erin"]));
    world.plex().fault(Endpoint::Users, Fault::Status(503, String::new()));
    restart();
    world.wait_for_log(&["the friend list is in doubt"]);
    for arguments in all {
        refused(&world, arguments, &["the friend list is in doubt: it lacks", "nothing was changed"]);
    }
    world.plex().clear_faults();
    world.plex().load(DEN);
    restart();
    world.wait_for_log(&["no longer in doubt"]);
    assert_eq!(sync(&world, &["--ask-daemon"]), "Accounts and friend list match; nothing to do.\n");
}

#[test]
fn sync_asks_before_locking_most_accounts() {
    let Some(world) = machine(DEN, "") else { return };
    create(&world);
    for names in [&["alice"][..], &[]] {
        world.plex().load(&shared_with(names));
        refused(&world, &[], &["accounts would be gone at once", "nothing was changed", "plex-auth user sync --yes"]);
        let dry = run(&world, &["--dry-run"]);
        assert!(
            dry.ok() && dry.stdout.contains("lock erin: ") && dry.stderr.contains("would be gone at once"),
            "{dry:?}"
        );
    }
    // On a terminal the command asks for confirmation.
    let mut screen = world.terminal(&["plex-auth", "user", "sync"]);
    screen.wait_for("3 of 3 accounts would be gone at once");
    screen.wait_for("Do it? [y/N]");
    screen.type_line("n");
    assert_eq!(screen.exit(), 1, "{}", screen.contents());
    assert!(screen.contents().contains("cancelled; nothing was changed"), "{}", screen.contents());
    assert_eq!(world.sh("getent shadow alice erin frank | cut -d: -f8").stdout, "\n\n\n");
    assert_eq!(sync(&world, &["--yes"]).matches("lock ").count(), 3);
    assert_eq!(world.sh("getent shadow alice erin frank | cut -d: -f8").stdout, "1\n1\n1\n");
}

#[test]
fn sync_removes_accounts_only_with_remove_and_keeps_their_homes() {
    let Some(world) = machine(DEN, "") else { return };
    create(&world);
    world.sh("echo mine >/home/alice/mine");
    world.plex().load(&shared_with(&["erin", "frank"]));
    refused(&world, &["--remove"], &["accounts would be removed", "nothing was changed", "--yes"]);
    sync(&world, &[]);
    assert_eq!(world.sh("cat /home/alice/mine").stdout, "mine\n");
    let said = sync(&world, &["--remove", "--yes"]);
    assert!(
        said.starts_with("remove alice: ") && said.contains("alice: kept for root: its home, /home/.removed-alice-"),
        "{said}"
    );
    assert_eq!(world.sh("ls /home; getent passwd alice || echo gone").stdout, "erin\nfrank\nlocal\ngone\n");
    assert_eq!(world.sh("cat /home/.removed-alice-*/mine").stdout, "mine\n");
    assert_eq!(sync(&world, &["--remove", "--yes"]), "Accounts and friend list match; nothing to do.\n");
    // Alice is a friend again. Her account is gone, and only the owner gives her another one.
    world.plex().load(DEN);
    for arguments in [&[][..], &["--yes"], &["--prefix", "plex-"]] {
        let said = sync(&world, arguments);
        assert!(said.contains("had an account: alice (Plex id 2): the account 'alice' was theirs"), "{said}");
        assert!(
            said.contains("plex-auth user add NAME --plex 2")
                && said.ends_with("Accounts and friend list match; nothing to do.\n"),
            "{said}"
        );
    }
    assert!(world.run(&["plex-auth", "user", "add", "alice2", "--plex", "alice"]).ok());
    assert_eq!(sync(&world, &[]), "Accounts and friend list match; nothing to do.\n");
}

#[test]
fn sync_leaves_personal_accounts_and_other_peoples_locks_alone() {
    let Some(world) = machine(DEN, "") else { return };
    world.add_user("anna", true, Some("LOCAL-SECRET"));
    world.add_user("olga", true, None);
    create(&world);
    world.sh("usermod --lock --expiredate 1 erin");
    let said = sync(&world, &[]);
    assert!(said.contains("left as it is: anna: ") && said.contains("local password"), "{said}");
    assert!(said.contains("left as it is: erin: ") && said.contains("it was locked by other means"), "{said}");
    assert!(!said.contains("olga") && said.ends_with("Accounts and friend list match; nothing to do.\n"), "{said}");
    assert_eq!(world.sh("getent shadow anna olga erin | cut -d: -f8").stdout, "\n\n1\n");
}

#[test]
fn sync_keeps_the_account_of_a_friend_with_a_new_username() {
    let Some(world) = machine(DEN, QUICK) else { return };
    create(&world);
    world
        .plex()
        .load(&DEN.replace("username = \"alice\"", "username = \"alicia\"").replace("[\"alice\", ", "[\"alicia\", "));
    assert_eq!(sync(&world, &[]), "Accounts and friend list match; nothing to do.\n");
    world.stop_authd();
    let out = run(&world, &["--dry-run"]);
    assert!(
        out.stdout == "Accounts and friend list match; nothing to do.\n" && out.stderr.contains("warning: plex-authd "),
        "{out:?}"
    );
    world.start_authd(&world.sh("cat /etc/plex-auth.toml").stdout);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    // A member without an entry is bound by the daemon, which alone knows the new name: without it no account is locked.
    world.sh("sed -i '/^alice = /d' /etc/plex-auth.toml");
    world.stop_authd();
    let out = run(&world, &["--dry-run"]);
    assert!(!out.stdout.contains("lock ") && out.stdout.contains("left as it is: alice: "), "{out:?}");
    assert!(!out.stdout.contains("add alicia"), "{out:?}");
}

#[test]
fn sync_without_a_group_lists_the_accounts_in_users() {
    let Some(world) = machine(DEN, "") else { return };
    let config = world.config("[users] # mine\neve = \"erin@example.org\"").replace("group = \"plex-users\"\n", "");
    world.stop_authd();
    world.start_authd(&config);
    let said = sync(&world, &[]);
    assert!(said.starts_with("add eve: for erin (Plex id 5)\n"), "the owner has named that one: {said}");
    assert!(said.matches("waits for you: ").count() == 2 && !said.contains("\nadd "), "{said}");
    agree(&world, "Create these 2 new accounts? [y/N]", "y");
    let written = world.sh("cat /etc/plex-auth.toml").stdout;
    let lines = "[users] # mine\neve = \"5\"  # erin\nalice = \"2\"  # alice\nfrank = \"6\"  # frank\n";
    assert!(written.contains(lines), "{written}");
    assert_eq!(sync(&world, &[]), "Accounts and friend list match; nothing to do.\n");
    world.stop_authd();
    world.start_authd(&written);
    assert_eq!(world.authenticate("eve", &password("alice")), Code::AUTH_ERR);
    assert_eq!(world.authenticate("frank", &password("frank")), Code::SUCCESS);
}

#[test]
fn sync_treats_a_new_plex_account_with_a_former_name_as_another_person() {
    let Some(world) = machine(DEN, QUICK) else { return };
    create(&world);
    // The name belongs to another Plex account now, and the old local account was removed by hand.
    world.sh("userdel --remove alice");
    let people = DEN.replace("id = 2", "id = 22");
    world.plex().load(&people);
    wait_for_list();
    let said = sync(&world, &[]);
    assert!(
        said.contains("needs a name: alice (Plex id 22): [users] assigns 'alice' to another Plex account"),
        "{said}"
    );
    assert!(world.run(&["plex-auth", "user", "unlink", "alice"]).ok());
    agree(&world, "Create this new account? [y/N]", "y");
    let config = world.sh("cat /etc/plex-auth.toml").stdout;
    assert!(config.contains("alice = \"22\"  # alice\n"), "{config}");
    world.stop_authd();
    world.start_authd(&config);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn sync_reports_a_failed_step_and_performs_the_others() {
    let Some(world) = machine(DEN, "") else { return };
    world.sh("mv /usr/sbin/useradd /usr/sbin/useradd.real");
    let script = "#!/bin/sh\nfor name; do :; done\nif [ \"$name\" = erin ]; then echo 'useradd: no room' >&2; exit 12; fi\n\
                  exec /usr/sbin/useradd.real \"$@\"\n";
    world.write("/usr/sbin/useradd", 0o755, "root:root", script);
    world.owner_has_seen(&[(2, "alice"), (5, "erin"), (6, "frank")]);
    let out = run(&world, &[]);
    assert!(out.code == 1 && out.stderr.contains("add erin: for erin (Plex id 5): useradd: no room"), "{out:?}");
    assert!(out.stderr.contains("1 of 3 steps failed") && out.stderr.contains("plex-auth user sync"), "{out:?}");
    assert_eq!(world.sh("ls /home").stdout, "alice\nfrank\nlocal\n");
    world.sh("mv /usr/sbin/useradd.real /usr/sbin/useradd");
    assert_eq!(sync(&world, &[]), "add erin: for erin (Plex id 5)\n");
}

#[test]
fn sync_units_are_valid_and_keep_the_capabilities_for_the_tools() {
    let Some(world) = machine(DEN, "") else { return };
    let units = checkout().join("packaging/systemd");
    for unit in ["plex-auth-sync.service", "plex-auth-sync.timer"] {
        world.copy(&units.join(unit), &format!("/etc/systemd/system/{unit}"), 0o644);
    }
    let out = world.run(&["systemd-analyze", "verify", "--man=no", "plex-auth-sync.service", "plex-auth-sync.timer"]);
    let said = format!("{}{}", out.stdout, out.stderr);
    assert!(out.ok() && !said.contains("plex-auth-sync"), "{out:?}");
    // Runs as root with only the capabilities that the unit leaves, and only the directories that it names writable.
    let unit = std::fs::read_to_string(units.join("plex-auth-sync.service")).unwrap();
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap();
    let capabilities = value("CapabilityBoundingSet").to_lowercase().replace("cap_", "+").replace(' ', ",");
    let writable = value("ReadWritePaths").replace('-', "");
    let script = format!(
        "mkdir -p /var/lib/plex-auth-sync; for d in {writable} /var/lib/plex-auth-sync; do [ ! -e $d ] || mount --bind $d $d; done; \
         for d in /usr /var /run; do mount --bind $d $d && mount -o remount,bind,ro $d; done; \
         for d in {writable} /var/lib/plex-auth-sync; do [ ! -e $d ] || {{ mount --bind $d $d && mount -o remount,bind,rw $d; }}; done; \
         exec setpriv --no-new-privs --bounding-set -all,{capabilities} plex-auth user sync"
    );
    world.owner_has_seen(&[(2, "alice"), (5, "erin"), (6, "frank")]);
    let out = world.run(&["unshare", "--mount", "sh", "-e", "-c", &script]);
    assert!(out.ok() && out.stdout.matches("add ").count() == 3, "{out:?}");
    world.plex().load(&shared_with(&["erin", "frank"]));
    world.start(&["setpriv", "--reuid", "alice", "--regid", "alice", "--init-groups", "sleep", "600"]);
    world.sh("until pgrep -U alice; do sleep 0.02; done");
    let out = world.run(&["unshare", "--mount", "sh", "-e", "-c", &script]);
    assert!(out.ok() && out.stdout.starts_with("lock alice"), "{out:?}");
    assert!(out.stdout.contains("alice: ended: 1 process\n"), "{out:?}");
    assert_eq!(world.sh("getent shadow alice | cut -d: -f2,8; stat -c %U:%G /home/alice").stdout, "*:1\nalice:alice\n");
}
