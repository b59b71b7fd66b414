//! Return codes of accepted and refused logins, as in the table of docs/explanation.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, password};
use fakeplex::Endpoint;

const MAPPED: &str = "[users]\nfrank = \"frank@example.org\"\nzoe = \"2\"\n[timeouts]\nfriend_list = \"1s\"";

#[test]
fn return_codes_follow_the_table() {
    let Some(world) = World::with_everything(DEN, MAPPED) else { return };
    let table = [
        ("alice", password("alice"), Code::SUCCESS, Code::SUCCESS),
        ("alice", "wrong".into(), Code::AUTH_ERR, Code::SUCCESS),
        ("alice", password("bob"), Code::AUTH_ERR, Code::SUCCESS),
        ("frank", password("frank"), Code::SUCCESS, Code::SUCCESS),
        ("zoe", password("alice"), Code::SUCCESS, Code::SUCCESS),
        ("olga", password("olga"), Code::SUCCESS, Code::SUCCESS),
        ("bob", password("bob"), Code::AUTH_ERR, Code::PERM_DENIED),
        ("carol", password("carol"), Code::AUTH_ERR, Code::PERM_DENIED),
        ("mallory", password("mallory"), Code::AUTH_ERR, Code::PERM_DENIED),
        ("local", "LOCAL-SECRET".into(), Code::USER_UNKNOWN, Code::IGNORE),
        ("nobody-here", "x".into(), Code::USER_UNKNOWN, Code::IGNORE),
        ("daemon", "x".into(), Code::USER_UNKNOWN, Code::IGNORE),
        ("root", "x".into(), Code::USER_UNKNOWN, Code::IGNORE),
    ];
    for (user, typed, auth, account) in table {
        assert_eq!(world.authenticate(user, &typed), auth, "{user}");
        let expected = if account == Code::IGNORE { Code::PERM_DENIED } else { account };
        // libpam turns a stack that only returns IGNORE into PERM_DENIED.
        assert_eq!(world.account(user), expected, "{user}");
    }
    world.wait_for_log(&["accepted", "user=\"alice\"", "plex_id=2"]);
    world.wait_for_log(&["denied", "user=\"bob\"", "no friend with this name has access"]);
    world.wait_for_log(&["denied", "user=\"carol\"", "invitation"]);
    world.assert_no_secret_leaked();
}

#[test]
fn r15_r37_r38_hopeless_logins_send_no_sign_in_to_plex_tv() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.plex().reset();
    for user in ["local", "nobody-here", "root", "daemon"] {
        let codes = world.codes("alone", user, "auth", "x\n");
        assert_eq!((codes.of("auth"), codes.prompts()), (Code::USER_UNKNOWN, 0), "{user}");
    }
    assert_eq!(world.authenticate("alice", ""), Code::AUTH_ERR);
    assert_eq!(world.authenticate("alice", "\u{8}\r\u{7f}INCORRECT"), Code::AUTH_ERR);
    assert_eq!(world.authenticate("alice", &"x".repeat(1025)), Code::AUTH_ERR);
    assert_eq!(world.authenticate("bob", &password("bob")), Code::AUTH_ERR);
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
    world.assert_no_secret_leaked();
}

#[test]
fn without_strict_friends_every_friend_has_access_and_no_stranger() {
    let Some(world) = World::with_everything(DEN, "strict_friends = false") else { return };
    let table = [
        ("alice", Code::SUCCESS),
        ("bob", Code::SUCCESS),
        ("carol", Code::AUTH_ERR),
        ("mallory", Code::AUTH_ERR),
        ("olga", Code::SUCCESS),
    ];
    for (user, code) in table {
        assert_eq!(world.authenticate(user, &password(user)), code, "{user}");
    }
}

#[test]
fn verification_code_prompt_allows_three_attempts_and_leaves_no_token() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000") else {
        return;
    };
    let with_code = |typed: &str| world.codes("alone", "erin", "auth", &format!("{}\n{typed}", password("erin")));
    let right = with_code("314159\n");
    assert_eq!((right.of("auth"), right.prompts()), (Code::SUCCESS, 2), "{right:?}");
    assert!(right.text.contains("prompt2=Plex verification code: "), "{right:?}");
    assert_eq!(with_code("000000\n000000\n314159\n").of("auth"), Code::SUCCESS);
    assert_eq!(with_code("000000\n000000\n000000\n314159\n").of("auth"), Code::AUTH_ERR);
    assert_eq!(with_code("not a code\n31415\n314159\n").of("auth"), Code::SUCCESS);
    assert_eq!(with_code("not a code\n31415\n3141590\n314159\n").of("auth"), Code::AUTH_ERR);
    // A code that is not given is as wrong as a wrong one.
    assert_eq!(with_code("").of("auth"), Code::AUTH_ERR);
    assert_eq!(with_code("\n\n\n").of("auth"), Code::AUTH_ERR);
    assert_eq!(with_code("\n\n314159\n").of("auth"), Code::SUCCESS);
    world.wait_for_log(&["user=\"erin\"", "append the six digits to the password"]);
    assert_eq!(world.authenticate("erin", &format!("{}314159", password("erin"))), Code::SUCCESS);
    world.stop_authd();
    assert_eq!(world.plex().counters().live_tokens, 0);
}

/// Apps show codes in groups, and phones have spaces and hyphens of their own.
#[test]
fn r22_codes_in_groups_are_sent_as_six_digits_and_nothing_else_is_sent() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000") else {
        return;
    };
    let with_code = |typed: &str| world.codes("alone", "erin", "auth", &format!("{}\n{typed}\n", password("erin")));
    let codes_sent = || world.plex().seen().iter().filter(|seen| seen.code_sent).count();
    for typed in
        ["314 159", "314-159", "  314159  ", "31 41 59", "314\u{a0}159", "314\u{2011}159", "\u{2068}314159\u{2069}"]
    {
        assert_eq!(with_code(typed).of("auth"), Code::SUCCESS, "{typed:?}");
    }
    world.plex().reset();
    // A recovery code, a longer number, an appended code, other separators.
    for typed in ["abcd-efgh", "1234-5678", "3141590", &format!("{}314159", password("erin")), "314.159", "314_159"] {
        assert_eq!(with_code(&[typed; 3].join("\n")).of("auth"), Code::AUTH_ERR, "{typed:?}");
    }
    assert_eq!(codes_sent(), 0);
    // At the prompt for the password nothing is taken out: a password may have spaces.
    assert_eq!(world.authenticate("erin", &format!("{}314 159", password("erin"))), Code::AUTH_ERR);
    world.assert_no_secret_leaked();
}
