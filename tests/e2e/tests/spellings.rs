//! R66: an account is evaluated under the name that the account database returns, whatever was typed. The machine has a
//! name service that answers to other spellings, as SSSD and winbind do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::Duration;

use e2e::{Code, DEN, Out, SYNC, Try, World, password};
use fakeplex::{Endpoint, Fault};

/// Few enough failures that three spellings use them up together.
const THREE_TRIES: &str = "[throttle]\nfree_tries = 3\nfirst_pause = \"1m\"\nlongest_pause = \"10m\"";

const HOME: &str = "192.0.2.7";

/// Adds the name service, for programs that start from now on, and restarts the daemon.
fn answer_to_spellings(world: &World, config: &str) {
    let library = world.c_library("nss_spell");
    world.sh(&format!(
        "libraries=$(dirname \"$(find /usr/lib /usr/lib64 -name libc.so.6 2>/dev/null | head -n 1)\")
         install -m 644 {library} \"$libraries/libnss_spell.so.2\"
         sed -i 's/^passwd:.*/passwd: files spell/' /etc/nsswitch.conf"
    ));
    assert!(world.sh("getent passwd BOB@example.org").stdout.starts_with("bob:*:"));
    world.stop_authd();
    world.start_authd(&world.config(config));
}

fn machine(config: &str) -> Option<World> {
    let world = World::with_everything(DEN, config)?;
    answer_to_spellings(&world, config);
    Some(world)
}

/// `ssh NAME@localhost id -un` with the key that [`World::ssh_key`] has given to the account.
fn ssh_key_as(world: &World, name: &str) -> Out {
    let options =
        ["-Fnone", "-i/run/key", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR"];
    let target = ["-oPreferredAuthentications=publickey", "-l", name, "127.0.0.1", "id", "-un"];
    world.run(&[&["ssh"], &options[..], &target].concat())
}

#[test]
fn r66_key_of_a_user_without_access_is_refused_under_every_spelling() {
    let Some(world) = machine("") else { return };
    world.start_sshd();
    assert!(!world.ssh_key("bob").ok());
    assert_eq!(world.ssh_key("alice").stdout, "alice\n");
    let refused = |when: &str| {
        for spelling in ["BOB", "Bob", "bob@example.org", "BOB@EXAMPLE.ORG"] {
            let out = ssh_key_as(&world, spelling);
            assert!(!out.ok() && out.stdout.is_empty(), "{when}: {spelling}: {out:?}");
            let su = world.run(&["su", spelling, "-c", "id -un"]);
            assert!(!su.ok() && su.stdout.is_empty(), "{when}: su {spelling}: {su:?}");
        }
    };
    refused("daemon up");
    for spelling in ["BOB", "bob@example.org"] {
        assert_eq!(world.account(spelling), Code::PERM_DENIED, "{spelling}");
        let changed = world.codes("every", spelling, "pass", "").of("pass");
        assert_eq!(changed, Code::PERM_DENIED, "{spelling}: a local password");
    }
    // A name without an account of its own, and one whose account is another one.
    for (spelling, uid) in [("stray", "bob's"), ("twin", "another")] {
        assert_eq!(world.account(spelling), Code::PERM_DENIED, "{spelling}, {uid} uid");
        assert!(!ssh_key_as(&world, spelling).ok(), "{spelling}, {uid} uid");
    }
    world.wait_for_log(&["denied", "user=\"stray\"", "another spelling of an account that has no name of its own"]);

    // A user who has access gets in, with a key, a password, and su.
    for spelling in ["ALICE", "alice@example.org"] {
        assert_eq!(ssh_key_as(&world, spelling).stdout, "alice\n", "{spelling}");
        for method in ["password", "keyboard-interactive"] {
            assert_eq!(world.ssh(method, spelling, &password("alice")).stdout, "alice\n", "{spelling} {method}");
        }
        assert_eq!(world.su("local", spelling, &password("alice"), &[]).stdout, "alice\n", "{spelling}");
    }
    // Local accounts and root are as before, under each name.
    assert_eq!(world.codes("plex-auth", "LOCAL", "acct", "").of("acct"), Code::SUCCESS);
    assert_eq!(world.codes("alone", "ROOT", "auth", "").of("auth"), Code::USER_UNKNOWN);

    // The shipped stacks know the members of the group without the daemon too.
    world.stop_authd();
    refused("daemon down");
    assert!(!ssh_key_as(&world, "ALICE").ok());
    assert_eq!(world.codes("plex-auth", "LOCAL", "acct", "").of("acct"), Code::SUCCESS);
}

#[test]
fn r66_r19_spellings_share_one_back_off_one_binding_and_one_name_in_the_log() {
    let Some(world) = machine(THREE_TRIES) else { return };
    world.plex().reset();
    let login = |user: &str, typed: &str| world.codes_from(HOME, "alone", user, typed).of("auth");
    let (codes, log) = world.logged(|| ["alice", "ALICE", "Alice@example.org"].map(|user| login(user, "wrong")));
    assert_eq!(codes, [Code::AUTH_ERR; 3]);
    assert!(log.matches("user=\"alice\"").count() == 3 && !log.contains("ALICE"), "{log}");
    let (code, log) = world.logged(|| login("aLiCe", &password("alice")));
    assert!(code == Code::AUTHINFO_UNAVAIL && log.contains("throttled user=\"alice\""), "{code:?} {log}");
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 3);
    world.wait_for_rows("tries", 1);
    assert_eq!(world.codes_from("192.0.2.8", "alone", "ALICE", &password("alice")).of("auth"), Code::SUCCESS);
    world.wait_for_rows("tries", 2);
    world.wait_for_rows("pin WHERE plex_id = 2", 1);
    assert_eq!(world.sql("SELECT account FROM tries UNION SELECT account FROM pin WHERE plex_id = 2"), "alice\n");
    assert_eq!(world.sql("SELECT account FROM pin"), "alice\ncarol\nerin\nfrank\nolga\n", "by the first list");

    // The commands find the account under each name.
    let run = |arguments: &[&str]| world.run(&[&["plex-auth"], arguments].concat());
    let listed = run(&["logins", "--user", "ALICE", "--json"]);
    assert!(listed.stdout.contains("\"alice\"") && !listed.stdout.contains("\"ALICE\""), "{listed:?}");
    let test = run(&["test", "ALICE"]);
    assert!(test.ok() && test.stdout.contains("alice would be let in with the right password"), "{test:?}");
    let test = run(&["test", "bob@example.org"]);
    assert!(!test.ok() && test.stdout.contains("bob would not be let in"), "{test:?}");
    let forgotten = run(&["forget", "alice@example.org"]);
    assert!(forgotten.stdout.contains("everything that plex-authd knew about alice"), "{forgotten:?}");
    world.wait_for_rows("tries", 0);
    assert_eq!(login("ALICE", &password("alice")), Code::SUCCESS);
}

#[test]
fn r66_r70_another_spelling_has_the_slots_of_a_known_account_and_a_refusal_without_a_slot_is_delayed() {
    let Some(world) = machine("[throttle]\nfree_tries = 20") else { return };
    let one = |user: &str, typed: &str| {
        let [tried] = world.many_at("alone", 1, &[Try::new(user, HOME, typed)])[..] else { panic!("one try") };
        tried
    };
    assert_eq!(one("alice", &password("alice")).code, Code::SUCCESS);
    // Strangers at the same address use up its slots of unknown accounts.
    world.plex().fault(Endpoint::Signin, Fault::Delay(3000));
    let strangers: Vec<_> =
        (0..16).map(|n| Try::new(if n % 2 == 0 { "erin" } else { "frank" }, HOME, "wrong")).collect();
    std::thread::scope(|scope| {
        let strangers = scope.spawn(|| world.many_at("alone", 16, &strangers));
        std::thread::sleep(Duration::from_millis(1500));
        let refused = scope.spawn(|| one("carol", "wrong"));
        let (friend, log) = world.logged(|| one("ALICE", &password("alice")));
        assert_eq!(friend.code, Code::SUCCESS, "{log}");
        let refused = refused.join().unwrap();
        assert!(refused.code == Code::AUTHINFO_UNAVAIL && refused.took >= Duration::from_millis(450), "{refused:?}");
        strangers.join().unwrap();
    });
    world.wait_for_log(&["unavailable user=\"carol\"", "too many logins are in progress"]);
}

#[test]
fn r66_r45_password_accepted_under_one_spelling_is_cached_for_all() {
    let Some(world) = machine("[cache]\nremember = \"10m\"\noffline = \"10m\"\n[timeouts]\nfriend_list = \"1s\"")
    else {
        return;
    };
    assert_eq!(world.authenticate("ALICE", &password("alice")), Code::SUCCESS);
    world.wait_for_rows("remembered", 1);
    assert_eq!(world.sql("SELECT account FROM remembered"), "alice\n");
    world.plex().reset();
    assert_eq!(world.authenticate("alice@example.org", &password("alice")), Code::SUCCESS);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    // Every spelling loses it with the first denial.
    world.plex().load(&DEN.replace("shared_with = [\"alice\", ", "shared_with = ["));
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(world.authenticate("aLICE", &password("alice")), Code::AUTH_ERR);
    world.wait_for_rows("remembered", 0);
}

#[test]
fn r66_smb_password_is_set_for_the_account_under_its_canonical_name() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    answer_to_spellings(&world, SYNC);
    assert_eq!(world.authenticate("alice@example.org", &password("alice")), Code::SUCCESS);
    world.wait_for_smb("alice", &password("alice"), "ok");
    world.wait_for_log(&["plex-auth-samba", "\"alice\": the SMB password is that of Plex now"]);
}

#[test]
fn r66_users_entry_under_another_spelling_is_reported_and_the_commands_write_canonical_names() {
    let Some(world) = machine("") else { return };
    let run = |arguments: &[&str]| world.run(&[&["plex-auth"], arguments].concat());
    let linked = run(&["user", "link", "LOCAL", "alice"]);
    assert!(linked.ok() && linked.stdout.contains("local now belongs to"), "{linked:?}");
    let file = world.sh("cat /etc/plex-auth.toml").stdout;
    assert!(file.contains("\nlocal = ") && !file.contains("LOCAL"), "{file}");
    let added = run(&["user", "add", "alice@example.org", "--plex", "alice"]);
    assert!(!added.ok(), "{added:?}");
    let unlinked = run(&["user", "unlink", "local@example.org"]);
    assert!(unlinked.ok(), "{unlinked:?}");
    assert!(!world.sh("cat /etc/plex-auth.toml").stdout.contains("\nlocal = "));

    world.stop_authd();
    world.start_authd(&world.config("[users]\nLOCAL = \"alice\""));
    world.wait_for_log(&["[users]: 'LOCAL' is another spelling of 'local', so its entry applies to no account"]);
    let doctor = run(&["doctor"]);
    assert!(
        doctor.stdout.contains("'LOCAL' is another spelling of 'local', so its entry applies to no account"),
        "{doctor:?}"
    );
}

/// Two accounts of the directory, whose own groups show that they are members. The group's entry lists one of them, in the
/// directory's spelling. Nobody knows how long the other has been a member, and two friends have their names by now.
#[test]
fn r66_r74_a_member_is_bound_by_its_name_if_the_group_lists_it_in_any_spelling() {
    let called = |list: &str, friend: &str, name: &str| {
        let list = list.replace(&format!("username = \"{friend}\""), &format!("username = \"{name}\""));
        list.replace(&format!("\"{friend}\""), &format!("\"{name}\""))
    };
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.sh("sed -i 's/^group:.*/group: files spell/' /etc/nsswitch.conf; sed -i '/^plex-users:/s/$/,EMIL@example.org/' /etc/group");
    world.plex().load(&called(&called(DEN, "frank", "emil"), "erin", "dirk"));
    answer_to_spellings(&world, "");
    for name in ["dirk", "emil"] {
        assert!(world.run(&["id", "-nG", name]).stdout.contains("plex-users"), "{name}");
    }
    world.wait_for_log(&["'emil', a member of the group plex-users, belongs to Plex id 6"]);
    assert_eq!(world.authenticate("emil", &password("frank")), Code::SUCCESS);
    world.plex().reset();
    assert_ne!(world.authenticate("dirk", &password("erin")), Code::SUCCESS);
    assert_eq!(world.account("dirk"), Code::PERM_DENIED);
    let sent = world.plex().counters();
    assert_eq!((sent.of(Endpoint::Signin), sent.of(Endpoint::SharedServers)), (0, 0));
    world.wait_for_log(&["'dirk'", "does not list its member", "plex-auth user link dirk WHO"]);
    assert_eq!(world.sql("SELECT account FROM unbound WHERE account IN ('dirk', 'emil')"), "dirk\n");
    let doctor = world.run(&["plex-auth", "doctor"]).stdout;
    assert!(doctor.contains("'dirk' belongs to no Plex account") && doctor.contains("does not list it"), "{doctor}");
    let test = world.run(&["plex-auth", "test", "dirk"]).stdout;
    assert!(test.contains("plex-auth user link dirk 5"), "{test}");
}
