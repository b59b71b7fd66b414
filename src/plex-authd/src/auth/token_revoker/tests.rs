//! Which tokens are revoked, and when.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]
use plex::{Account, Settings};

use super::*;
use crate::auth::account_locks::LockedAccount;

const ALICE: LockedAccount = LockedAccount::Account(PlexId(2));

struct Fixture {
    sign_out: TokenRevoker,
    work: Work,
    device: Device,
    _woken: Receiver<()>,
}

fn fixture() -> Fixture {
    let client = Client::new(&Settings {
        base: "https://127.0.0.1:1/".parse().unwrap(),
        ca_file: None,
        connect_timeout: ONE,
        client_id: "the-sign-ins".into(),
        device_name: "den".into(),
    });
    let (wake, woken) = channel();
    let tokens = Arc::<Mutex<Tokens>>::default();
    let work = Work { tokens: Arc::clone(&tokens), turns: AccountLocks::default(), log: Log::start() };
    let device = Device { client: client.unwrap(), slot: 0 };
    Fixture { sign_out: TokenRevoker { tokens, wake }, work, device, _woken: woken }
}

impl Fixture {
    /// A login that was given this token.
    fn sign_in(&self, token: &str) -> IssuedToken {
        let token = Token::from(token);
        let account = Account { id: 2, username: None, email: None };
        let hold = self.sign_out.hold(&self.device, token.clone());
        hold.belongs_to(SignedIn { account, token, two_factor: None })
    }

    /// What is revoked now.
    fn next(&self) -> Option<(String, Option<AccountLock>)> {
        std::thread::sleep(AFTER + Duration::from_millis(10));
        self.work.next(false).map(|(token, _, turn)| (token.expose().to_owned(), turn))
    }

    fn is_revoked(&self, token: &str) -> bool {
        let next = self.next();
        if next.is_some() {
            lock(&self.work.tokens).forget(&Token::from(token));
        }
        next.is_some_and(|(revoked, _)| revoked == token)
    }
}

#[test]
fn r63_a_token_is_revoked_once_when_the_last_login_that_holds_it_has_ended() {
    let fixture = fixture();
    let (first, second) = (fixture.sign_in("same"), fixture.sign_in("same"));
    assert!(fixture.next().is_none());
    drop(first);
    assert!(fixture.next().is_none(), "another login holds it");
    drop(second);
    assert!(fixture.is_revoked("same"));
    assert!(fixture.next().is_none(), "it is revoked already");
}

#[test]
fn r63_a_token_that_is_handed_out_again_is_not_revoked_at_whatever_moment() {
    let fixture = fixture();
    drop(fixture.sign_in("same"));
    // Before it is due; when it is due.
    for due in [false, true] {
        if due {
            std::thread::sleep(AFTER * 2);
        }
        let again = fixture.sign_in("same");
        assert!(fixture.next().is_none(), "{due}");
        drop(again);
    }
    // While plex.tv is being asked to revoke it no sign-in of this account runs. If it comes by another's code, it stays
    // known, to be revoked when that login has ended.
    let (_, turn) = fixture.next().unwrap();
    assert!(fixture.work.turns.take(ALICE, Instant::now()).is_none());
    let again = fixture.sign_in("same");
    lock(&fixture.work.tokens).forget(&Token::from("same"));
    drop(turn);
    assert!(fixture.next().is_none());
    drop(again);
    assert!(fixture.is_revoked("same"));
}

#[test]
fn r63_nothing_is_revoked_while_its_account_signs_in_or_could_by_an_open_code() {
    let fixture = fixture();
    let turn = fixture.work.turns.take(ALICE, Instant::now()).unwrap();
    drop(fixture.sign_in("same"));
    assert!(fixture.next().is_none());
    let code = turn.open_code();
    assert!(fixture.next().is_none());
    drop(code);
    assert!(fixture.is_revoked("same"));
}

#[test]
fn r63_the_owners_own_token_is_never_revoked_not_even_at_the_end() {
    let fixture = fixture();
    fixture.sign_out.keep(&Token::from("owners"));
    drop(fixture.sign_in("owners"));
    assert!(fixture.work.next(true).is_none());
    // Nor when it becomes the owner's while it waits.
    drop(fixture.sign_in("next"));
    fixture.sign_out.keep(&Token::from("next"));
    assert!(fixture.work.next(true).is_none());
    drop(fixture.sign_in("other"));
    assert!(fixture.work.next(true).is_some());
}

#[test]
fn r63_a_token_of_a_login_that_was_given_up_is_revoked_too() {
    let fixture = fixture();
    // By link, before anybody could ask whose it is.
    drop(fixture.sign_out.hold(&fixture.device, Token::from("unknown")));
    assert!(fixture.is_revoked("unknown"));
}
