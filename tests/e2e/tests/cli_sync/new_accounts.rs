//! New accounts: for whom, under which names, and who has to agree to them.

use e2e::DEN;

use super::*;

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
    assert!(
        again.ends_with("Accounts and friend list match; nothing to do.\n") && !again.contains("--plex 105"),
        "{again}"
    );
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
    assert!(status.contains("friends wait for you to confirm the name: plex-auth user sync"), "{status}");
    let doctor = world.run(&["plex-auth", "doctor"]).stdout;
    assert!(
        doctor.contains("friends without an account, whose names need your confirmation: alice (Plex id 2)"),
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
        assert_eq!(sync(&world, &[]), "Accounts and friend list match; nothing to do.\n", "{old} is {new} now");
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
