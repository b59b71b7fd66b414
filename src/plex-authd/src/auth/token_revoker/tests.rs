//! Conditions and time of revocations.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]
use plex::Settings;
use policy::PlexUser;

use super::*;
use crate::auth::account_locks::LockedAccount;

const ALICE: LockedAccount = LockedAccount::Account(PlexId(2));

struct Fixture {
    revoker: TokenRevoker,
    revocation: Revocation,
    device: Device,
    _woken: Receiver<()>,
}

fn fixture() -> Fixture {
    let client = Client::new(&Settings {
        base: "https://127.0.0.1:1/".parse().unwrap(),
        ca_file: None,
        connect_timeout: TIMEOUT,
        client_id: "the-sign-ins".into(),
        device_name: "den".into(),
    });
    let (wake, woken) = channel();
    let tokens = Arc::<Mutex<Tokens>>::default();
    let revocation =
        Revocation { tokens: Arc::clone(&tokens), account_locks: AccountLocks::default(), log: Log::start() };
    let device = Device { client: client.unwrap(), slot: 0 };
    Fixture { revoker: TokenRevoker { tokens, wake }, revocation, device, _woken: woken }
}

impl Fixture {
    /// A login that plex.tv issued this token to.
    fn sign_in(&self, token: &str) -> IssuedToken {
        let token = Token::from(token);
        let account = PlexUser { id: PlexId(2), username: None, email: None };
        let held = self.revoker.hold(&self.device, token.clone());
        held.belongs_to(SignedIn { account, token, two_factor: None })
    }

    /// The token that is revoked next, with the lock of its account.
    fn next(&self) -> Option<(String, Option<AccountLock>)> {
        std::thread::sleep(DELAY + Duration::from_millis(10));
        self.revocation.next(false).map(|(token, _, account_lock)| (token.expose().to_owned(), account_lock))
    }

    fn is_revoked(&self, token: &str) -> bool {
        let next = self.next();
        if next.is_some() {
            lock(&self.revocation.tokens).remove(&Token::from(token));
        }
        next.is_some_and(|(revoked, _)| revoked == token)
    }
}

#[test]
fn r63_a_token_is_revoked_once_after_the_last_login_that_holds_it() {
    let fixture = fixture();
    let (first, second) = (fixture.sign_in("same"), fixture.sign_in("same"));
    assert!(fixture.next().is_none());
    drop(first);
    assert!(fixture.next().is_none(), "another login holds it");
    drop(second);
    assert!(fixture.is_revoked("same"));
    assert!(fixture.next().is_none(), "it has been revoked already");
}

#[test]
fn r63_a_token_that_is_issued_again_is_not_revoked_while_it_is_held() {
    let fixture = fixture();
    drop(fixture.sign_in("same"));
    // Before it is due; when it is due.
    for due in [false, true] {
        if due {
            std::thread::sleep(DELAY * 2);
        }
        let again = fixture.sign_in("same");
        assert!(fixture.next().is_none(), "{due}");
        drop(again);
    }
    // During the revocation no sign-in of this account runs. If the token is issued for another account's code, it stays
    // registered, and is revoked after that login.
    let (_, account_lock) = fixture.next().unwrap();
    assert!(fixture.revocation.account_locks.acquire(ALICE, Instant::now()).is_none());
    let again = fixture.sign_in("same");
    lock(&fixture.revocation.tokens).remove(&Token::from("same"));
    drop(account_lock);
    assert!(fixture.next().is_none());
    drop(again);
    assert!(fixture.is_revoked("same"));
}

#[test]
fn r63_no_token_is_revoked_while_its_account_signs_in_or_has_an_open_code() {
    let fixture = fixture();
    let account_lock = fixture.revocation.account_locks.acquire(ALICE, Instant::now()).unwrap();
    drop(fixture.sign_in("same"));
    assert!(fixture.next().is_none());
    let code = account_lock.open_code();
    assert!(fixture.next().is_none());
    drop(code);
    assert!(fixture.is_revoked("same"));
}

#[test]
fn r63_the_owners_token_is_never_revoked() {
    let fixture = fixture();
    fixture.revoker.never_revoke(&Token::from("owners"));
    drop(fixture.sign_in("owners"));
    assert!(fixture.revocation.next(true).is_none());
    // Also if it becomes the owner's before it is due.
    drop(fixture.sign_in("next"));
    fixture.revoker.never_revoke(&Token::from("next"));
    assert!(fixture.revocation.next(true).is_none());
    drop(fixture.sign_in("other"));
    assert!(fixture.revocation.next(true).is_some());
}

#[test]
fn r63_the_token_of_a_cancelled_login_is_revoked() {
    let fixture = fixture();
    // By link, before its account is known.
    drop(fixture.revoker.hold(&fixture.device, Token::from("unknown")));
    assert!(fixture.is_revoked("unknown"));
}
