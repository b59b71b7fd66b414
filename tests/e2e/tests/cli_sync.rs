//! `plex-auth user sync`: synchronises the local accounts with the friend list.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

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
    assert_eq!(sync(&world, &[]), "Everything is in step.\n");
    let made = state(&world);
    assert_eq!(sync(&world, &[]), "Everything is in step.\n");
    assert_eq!(state(&world), made, "the second time changes nothing");
    assert_eq!(world.ssh("password", "alice", &password("alice")).stdout, "alice\n");
    assert_eq!(world.ssh_key("alice").stdout, "alice\n");
    assert_eq!(world.sh("getent shadow alice frank | cut -d: -f1,2,8").stdout, "alice:*:\nfrank:*:\n");
    world.sh("echo mine >/home/alice/mine; usermod --expiredate 30000 frank");

    world.plex().load(&shared_with(&["erin", "frank", "alice"]));
    assert_eq!(sync(&world, &[]), "Everything is in step.\n", "the order of the list says nothing");
    world.plex().load(&shared_with(&["erin", "frank"]));
    let locked = sync(&world, &["--dry-run"]);
    assert!(locked.starts_with("lock alice: ") && locked.ends_with("\nNothing was changed.\n"), "{locked}");
    assert_eq!(format!("{}Nothing was changed.\n", sync(&world, &[])), locked);
    assert_eq!(world.sh("getent shadow alice | cut -d: -f2,8; cat /home/alice/mine").stdout, "*:1\nmine\n");
    assert!(!world.ssh_key("alice").ok());
    assert_eq!(sync(&world, &[]), "Everything is in step.\n");

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
fn sync_creates_no_account_for_hostile_names_and_lists_a_hint_for_each() {
    let long = "a".repeat(40);
    let names = [
        "root",
        "../x",
        "-o",
        "sudo",
        "docker",
        "\u{430}lice",
        "re\\u009B31md",
        "a b",
        "daemon",
        "local",
        &long,
        "Dora",
    ];
    let mut people = DEN.to_owned();
    for (number, name) in names.iter().enumerate() {
        let shared = people.replace("[\"alice\", ", &format!("[\"alice\", \"{name}\", "));
        let id = 100 + number;
        people = format!("{shared}\n[[account]]\nid = {id}\nusername = \"{name}\"\nemail = \"p@example.org\"\n");
    }
    let Some(world) = machine(&people, "") else { return };
    let said = sync(&world, &["--dry-run"]);
    let added: Vec<_> = said.lines().filter(|line| line.starts_with("add ")).collect();
    let expected = ["alice", "dora", "erin", "frank"];
    assert!(added.len() == 4 && added.iter().zip(expected).all(|(line, name)| line.contains(name)), "{said}");
    for number in 0..names.len() - 1 {
        let hint = format!("plex-auth user add NAME --plex {}", 100 + number);
        assert_eq!(said.matches(&hint).count(), 1, "{hint}: {said}");
    }
    assert!(said.contains("if the account 'local' is theirs: plex-auth user link local 109"), "{said}");
    assert!(!said.contains('\u{9b}') && said.contains("re?31md"), "{said}");
    agree(&world, "Create these 4 new accounts? [y/N]", "y");
    assert_eq!(world.sh("ls /home").stdout, "alice\ndora\nerin\nfrank\nlocal\n");
    assert!(world.sh("id -nG local").stdout.trim() == "local", "an account of somebody else's is left alone");
    // The owner follows one hint; the other names stay listed.
    assert!(world.run(&["plex-auth", "user", "add", "cyril", "--plex", "105"]).ok());
    let again = sync(&world, &[]);
    assert!(again.ends_with("Everything is in step.\n") && !again.contains("--plex 105"), "{again}");
}

#[test]
fn sync_changes_nothing_without_a_valid_friend_list() {
    let Some(world) = machine(DEN, "") else { return };
    create(&world);
    world.plex().load(&shared_with(&["erin", "frank"]));
    for connections in [Connections::Refuse, Connections::SelfSigned, Connections::WrongName] {
        world.plex().send(&Command::Connections(connections)).unwrap();
        refused(&world, &["--yes"], &["the friend list cannot be had", "nothing was changed"]);
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
    refused(&world, &["--yes"], &["does not take the owner's token", "nothing was changed"]);
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
    assert!(screen.contents().contains("not done; nothing was changed"), "{}", screen.contents());
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
    assert_eq!(sync(&world, &["--remove", "--yes"]), "Everything is in step.\n");
    // Alice is a friend again. Her account is gone, and only the owner gives her another one.
    world.plex().load(DEN);
    for arguments in [&[][..], &["--yes"], &["--prefix", "plex-"]] {
        let said = sync(&world, arguments);
        assert!(said.contains("had an account: alice (Plex id 2): the account 'alice' was theirs"), "{said}");
        assert!(
            said.contains("plex-auth user add NAME --plex 2") && said.ends_with("Everything is in step.\n"),
            "{said}"
        );
    }
    assert!(world.run(&["plex-auth", "user", "add", "alice2", "--plex", "alice"]).ok());
    assert_eq!(sync(&world, &[]), "Everything is in step.\n");
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
    assert!(said.contains("left as it is: erin: ") && said.contains("somebody else locked it"), "{said}");
    assert!(!said.contains("olga") && said.ends_with("Everything is in step.\n"), "{said}");
    assert_eq!(world.sh("getent shadow anna olga erin | cut -d: -f8").stdout, "\n\n1\n");
}

#[test]
fn sync_keeps_the_account_of_a_friend_with_a_new_username() {
    let Some(world) = machine(DEN, QUICK) else { return };
    create(&world);
    world
        .plex()
        .load(&DEN.replace("username = \"alice\"", "username = \"alicia\"").replace("[\"alice\", ", "[\"alicia\", "));
    assert_eq!(sync(&world, &[]), "Everything is in step.\n");
    world.stop_authd();
    let out = run(&world, &["--dry-run"]);
    assert!(out.stdout == "Everything is in step.\n" && out.stderr.contains("warning: plex-authd "), "{out:?}");
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
    assert_eq!(sync(&world, &[]), "Everything is in step.\n");
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

/// 99 friends whose names are those of system users that a distribution registers, as the review tried; and a timer's run.
#[test]
fn r73_unattended_sync_creates_no_account_whose_name_the_owner_has_not_seen() {
    let registered = std::fs::read_to_string(checkout().join("src/plex-auth/tests/nixos-ids.txt")).unwrap();
    let names = ["mock", "microk8s", "gdm", "input", "jenkins"].map(str::to_owned);
    let more = registered.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    let more = more.map(str::to_owned).skip(20).filter(|name| !names.contains(name));
    let names: Vec<_> = names.iter().cloned().chain(more).take(99).collect();
    let mut people = DEN.to_owned();
    for (number, name) in names.iter().enumerate() {
        let shared = people.replace("[\"alice\", ", &format!("[\"alice\", \"{name}\", "));
        let id = 1000 + number;
        people = format!("{shared}\n[[account]]\nid = {id}\nusername = \"{name}\"\nemail = \"{id}@example.org\"\n");
    }
    let Some(world) = machine(&people, QUICK) else { return };
    let accounts = "cut -d: -f1 /etc/passwd /etc/group | sort; ls /home; cat /etc/plex-auth.toml";
    let before = world.sh(accounts).stdout;
    for arguments in [&[][..], &["--yes"], &["--ask-daemon"], &["--ask-daemon", "--yes"]] {
        let said = sync(&world, arguments);
        assert!(!said.contains("add ") || !said.lines().any(|line| line.starts_with("add ")), "{said}");
        assert!(said.contains("waits for you: alice: for alice (Plex id 2), a name that you have not seen"), "{said}");
        assert!(said.contains("plex-auth user add alice --plex 2"), "{said}");
        assert_eq!(world.sh(accounts).stdout, before, "{arguments:?}");
    }
    // Both commands that show how the machine is name those who wait.
    let status = world.run(&["plex-auth", "status"]).stdout;
    assert!(status.contains("friends wait until you have seen the name: plex-auth user sync"), "{status}");
    let doctor = world.run(&["plex-auth", "doctor"]).stdout;
    assert!(
        doctor.contains("friends without an account, whose names you have not seen: alice (Plex id 2)"),
        "{doctor}"
    );
    // Not one of those names can be agreed to by mistake if a package is known to create it.
    let plan = sync(&world, &["--dry-run"]);
    for name in names.iter().take(5) {
        assert!(plan.contains(&format!("needs a name: {name} (Plex id ")), "{name}: {plan}");
    }
    let offered = plan.lines().filter(|line| line.starts_with("add ")).count() - 3;
    assert!(offered * 3 < names.len(), "{offered} of {}: {plan}", names.len());
    // With a prefix nothing is asked, and each account has one.
    let said = sync(&world, &["--ask-daemon", "--prefix", "plex-"]);
    let added: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("add ")).collect();
    assert!(added.len() > 95 && added.iter().all(|line| line.starts_with("plex-")), "{said}");
    assert!(world.sh("ls /home").stdout.lines().all(|home| home == "local" || home.starts_with("plex-")));
    let config = world.sh("cat /etc/plex-auth.toml").stdout;
    assert!(config.contains("plex-alice = \"2\"  # alice\n") && config.contains("plex-mock = \"1000\"  # mock\n"));
    let group = world.sh("id -nG plex-jenkins").stdout;
    assert_eq!(group, "plex-jenkins plex-users\n");
    world.stop_authd();
    world.start_authd(&config);
    assert_eq!(world.authenticate("plex-alice", &password("alice")), Code::SUCCESS);
    for prefix in ["m", "mo", "systemd-", "gitlab-", "plex"] {
        refused(&world, &["--prefix", prefix], &["prefix", "nothing was changed"]);
    }
}

/// What the owner agrees to at the terminal is created, then or by a later run; what they do not agree to is not.
#[test]
fn r73_owner_agrees_to_names_once_and_a_renamed_friend_gets_no_other_account() {
    let Some(world) = machine(DEN, QUICK) else { return };
    let screen = agree(&world, "Create these 3 new accounts? [y/N]", "n");
    assert!(screen.contains("add alice: for alice (Plex id 2)"), "{screen}");
    assert_eq!(world.sh("ls /home").stdout, "local\n");
    assert_eq!(sync(&world, &[]).matches("waits for you: ").count(), 3);
    create(&world);
    let renamed = |old: &str, new: &str| {
        let people = DEN.replace(&format!("username = \"{old}\""), &format!("username = \"{new}\""));
        people.replace(&format!("\"{old}\", "), &format!("\"{new}\", "))
    };
    for (old, new) in [("alice", "mock"), ("alice", "jenkins"), ("erin", "root")] {
        world.plex().load(&renamed(old, new));
        wait_for_list();
        assert_eq!(sync(&world, &[]), "Everything is in step.\n", "{old} is {new} now");
    }
    // The owner removes an account; its friend, who renames themselves, gets no second one.
    assert!(world.run(&["plex-auth", "user", "remove", "alice"]).ok());
    for name in ["alice", "alicia", "alicia2"] {
        world.plex().load(&renamed("alice", name));
        let said = sync(&world, &[]);
        assert!(said.contains(&format!("had an account: {name} (Plex id 2)")), "{said}");
    }
    assert_eq!(world.sh("ls /home").stdout, "erin\nfrank\nlocal\n");
    // An account of an earlier version, which recorded no people: its comment says whose it was.
    world.sh(
        "rm /var/lib/plex-auth-sync/people; sed -i '/^erin = /d' /etc/plex-auth.toml; gpasswd --delete erin plex-users",
    );
    world.plex().load(&renamed("erin", "erina"));
    let said = sync(&world, &[]);
    assert!(said.contains("had an account: erina (Plex id 5): the account 'erin' was theirs"), "{said}");
    world.write("/var/lib/plex-auth-sync/people", 0o600, "root:root", "2 alice\n");
    refused(&world, &["--yes"], &["/var/lib/plex-auth-sync/people", "damaged", "nothing was changed"]);
}

/// Names that only this machine's packages, or its files of subordinate ids, have.
#[test]
fn r73_names_of_sysusers_and_subordinate_ids_and_of_groups_are_nobodys() {
    let Some(world) = machine(DEN, "") else { return };
    world.sh("mkdir -p /etc/sysusers.d /usr/lib/sysusers.d; groupadd frank; echo alice:100000:65536 >>/etc/subuid");
    world.write("/usr/lib/sysusers.d/own.conf", 0o644, "root:root", "u! erin - \"A daemon\"\nm carol staff\n");
    let said = sync(&world, &["--dry-run"]);
    assert!(said.contains("needs a name: alice (Plex id 2): 'alice' has subordinate ids in /etc/subuid"), "{said}");
    let why = "needs a name: erin (Plex id 5): /usr/lib/sysusers.d/own.conf creates a user or a group 'erin'";
    assert!(said.contains(why) && said.contains("needs a name: frank (Plex id 6): 'frank' exists already"), "{said}");
    for (name, words) in [
        ("erin", "own.conf"),
        ("carol", "own.conf"),
        ("alice", "/etc/subuid"),
        ("frank", "already"),
        ("mock", "meaning"),
    ] {
        let out = world.run(&["plex-auth", "user", "add", name, "--plex", "alice"]);
        assert!(out.code == 1 && out.stderr.contains(words), "{name}: {out:?}");
    }
    assert_eq!(world.sh("ls /home; getent group mock erin || echo none").stdout, "local\nnone\n");
    // The friends' group is not created under such a name either.
    world.sh("groupdel plex-users; sed -i 's/^group = .*/group = \"jenkins\"/' /etc/plex-auth.toml");
    let out = world.run(&["plex-auth", "user", "add", "al", "--plex", "alice"]);
    assert!(out.code == 1 && out.stderr.contains("packages create one of that name"), "{out:?}");
    assert!(!world.run(&["getent", "group", "jenkins"]).ok());
}
