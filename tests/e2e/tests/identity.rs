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
    let Some(world) = World::with_everything(DEN, all_friends) else { return };
    // All are friends, so that only the password distinguishes them.
    let friends = DEN.replace("PASSWORD-SECRET-carol\"", "PASSWORD-SECRET-carol\"\nfriend_of = [\"olga\"]");
    let friends = friends.replace("PASSWORD-SECRET-mallory\"", "PASSWORD-SECRET-mallory\"\nfriend_of = [\"olga\"]");
    let friends = friends.replace("email_only = true", "email_only = true\nfriend_of = [\"olga\"]");
    world.stop_authd();
    world.plex().load(&friends.replace("invited = [\"carol\"]", ""));
    world.start_authd(&world.config(all_friends));
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
    assert_eq!(world.authenticate("alice", &password("mallory")), Code::PERM_DENIED);
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
    assert_eq!(world.authenticate("alice", &password("mallory")), Code::PERM_DENIED);
    assert_eq!(world.account("alice"), Code::PERM_DENIED);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    world.wait_for_log(&["denied", "the name belonged to Plex id 2 at the first login and belongs to 7 now"]);
    // The fix in the log line is sufficient.
    world.stop_authd();
    world.start_authd(&world.config("[users]\nalice = \"7\""));
    assert_eq!(world.authenticate("alice", &password("mallory")), Code::SUCCESS);
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
    world.wait_for_log(&["denied", "user=\"erin\"", "more than one Plex account goes by that name"]);
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
        ("mallory", Code::PERM_DENIED),
        ("bob", Code::PERM_DENIED),
        ("carol", Code::PERM_DENIED),
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
    assert_eq!(world.authenticate("alice", &password("alice")), Code::PERM_DENIED);
    assert_eq!(world.authenticate("olga", &password("olga")), Code::PERM_DENIED);
}
