//! R33: only the Plex account that is mapped to a local account can sign in to it, even when names change hands at
//! Plex.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, MACHINE, World, password};
use fakeplex::Endpoint;

/// The accounts of the Den with a password and without two-factor authentication.
const PEOPLE: [&str; 6] = ["olga", "alice", "bob", "carol", "frank", "mallory"];

#[test]
fn r33_password_of_one_plex_account_opens_no_other_local_account() {
    let all_friends = "strict_friends = false\n[users]\nfrank = \"frank@example.org\"\ncarol = \"4\"\n\
                     [throttle]\nfree_tries = 20\nrejected_per_hour = 1000";
    // All are friends, so that only the password distinguishes them.
    let friends = DEN.replace("PASSWORD-SECRET-carol\"", "PASSWORD-SECRET-carol\"\nfriend_of = [\"olga\"]");
    let friends = friends.replace("PASSWORD-SECRET-mallory\"", "PASSWORD-SECRET-mallory\"\nfriend_of = [\"olga\"]");
    let friends = friends.replace("email_only = true", "email_only = true\nfriend_of = [\"olga\"]");
    let friends = friends.replace("invited = [\"carol\"]", "");
    let Some(world) = World::with_everything(&friends, all_friends) else { return };
    for account in PEOPLE {
        for typist in PEOPLE {
            let expected = if account == typist { Code::SUCCESS } else { Code::AUTH_ERR };
            assert_eq!(world.authenticate(account, &password(typist)), expected, "{typist}'s password at {account}");
        }
    }
    world.assert_no_secret_leaked();
}

#[test]
fn r33_email_address_reassigned_after_the_list_was_read_is_refused() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    assert_eq!(world.account("alice"), Code::SUCCESS);
    // The cached list gives the address to Alice; at plex.tv it belongs to Mallory by now.
    let moved = DEN.replace("alice@example.org", "alice@new.example.org");
    world.plex().load(&moved.replace("mallory@example.org", "alice@example.org"));
    assert_eq!(world.authenticate("alice", &password("mallory")), Code::AUTH_ERR);
    world.wait_for_log(&["denied", "user=\"alice\"", "plex.tv signed in id 7, but this account belongs to id 2"]);
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0, "the stranger's token is signed out too");
}

/// Alice has renamed herself to Alicia, and Mallory, also a friend with access, has taken the name.
fn with_reassigned_username() -> String {
    let renamed = DEN
        .replace("username = \"alice\"", "username = \"alicia\"")
        .replace("username = \"mallory\"", "username = \"alice\"")
        .replace("account = \"mallory\"", "account = \"alice\"");
    renamed.replace("shared_with = [\"alice\"", "shared_with = [\"alice\", \"alicia\"")
}

#[test]
fn r77_reassigned_username_opens_the_account_only_to_the_friend_who_signed_in_first() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.stop_authd();
    world.plex().load(&with_reassigned_username());
    let fresh = "[timeouts]\nfriend_list = \"1s\"";
    world.start_authd(&world.config(fresh));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(world.account("alice"), Code::SUCCESS);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.authenticate("alice", &password("mallory")), Code::AUTH_ERR, "it was sent as Alice's");
    world.stop_authd();
    // Alice is no friend any more; her account does not become Mallory's.
    world.plex().load(&with_reassigned_username().replace("\"alicia\", ", ""));
    world.start_authd(&world.config(fresh));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    world.plex().reset();
    assert_eq!(world.authenticate("alice", &password("mallory")), Code::AUTH_ERR);
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    world.wait_for_log(&["denied", "the name belonged to Plex id 2 at the first login, but now belongs to 7"]);
    // The fix in the log line is sufficient.
    world.stop_authd();
    world.start_authd(&world.config("[users]\nalice = \"7\""));
    assert_eq!(world.authenticate("alice", &password("mallory")), Code::SUCCESS);
}

/// Frank, a friend with access, as a world in which he is called `dora`.
fn frank_called_dora() -> String {
    DEN.replace("username = \"frank\"", "username = \"dora\"").replace("\"frank\"]", "\"dora\"]")
}

const FRESH: &str = "[timeouts]\nfriend_list = \"1s\"";

/// `dora` is a member of the group, and nobody at Plex is called so. A friend takes the name and logs in as the local dora,
/// with the right password of the renamed Plex account, with a key, by link, and after a restart of the daemon.
#[test]
fn r74_friend_who_takes_the_name_of_a_member_does_not_get_its_account() {
    let config = format!("link_sign_in = true\nlink_services = [\"alone\"]\n{FRESH}");
    let Some(world) = World::with_everything(DEN, &config) else { return };
    world.add_user("dora", true, None);
    world.start_sshd();
    // A list has been read since they joined.
    world.wait_for_log(&["'dora'", "joined the group plex-users", "plex-auth user link dora"]);
    world.plex().load(&frank_called_dora());
    std::thread::sleep(std::time::Duration::from_millis(1500));
    world.plex().reset();
    assert_ne!(world.authenticate("dora", &password("frank")), Code::SUCCESS);
    assert!(!world.ssh("password", "dora", &password("frank")).ok());
    assert!(!world.ssh_key("dora").ok());
    assert_eq!(world.account("dora"), Code::PERM_DENIED);
    let mut terminal = world.pam_terminal("alone", "dora", "192.0.2.1");
    let code = terminal.ask_for_code();
    world.approve(&code, "dora");
    assert_ne!(terminal.verdict(), Code::SUCCESS);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0, "nothing that was typed left the machine");
    world.wait_for_log(&[
        "denied",
        "user=\"dora\"",
        "none had its name when it joined the group",
        "plex-auth user link",
    ]);
    // Neither a restart nor a crash binds it.
    world.stop_authd();
    world.start_authd(&world.config(&config));
    assert_ne!(world.authenticate("dora", &password("frank")), Code::SUCCESS);
    world.kill_authd();
    world.start_authd(&world.config(&config));
    assert_ne!(world.authenticate("dora", &password("frank")), Code::SUCCESS);
    // The owner decides.
    assert!(world.run(&["plex-auth", "user", "link", "dora", "dora"]).ok());
    let linked = world.sh("cat /etc/plex-auth.toml").stdout;
    assert!(linked.contains("dora = \"6\""), "{linked}");
    world.stop_authd();
    world.start_authd(&linked);
    assert_eq!(world.ssh("password", "dora", &password("frank")).stdout, "dora\n");
    world.assert_no_secret_leaked();
}

/// A member whose entry in `[users]` is deleted by hand, or by an old file that is restored, belongs to nobody, and not to
/// the person who has its name at Plex by then.
#[test]
fn r74_friend_who_takes_the_name_of_a_member_whose_entry_is_gone_does_not_get_its_account() {
    let entry = format!("[users]\ndora = \"alice@example.org\"\n{FRESH}");
    let Some(world) = World::with_everything(DEN, &entry) else { return };
    world.add_user("dora", true, None);
    let noted = "SELECT count(*) FROM unbound WHERE account = 'dora'";
    world.until(&format!("[ $(sqlite3 -readonly /var/lib/plex-auth/state.db \"{noted}\") = 1 ]"));
    // A sign-in by the entry leaves that as it is.
    assert_eq!(world.authenticate("dora", &password("alice")), Code::SUCCESS);
    world.plex().load(&frank_called_dora());
    world.stop_authd();
    world.start_authd(&world.config(FRESH));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    world.plex().reset();
    assert_ne!(world.authenticate("dora", &password("frank")), Code::SUCCESS);
    assert_eq!(world.account("dora"), Code::PERM_DENIED);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0, "nothing that was typed left the machine");
    world.wait_for_log(&["denied", "user=\"dora\"", "its entry in [users] was deleted", "plex-auth user link"]);
}

/// A friend who is added is let in at the first attempt, whether the daemon has read a list since or not.
#[test]
fn r74_member_who_just_joined_is_bound_by_a_new_list_at_the_first_login() {
    let Some(world) = World::with_everything(&frank_called_dora(), "") else { return };
    world.start_sshd();
    assert_eq!(world.account("alice"), Code::SUCCESS);
    // An attempt of a stranger has used up the refresh of this half minute.
    assert_eq!(world.account("mallory"), Code::PERM_DENIED);
    world.add_user("dora", true, None);
    world.plex().reset();
    assert_eq!(world.ssh_key("dora").stdout, "dora\n");
    assert_eq!(world.plex().counters().of(Endpoint::SharedServers), 1);
    assert_eq!(world.ssh("password", "dora", &password("frank")).stdout, "dora\n");
    assert_eq!(world.plex().counters().of(Endpoint::SharedServers), 1, "one list for each new member");
    // From then on the id counts, whoever has the name.
    world.wait_for_log(&["'dora'", "belongs to Plex id 6"]);
    world.plex().load(DEN);
    world.stop_authd();
    world.start_authd(&world.config(FRESH));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(world.ssh("password", "dora", &password("frank")).stdout, "dora\n");
}

/// A member that joined while the daemon was stopped, one that no source of names enumerates, one that left and came back,
/// and one that the owner had forgotten.
#[test]
fn r74_first_list_after_a_member_joined_decides_wherever_it_joined() {
    let Some(world) = World::with_everything(DEN, FRESH) else { return };
    world.stop_authd();
    world.add_user("dora", true, None);
    world.start_authd(&world.config(FRESH));
    world.wait_for_log(&["'dora'", "joined the group plex-users"]);
    world.plex().load(&frank_called_dora());
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(world.account("dora"), Code::PERM_DENIED);
    // It leaves, which a list sees, and joins again.
    world.sh("gpasswd --delete dora plex-users");
    world.wait_for_rows("unbound WHERE account = 'dora'", 0);
    world.sh("gpasswd --add dora plex-users");
    assert_eq!(world.account("dora"), Code::SUCCESS);
    world.wait_for_rows("pin WHERE account = 'dora' AND plex_id = 6", 1);
    // Renamed again: the account stays Frank's, until root makes the daemon forget that.
    world.plex().load(DEN);
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(world.account("dora"), Code::SUCCESS);
    assert!(world.run(&["plex-auth", "forget", "dora"]).ok());
    assert_eq!(world.account("dora"), Code::PERM_DENIED);
    world.plex().load(&frank_called_dora());
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(world.account("dora"), Code::PERM_DENIED);
}

/// The account of a former member is removed, and later another person gets one of its name, while the former one, who is called
/// otherwise at Plex by now, still has access to the server.
#[test]
fn r74_without_a_token_a_new_member_does_not_inherit_whom_a_former_one_of_its_name_belonged_to() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    let config = world.config(FRESH);
    let kept = config.lines().filter(|line| !line.starts_with("token") && !line.starts_with("admin"));
    world.start_authd(&format!("owner_id = 1\n{}\n", kept.collect::<Vec<_>>().join("\n")));
    let attempt = |host: &str, typist: &str| world.codes_from(host, "alone", "alice", &password(typist)).of("auth");
    assert_eq!(attempt("192.0.2.1", "alice"), Code::SUCCESS);
    world.plex().load(&with_reassigned_username());
    // Without a list, the account's name is what is sent: neither of the two gets in while the account is Alice's.
    assert_eq!(attempt("192.0.2.1", "alice"), Code::AUTH_ERR, "another person's name");
    assert_eq!(attempt("192.0.2.5", "mallory"), Code::AUTH_ERR, "another person's account");
    let wait_until_bound = |expected: &str| {
        let start = std::time::Instant::now();
        while world.sql("SELECT count(*) FROM pin WHERE account = 'alice'").trim() != expected {
            assert!(start.elapsed() < std::time::Duration::from_secs(60), "{expected}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    wait_until_bound("1");
    world.sh("gpasswd --delete alice plex-users");
    wait_until_bound("0");
    world.sh("userdel alice && useradd alice && gpasswd --add alice plex-users");
    assert_eq!(attempt("192.0.2.2", "alice"), Code::AUTH_ERR, "the former user");
    assert_eq!(attempt("192.0.2.3", "mallory"), Code::SUCCESS, "who has the name now");
    assert_eq!(attempt("192.0.2.4", "alice"), Code::AUTH_ERR, "the former user");
    world.assert_no_secret_leaked();
}

/// The second source shows friends with a copied machine id, and a list in doubt may show anything.
#[test]
fn r74_second_source_and_a_list_in_doubt_bind_no_member() {
    let Some(world) = World::with_everything(DEN, FRESH) else { return };
    world.plex().fault(Endpoint::SharedServers, fakeplex::Fault::Status(404, String::new()));
    world.wait_for_log(&["read from the second source from now on"]);
    world.add_user("dora", true, None);
    world.plex().load(&frank_called_dora());
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert_eq!(world.account("dora"), Code::PERM_DENIED);
    world.wait_for_log(&["denied", "user=\"dora\"", "second source", "plex-auth user link"]);
    world.plex().clear_faults();
    world.wait_for_log(&["read from the first source again"]);
    assert_eq!(world.account("dora"), Code::SUCCESS, "the first list of the first source decides");
}

/// Anybody can choose a username, and an invitation needs no answer: neither may lock a friend out.
#[test]
fn r77_a_username_or_a_pending_invitation_of_another_person_makes_no_known_friend_ambiguous() {
    let config = "[users]\nalice = \"alice@example.org\"\nerin = \"erin@example.org\"\n\
                  [timeouts]\nfriend_list = \"1s\"";
    let Some(world) = World::with_everything(DEN, config) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    // Carol, who is invited, is called what Alice's address is; Frank, a friend, what Erin's is.
    let named = DEN
        .replace("username = \"carol\"", "username = \"alice@example.org\"")
        .replace("invited = [\"carol\"]", "invited = [\"alice@example.org\"]")
        .replace("username = \"frank\"", "username = \"erin@example.org\"")
        .replace("\"frank\"]", "\"erin@example.org\"]");
    world.plex().load(&named);
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.account("alice"), Code::SUCCESS);
    // Nobody has signed in to Erin's account, so nobody knows whom the name stands for.
    assert_eq!(world.account("erin"), Code::PERM_DENIED);
    world.wait_for_log(&["denied", "user=\"erin\"", "more than one Plex account has this name"]);
}

#[test]
fn r61_without_a_token_only_the_owners_own_server_counts() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    let address = world.config("").lines().find(|line| line.starts_with("plex_url")).unwrap().to_owned();
    let config = |owner: &str| {
        format!(
            "machine_id = \"{MACHINE}\"\n{owner}\ngroup = \"plex-users\"\n{address}\nca_file = \"/mnt/plex/ca.pem\"\n\
             [users]\nfrank = \"frank@example.org\"\n"
        )
    };
    world.start_authd(&config("owner_id = 1"));
    let table = [
        ("alice", Code::SUCCESS),
        ("frank", Code::SUCCESS),
        ("olga", Code::SUCCESS),
        // Mallory's own program claims to be Olga's server.
        ("mallory", Code::AUTH_ERR),
        ("bob", Code::AUTH_ERR),
        ("carol", Code::AUTH_ERR),
    ];
    for (user, code) in table {
        assert_eq!(world.authenticate(user, &password(user)), code, "{user}");
    }
    assert_eq!(world.account("alice"), Code::SUCCESS, "signed in just now");
    assert_eq!(world.account("mallory"), Code::PERM_DENIED, "R65: nothing is known, which is a refusal");
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0);
    // With another owner in the configuration no server matches, not even for the real owner.
    world.start_authd(&config("owner_id = 12"));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTH_ERR);
    assert_eq!(world.authenticate("olga", &password("olga")), Code::AUTH_ERR);
}
