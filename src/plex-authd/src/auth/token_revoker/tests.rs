//! Conditions and time of revocations.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use plex::Settings;
use policy::{PlexId, PlexUser, SavedLimits, Throttle};

use super::revocation::Revoking;
use super::*;
use crate::auth::account_locks::LockedAccount;

const ALICE: LockedAccount = LockedAccount::Account(PlexId(2));

struct Fixture {
    revoker: TokenRevoker,
    revocation: Revocation,
    device: Device,
}

fn fixture() -> Fixture {
    at("https://127.0.0.1:1/")
}

/// A revoker that sends to this address. Its thread does not run.
fn at(base: &str) -> Fixture {
    let client = Client::new(&Settings {
        base: base.parse().unwrap(),
        ca_file: None,
        connect_timeout: Duration::from_secs(5),
        client_id: "the-sign-ins".into(),
        device_name: "den".into(),
    });
    let shared = Arc::<Shared>::default();
    let log = Log::start();
    let (store, _, _) = crate::state::store::open(tempfile::tempdir().unwrap().path(), &log).unwrap();
    let throttle = Throttle::new(policy::Limits::default(), SavedLimits::default());
    let rate_limiter = Arc::new(RateLimiter::new(throttle, store, log.clone()));
    let revocation =
        Revocation { shared: Arc::clone(&shared), account_locks: AccountLocks::default(), rate_limiter, log };
    Fixture { revoker: TokenRevoker(shared), revocation, device: Device { client: client.unwrap(), slot: 0 } }
}

impl Fixture {
    /// A login of Alice that plex.tv issued this token to.
    fn sign_in(&self, token: &str) -> IssuedToken {
        self.sign_in_of(2, token)
    }

    fn sign_in_of(&self, id: u64, token: &str) -> IssuedToken {
        let token = Token::from(token);
        let account = PlexUser { id: PlexId(id), username: None, email: None };
        let held = self.revoker.hold(&self.device, token.clone());
        held.belongs_to(SignedIn { account, token, two_factor: None })
    }

    /// The token that is revoked next, with the lock of its account.
    fn next(&self) -> Option<Revoking> {
        std::thread::sleep(DELAY + Duration::from_millis(10));
        self.revocation.next(&mut lock(&self.revoker.0.tokens))
    }

    /// True if this token is the one that is revoked next, which it is then.
    fn is_revoked(&self, token: &str) -> bool {
        self.next().is_some_and(|revoking| revoking.token.expose() == token)
    }

    /// Starts the thread.
    fn run(self) -> (TokenRevoker, RevokerWorker, Device) {
        let Self { revoker, revocation, device } = self;
        let worker = Worker::start("signout", move || Arc::new(revocation).run()).unwrap();
        let worker = RevokerWorker { shared: Arc::clone(&revoker.0), worker };
        (revoker, worker, device)
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
    let revoking = fixture.next().unwrap();
    assert!(fixture.next().is_none(), "it is not sent twice");
    assert!(fixture.revocation.account_locks.acquire(ALICE, Instant::now()).is_none());
    let again = fixture.sign_in("same");
    drop(revoking);
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

/// Strangers who kept codes open for an account kept its tokens valid.
#[test]
fn r63_open_codes_postpone_a_revocation_for_two_minutes_at_most() {
    let fixture = fixture();
    drop(fixture.sign_in("same"));
    let lock_of_alice = || fixture.revocation.account_locks.acquire(ALICE, Instant::now()).unwrap();
    let _codes: Vec<_> = (0..9).map(|_| lock_of_alice().open_code()).collect();
    assert!(fixture.next().is_none());
    let due = Instant::now().checked_sub(revocation::LONGEST_DELAY).unwrap();
    lock(&fixture.revoker.0.tokens).issued.first_mut().unwrap().due = due;
    let signing_in = lock_of_alice();
    assert!(fixture.next().is_none(), "a sign-in still goes first");
    drop(signing_in);
    assert!(fixture.is_revoked("same"));
}

/// A token was counted as left, and then logged as failed.
#[test]
fn r63_a_token_is_either_counted_as_left_at_the_end_or_logged_as_failed() {
    let fixture = fixture();
    let tokens = &fixture.revoker.0.tokens;
    for token in ["first", "second"] {
        drop(fixture.sign_in(token));
    }
    lock(tokens).end = Some(Instant::now() + SHUTDOWN_LIMIT);
    let (first, second) = (fixture.next().unwrap(), fixture.next().unwrap());
    assert_eq!(lock(tokens).left(), 2);
    assert!(lock(tokens).end_request(&first.token), "logged");
    assert_eq!(lock(tokens).left(), 1, "and no longer counted");
    lock(tokens).is_reported = true;
    assert!(!lock(tokens).end_request(&second.token), "counted already");
    drop((first, second));
    assert_eq!(lock(tokens).left(), 0);
}

#[test]
fn r63_the_owners_token_is_never_revoked() {
    let fixture = fixture();
    let shutting_down = |is_ending: bool| {
        let end = is_ending.then(|| Instant::now() + SHUTDOWN_LIMIT);
        lock(&fixture.revoker.0.tokens).end = end;
    };
    fixture.revoker.never_revoke(&Token::from("owners"));
    drop(fixture.sign_in("owners"));
    let held = fixture.sign_in("owners");
    for is_ending in [false, true] {
        shutting_down(is_ending);
        assert!(fixture.next().is_none(), "{is_ending}");
    }
    drop(held);
    shutting_down(false);
    // Also if it becomes the owner's before it is due.
    drop(fixture.sign_in("next"));
    fixture.revoker.never_revoke(&Token::from("next"));
    assert!(fixture.next().is_none());
    drop(fixture.sign_in("other"));
    assert!(fixture.is_revoked("other"));
}

#[test]
fn r63_the_token_of_a_cancelled_login_is_revoked() {
    let fixture = fixture();
    // By link, before its account is known.
    drop(fixture.revoker.hold(&fixture.device, Token::from("unknown")));
    assert!(fixture.is_revoked("unknown"));
}

/// A plex.tv that accepts connections and never answers. They are closed when it is dropped.
struct Silent {
    base: String,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    accepted: Arc<AtomicUsize>,
}

impl Silent {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("https://{}/", listener.local_addr().unwrap());
        let silent = Self { base, connections: Arc::default(), accepted: Arc::default() };
        let (connections, accepted) = (Arc::clone(&silent.connections), Arc::clone(&silent.accepted));
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                lock(&connections).push(connection);
                accepted.fetch_add(1, Ordering::SeqCst);
            }
        });
        silent
    }

    /// Number of connections so far, once there are as many as that.
    fn accepted(&self, at_least: usize) -> usize {
        let start = Instant::now();
        while self.accepted.load(Ordering::SeqCst) < at_least && start.elapsed() < Duration::from_secs(4) {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(200));
        self.accepted.load(Ordering::SeqCst)
    }
}

#[test]
fn r71_eight_tokens_are_revoked_at_once_and_those_of_one_account_one_after_the_other() {
    let plex_tv = Silent::start();
    let fixture = at(&plex_tv.base);
    let locks = fixture.revocation.account_locks.clone();
    let rate_limiter = Arc::clone(&fixture.revocation.rate_limiter);
    let held: Vec<_> = (0..20).map(|n| fixture.sign_in_of(100 + n, &format!("token{n}"))).collect();
    let of_alice: Vec<_> = (0..3).map(|n| fixture.sign_in(&format!("alices{n}"))).collect();
    let (revoker, worker, _) = fixture.run();
    drop(of_alice);
    assert_eq!(plex_tv.accepted(1), 1);
    assert!(locks.acquire(ALICE, Instant::now()).is_none(), "a sign-in waits for the revocation");
    drop(held);
    assert_eq!(plex_tv.accepted(8), 8, "those of others do not wait for it");
    lock(&plex_tv.connections).clear();
    assert_eq!(plex_tv.accepted(16), 16);
    // Those that failed are not sent again, and the rest is sent at shutdown.
    let closer = std::thread::spawn({
        let connections = Arc::clone(&plex_tv.connections);
        move || {
            for _ in 0..40 {
                std::thread::sleep(Duration::from_millis(50));
                lock(&connections).clear();
            }
        }
    });
    worker.finish();
    assert_eq!((plex_tv.accepted(23), lock(&revoker.0.tokens).left()), (23, 0));
    assert_eq!(rate_limiter.sent_last_hour().revocations, 23);
    closer.join().unwrap();
}

#[test]
fn r71_shutdown_revokes_held_tokens_too_and_ends_in_time_without_an_answer() {
    let plex_tv = Silent::start();
    let (revoker, worker, device) = at(&plex_tv.base).run();
    // A login in progress, and a code of an unknown account that is not due yet.
    let held = revoker.hold(&device, Token::from("held"));
    drop(revoker.hold(&device, Token::from("dropped")));
    let many: Vec<_> = (0..30).map(|n| revoker.hold(&device, Token::from(format!("token{n}").as_str()))).collect();
    let start = Instant::now();
    worker.finish();
    assert!(start.elapsed() < LONGEST_END, "{:?}", start.elapsed());
    // Five seconds for each eight of them.
    assert_eq!((plex_tv.accepted(16), lock(&revoker.0.tokens).left()), (16, 16));
    drop((held, many));
}
