//! `plex-auth user sync`: the local accounts in step with the friend list.
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

/// Everything that it could change.
fn state(world: &World) -> String {
    let script = "cat /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/plex-auth.toml; ls -lR /home; \
                  ls -lR /var/lib/plex-auth-sync 2>/dev/null || true";
    world.sh(script).stdout
}

fn refused(world: &World, arguments: &[&str], words: &[&str]) {
    let before = state(world);
    let out = run(world, arguments);
    assert!(out.code == 1 && words.iter().all(|word| out.stderr.contains(word)), "{words:?}: {out:?}");
    // An empty directory to take turns in is all that there may be.
    let without = |text: String| text.split("/var/lib/plex-auth-sync").next().unwrap().to_owned();
    assert_eq!(without(state(world)), without(before));
}

/// Waits until the daemon knows the list that plex.tv has now.
fn wait_for_list() {
    std::thread::sleep(std::time::Duration::from_millis(2500));
}

fn shared_with(names: &[&str]) -> String {
    let list = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    DEN.replace("shared_with = [\"alice\", \"erin\", \"frank\"]", &format!("shared_with = [{list}]"))
}

#[test]
fn friends_get_accounts_and_lose_them_and_come_back() {
    let Some(world) = machine(DEN, QUICK) else { return };
    world.start_sshd();
    let plan = "add alice: for alice (Plex id 2)\nadd erin: for erin (Plex id 5)\nadd frank: for frank (Plex id 6)\n";
    assert_eq!(sync(&world, &["--dry-run"]), format!("{plan}Nothing was changed.\n"));
    assert_eq!(world.sh("ls /home; ls /var/lib").stdout.matches("plex-auth-sync").count(), 0);
    assert_eq!(sync(&world, &[]), plan);
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
    // A day of expiry that somebody set comes back too.
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
fn hostile_names_become_no_account_and_are_listed_with_what_to_do() {
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
    let said = sync(&world, &[]);
    let added: Vec<_> = said.lines().filter(|line| line.starts_with("add ")).collect();
    let expected = ["alice", "dora", "erin", "frank"];
    assert!(added.len() == 4 && added.iter().zip(expected).all(|(line, name)| line.contains(name)), "{said}");
    for number in 0..names.len() - 1 {
        let mend = format!("plex-auth user add NAME --plex {}", 100 + number);
        assert_eq!(said.matches(&mend).count(), 1, "{mend}: {said}");
    }
    assert!(said.contains("if the account 'local' is theirs: plex-auth user link local 109"), "{said}");
    assert!(!said.contains('\u{9b}') && said.contains("re?31md"), "{said}");
    assert_eq!(world.sh("ls /home").stdout, "alice\ndora\nerin\nfrank\nlocal\n");
    assert!(world.sh("id -nG local").stdout.trim() == "local", "an account of somebody else's is left alone");
    // The owner follows one piece of advice; the rest stays listed and in step.
    assert!(world.run(&["plex-auth", "user", "add", "cyril", "--plex", "105"]).ok());
    let again = sync(&world, &[]);
    assert!(again.ends_with("Everything is in step.\n") && !again.contains("--plex 105"), "{again}");
}

#[test]
fn what_plex_tv_does_not_say_changes_nothing() {
    let Some(world) = machine(DEN, "") else { return };
    sync(&world, &[]);
    world.plex().load(&shared_with(&["erin", "frank"]));
    for connections in [Connections::Refuse, Connections::SelfSigned, Connections::WrongName] {
        world.plex().send(&Command::Connections(connections)).unwrap();
        refused(&world, &["--yes"], &["the friend list cannot be had", "nothing was changed"]);
    }
    world.plex().clear_faults();
    for endpoint in [Endpoint::SharedServers, Endpoint::User] {
        for fault in [
            Fault::Status(503, "<html>".into()),
            Fault::Status(200, "<html><body>hello</body></html>".into()),
            Fault::Status(404, String::new()),
            Fault::Truncated,
            Fault::Garbage,
            Fault::Reset,
            Fault::TooMany(Some(60)),
        ] {
            world.plex().fault(endpoint, fault);
            refused(&world, &["--yes", "--remove"], &["nothing was changed"]);
            world.plex().clear_faults();
        }
    }
    world.plex().send(&Command::KillTokens("olga".into())).unwrap();
    refused(&world, &["--yes"], &["does not take the owner's token", "nothing was changed"]);
}

#[test]
fn a_list_that_would_lock_most_accounts_is_not_believed_without_a_word() {
    let Some(world) = machine(DEN, "") else { return };
    sync(&world, &[]);
    for names in [&["alice"][..], &[]] {
        world.plex().load(&shared_with(names));
        refused(&world, &[], &["accounts would be gone at once", "nothing was changed", "plex-auth user sync --yes"]);
        let dry = run(&world, &["--dry-run"]);
        assert!(
            dry.ok() && dry.stdout.contains("lock erin: ") && dry.stderr.contains("would be gone at once"),
            "{dry:?}"
        );
    }
    // Somebody at a terminal is asked.
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
fn accounts_are_removed_only_when_told_and_their_homes_are_kept() {
    let Some(world) = machine(DEN, "") else { return };
    sync(&world, &[]);
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
}

#[test]
fn accounts_that_are_somebodys_own_and_locks_of_somebody_else_are_left_alone() {
    let Some(world) = machine(DEN, "") else { return };
    world.add_user("anna", true, Some("LOCAL-SECRET"));
    world.add_user("olga", true, None);
    sync(&world, &[]);
    world.sh("usermod --lock --expiredate 1 erin");
    let said = sync(&world, &[]);
    assert!(said.contains("left as it is: anna: ") && said.contains("local password"), "{said}");
    assert!(said.contains("left as it is: erin: ") && said.contains("somebody else locked it"), "{said}");
    assert!(!said.contains("olga") && said.ends_with("Everything is in step.\n"), "{said}");
    assert_eq!(world.sh("getent shadow anna olga erin | cut -d: -f8").stdout, "\n\n1\n");
}

#[test]
fn a_friend_with_a_new_name_keeps_their_account() {
    let Some(world) = machine(DEN, QUICK) else { return };
    sync(&world, &[]);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("pin", 1);
    world
        .plex()
        .load(&DEN.replace("username = \"alice\"", "username = \"alicia\"").replace("[\"alice\", ", "[\"alicia\", "));
    assert_eq!(sync(&world, &[]), "Everything is in step.\n");
    // Only the daemon knows; without it nobody is locked.
    world.stop_authd();
    let out = run(&world, &["--dry-run"]);
    assert!(!out.stdout.contains("lock ") && out.stdout.contains("left as it is: alice: "), "{out:?}");
    assert!(out.stderr.contains("warning: plex-authd "), "{out:?}");
}

#[test]
fn without_a_group_the_accounts_stand_in_users() {
    let Some(world) = machine(DEN, "") else { return };
    let config = world.config("[users] # mine\neve = \"erin@example.org\"").replace("group = \"plex-users\"\n", "");
    world.stop_authd();
    world.start_authd(&config);
    let said = sync(&world, &[]);
    assert!(said.contains("add eve: for erin (Plex id 5)"), "the owner has named that one: {said}");
    let written = world.sh("cat /etc/plex-auth.toml").stdout;
    let lines = "[users] # mine\neve = \"erin@example.org\"\nalice = \"2\"  # alice\nfrank = \"6\"  # frank\n";
    assert!(written.contains(lines), "{written}");
    assert_eq!(sync(&world, &[]), "Everything is in step.\n");
    world.stop_authd();
    world.start_authd(&written);
    assert_eq!(world.authenticate("eve", &password("alice")), Code::AUTH_ERR);
    assert_eq!(world.authenticate("frank", &password("frank")), Code::SUCCESS);
}

#[test]
fn a_new_account_of_an_old_name_is_another_one() {
    let Some(world) = machine(DEN, QUICK) else { return };
    sync(&world, &[]);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("pin", 1);
    // Somebody else has the name now, and the old account was removed by hand.
    world.sh("userdel --remove alice");
    let people = DEN.replace("id = 2", "id = 22");
    world.plex().load(&people);
    wait_for_list();
    assert_eq!(sync(&world, &[]), "add alice: for alice (Plex id 22)\n");
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn what_fails_is_said_and_the_rest_is_done() {
    let Some(world) = machine(DEN, "") else { return };
    world.sh("mv /usr/sbin/useradd /usr/sbin/useradd.real");
    let script = "#!/bin/sh\nfor name; do :; done\nif [ \"$name\" = erin ]; then echo 'useradd: no room' >&2; exit 12; fi\n\
                  exec /usr/sbin/useradd.real \"$@\"\n";
    world.write("/usr/sbin/useradd", 0o755, "root:root", script);
    let out = run(&world, &[]);
    assert!(out.code == 1 && out.stderr.contains("add erin: for erin (Plex id 5): useradd: no room"), "{out:?}");
    assert!(out.stderr.contains("1 of 3 steps failed") && out.stderr.contains("plex-auth user sync"), "{out:?}");
    assert_eq!(world.sh("ls /home").stdout, "alice\nfrank\nlocal\n");
    world.sh("mv /usr/sbin/useradd.real /usr/sbin/useradd");
    assert_eq!(sync(&world, &[]), "add erin: for erin (Plex id 5)\n");
}

#[test]
fn the_units_are_good_and_leave_the_tools_what_they_need() {
    let Some(world) = machine(DEN, "") else { return };
    let units = checkout().join("packaging/systemd");
    for unit in ["plex-auth-sync.service", "plex-auth-sync.timer"] {
        world.copy(&units.join(unit), &format!("/etc/systemd/system/{unit}"), 0o644);
    }
    let out = world.run(&["systemd-analyze", "verify", "--man=no", "plex-auth-sync.service", "plex-auth-sync.timer"]);
    let said = format!("{}{}", out.stdout, out.stderr);
    assert!(out.ok() && !said.contains("plex-auth-sync"), "{out:?}");
    // As root without any right that the unit does not leave it, and with only the directories writable that it names.
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
