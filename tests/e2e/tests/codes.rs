//! Who is let in and who is not, each with the code of the design's table.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, password};
use fakeplex::Endpoint;

const MAPPED: &str = "[users]\nfrank = \"frank@example.org\"\nzoe = \"2\"\n[timeouts]\nfriend_list = \"1s\"";

#[test]
fn everybody_has_the_code_of_the_table() {
    let Some(world) = World::with_everything(DEN, MAPPED) else { return };
    let table = [
        ("alice", password("alice"), Code::SUCCESS, Code::SUCCESS),
        ("alice", "wrong".into(), Code::AUTH_ERR, Code::SUCCESS),
        ("alice", password("bob"), Code::AUTH_ERR, Code::SUCCESS),
        ("frank", password("frank"), Code::SUCCESS, Code::SUCCESS),
        ("zoe", password("alice"), Code::SUCCESS, Code::SUCCESS),
        ("olga", password("olga"), Code::SUCCESS, Code::SUCCESS),
        ("bob", password("bob"), Code::PERM_DENIED, Code::PERM_DENIED),
        ("carol", password("carol"), Code::PERM_DENIED, Code::PERM_DENIED),
        ("mallory", password("mallory"), Code::PERM_DENIED, Code::PERM_DENIED),
        ("local", "LOCAL-SECRET".into(), Code::USER_UNKNOWN, Code::IGNORE),
        ("nobody-here", "x".into(), Code::USER_UNKNOWN, Code::IGNORE),
        ("daemon", "x".into(), Code::USER_UNKNOWN, Code::IGNORE),
        ("root", "x".into(), Code::USER_UNKNOWN, Code::IGNORE),
    ];
    for (user, typed, auth, account) in table {
        assert_eq!(world.authenticate(user, &typed), auth, "{user}");
        let expected = if account == Code::IGNORE { Code::PERM_DENIED } else { account };
        // A stack of nothing but IGNORE has no opinion, which libpam makes PERM_DENIED.
        assert_eq!(world.account(user), expected, "{user}");
    }
    world.wait_for_log(&["accepted", "user=\"alice\"", "plex_id=2"]);
    world.wait_for_log(&["denied", "user=\"bob\"", "no friend of the owner by that name has access"]);
    world.wait_for_log(&["denied", "user=\"carol\"", "invitation"]);
    world.assert_no_secret_leaked();
}

#[test]
fn r15_r37_r38_who_cannot_come_in_is_not_asked_about_at_plex() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.plex().reset();
    for user in ["local", "nobody-here", "root", "daemon"] {
        let codes = world.codes("alone", user, "auth", "x\n");
        assert_eq!((codes.of("auth"), codes.prompts()), (Code::USER_UNKNOWN, 0), "{user}");
    }
    assert_eq!(world.authenticate("alice", ""), Code::AUTH_ERR);
    assert_eq!(world.authenticate("alice", "\u{8}\r\u{7f}INCORRECT"), Code::AUTH_ERR);
    assert_eq!(world.authenticate("alice", &"x".repeat(1025)), Code::AUTH_ERR);
    assert_eq!(world.authenticate("bob", &password("bob")), Code::PERM_DENIED);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    world.assert_no_secret_leaked();
}

#[test]
fn without_strict_friends_any_friend_may_come_in_and_nobody_else() {
    let Some(world) = World::with_everything(DEN, "strict_friends = false") else { return };
    let table = [
        ("alice", Code::SUCCESS),
        ("bob", Code::SUCCESS),
        ("carol", Code::PERM_DENIED),
        ("mallory", Code::PERM_DENIED),
        ("olga", Code::SUCCESS),
    ];
    for (user, code) in table {
        assert_eq!(world.authenticate(user, &password(user)), code, "{user}");
    }
}

#[test]
fn a_second_factor_is_asked_for_and_every_token_is_signed_out() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nfree_tries = 20") else { return };
    let with_code = |typed: &str| world.codes("alone", "erin", "auth", &format!("{}\n{typed}", password("erin")));
    let right = with_code("314159\n");
    assert_eq!((right.of("auth"), right.prompts()), (Code::SUCCESS, 2), "{right:?}");
    assert!(right.text.contains("prompt2=Plex verification code: "), "{right:?}");
    assert_eq!(with_code("000000\n000000\n314159\n").of("auth"), Code::SUCCESS);
    assert_eq!(with_code("000000\n000000\n000000\n314159\n").of("auth"), Code::AUTH_ERR);
    assert_eq!(with_code("not a code\n31415\n314159\n").of("auth"), Code::SUCCESS);
    assert_eq!(with_code("not a code\n31415\n3141590\n314159\n").of("auth"), Code::AUTH_ERR);
    assert_eq!(with_code("").of("auth"), Code::CONV_ERR);
    assert_eq!(with_code("\n\n\n").of("auth"), Code::CONV_ERR);
    assert_eq!(with_code("\n\n314159\n").of("auth"), Code::SUCCESS);
    world.wait_for_log(&["user=\"erin\"", "type the six digits right behind the password"]);
    assert_eq!(world.authenticate("erin", &format!("{}314159", password("erin"))), Code::SUCCESS);
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0);
}
