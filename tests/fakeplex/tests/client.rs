//! The client in `src/plex` against this plex.tv: every kind of error and every fault, over real TLS.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::path::Path;
use std::time::{Duration, Instant};

use fakeplex::{Command, Connections, Endpoint, Fault, Running};
use plex::{Approval, Client, Error, ListError, Settings, Token, TokenAccount};
use policy::Relationship;

const DEN: &str = include_str!("../worlds/den.toml");
const MACHINE: &str = "0123456789abcdef0123456789abcdef01234567";

struct Fixture {
    server: Running,
    client: Client,
    _directory: tempfile::TempDir,
}

fn client(server: &Running, base: &str) -> Client {
    Client::new(&Settings {
        base: base.parse().unwrap(),
        ca_file: Some(server.ca_file()),
        connect_timeout: Duration::from_secs(2),
        client_id: "11111111-2222-3333-4444-555555555555".into(),
        device_name: "testhost".into(),
    })
    .unwrap()
}

fn fixture() -> Fixture {
    fixture_of(DEN)
}

fn fixture_of(world: &str) -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let server = Running::start(Path::new(env!("CARGO_BIN_EXE_fakeplex")), world, directory.path());
    Fixture { client: client(&server, &server.address("address")), server, _directory: directory }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(2500)
}

fn password(name: &str) -> String {
    format!("PASSWORD-SECRET-{name}")
}

fn is_outage<T: std::fmt::Debug>(outcome: &Result<T, Error>) -> bool {
    use Error::{RefusedWithoutCode, ServerError, Unavailable, Unreachable};
    matches!(outcome, Err(Unreachable(_) | ServerError(_) | Unavailable(_) | RefusedWithoutCode))
}

#[test]
fn r71_client_counts_the_requests_that_it_and_its_clones_send() {
    let f = fixture();
    let token = f.client.sign_in("alice", &password("alice"), None, soon()).unwrap().token;
    let owner = f.client.for_owner(None, "22222222-2222-3333-4444-555555555555");
    let of_owner = Token::from("TOKEN-SECRET-olga");
    assert!(owner.shared_servers(&of_owner, MACHINE, soon()).is_ok());
    // A fault is a request as well.
    f.server.control().fault(Endpoint::All, Fault::Status(502, String::new()));
    assert!(owner.clone().users(&of_owner, None, soon()).is_err());
    assert!(f.client.sign_out(&token, soon()).is_err());
    assert_eq!((f.client.requests(), owner.requests()), (2, 2));
    assert_eq!(f.server.control().counters().total(), 4);
}

#[test]
fn client_distinguishes_every_kind_of_rejected_sign_in() {
    let f = fixture();
    let ask = |login: &str, pw: &str, code: Option<&str>| {
        f.client.sign_in(login, pw, code, soon()).map(|signed_in| signed_in.account.id.0)
    };
    assert_eq!(ask("alice@example.org", &password("alice"), None), Ok(2));
    assert_eq!(ask("ALICE", &password("alice"), None), Ok(2));
    assert_eq!(ask("alice", "wrong", None), Err(Error::Refused));
    assert_eq!(ask("nobody", "wrong", None), Err(Error::Refused));
    assert_eq!(ask("erin", &password("erin"), None), Err(Error::CodeWanted));
    assert_eq!(ask("erin", &password("erin"), Some("000000")), Err(Error::WrongCode));
    assert_eq!(ask("erin", "wrong", Some("314159")), Err(Error::Refused));
    assert_eq!(ask("erin", &password("erin"), Some("314159")), Ok(5));
    assert_eq!(ask("erin", &format!("{}314159", password("erin")), None), Ok(5));
    assert_eq!(ask("frank", &password("frank"), None), Err(Error::EmailOnly));
    assert_eq!(ask("frank@example.org", &password("frank"), None), Ok(6));
    f.server.control().send(&Command::BlockAfter(1)).unwrap();
    assert_eq!(ask("alice", &password("alice"), None), Err(Error::AddressBlocked));
}

#[test]
fn client_token_is_valid_until_signed_out() {
    let f = fixture();
    let signed_in = f.client.sign_in("alice", &password("alice"), None, soon()).unwrap();
    assert_eq!(f.client.account(&signed_in.token, soon()).unwrap().username.as_deref(), Some("alice"));
    assert_eq!(f.server.control().counters().live_tokens, 1);
    f.client.sign_out(&signed_in.token, soon()).unwrap();
    assert_eq!(f.client.account(&signed_in.token, soon()), Err(Error::Refused));
    assert_eq!(f.server.control().counters().live_tokens, 0);
}

/// Another token may be accepted where one is rejected, and not where plex.tv says nothing about it.
#[test]
fn client_tells_a_rejected_token_from_an_answer_that_says_nothing_about_it() {
    let f = fixture();
    let owner = Token::from("TOKEN-SECRET-olga");
    let account = || f.client.token_account(&owner, soon());
    assert!(matches!(account(), Ok(TokenAccount::Shown(user)) if user.id.0 == 1));
    for status in [400, 401, 403, 404, 422, 498, 499] {
        f.server.control().fault(Endpoint::User, Fault::Status(status, String::new()));
        assert!(matches!(account(), Ok(TokenAccount::Rejected(_))), "{status}");
        assert!(f.client.account(&owner, soon()).is_err(), "{status}");
    }
    for fault in [
        Fault::TooMany(None),
        Fault::Status(302, String::new()),
        Fault::Status(500, String::new()),
        Fault::Status(503, String::new()),
        Fault::Garbage,
        Fault::Cut,
    ] {
        f.server.control().fault(Endpoint::User, fault.clone());
        assert!(account().is_err(), "{fault:?}");
    }
}

#[test]
fn client_reads_relationships_from_the_owners_lists() {
    let f = fixture();
    let owner = Token::from("TOKEN-SECRET-olga");
    let friends = f.client.users(&owner, None, soon()).unwrap();
    let read: Vec<_> = friends.iter().map(|f| (f.person.id.0, f.relationship == Relationship::Pending)).collect();
    assert_eq!(read, [(2, false), (3, false), (4, true), (5, false), (6, false)]);
    let shares = f.client.shared_servers(&owner, MACHINE, soon()).unwrap();
    let read: Vec<_> = shares.iter().map(|s| (s.person.id.0, s.relationship == Relationship::Pending)).collect();
    assert_eq!(read, [(2, false), (4, true), (5, false), (6, false)]);
    let other = f.client.shared_servers(&owner, "ffffffffffffffff", soon());
    assert!(matches!(other, Err(ListError::Gone(Error::Unavailable(_)))), "{other:?}");
    let dead = Token::from("TOKEN-SECRET-dead");
    assert_eq!(f.client.users(&dead, None, soon()), Err(Error::Refused.into()));
    assert_eq!(f.client.shared_servers(&dead, MACHINE, soon()), Err(Error::Refused.into()));
}

#[test]
fn client_asks_a_media_server_whether_it_accepts_a_token() {
    let f = fixture();
    let server: url::Url = f.server.address("address.pms.Den").parse().unwrap();
    let identity = f.client.server_identity(&server, soon()).unwrap();
    assert_eq!((identity.machine_identifier.as_str(), identity.claimed), (MACHINE, true));
    let accepts = |token: &str| f.client.server_accepts(&server, &Token::from(token), soon()).unwrap();
    assert!(accepts("ACCESS-SECRET-Den-2"));
    assert!(accepts("TOKEN-SECRET-olga"));
    assert!(!accepts("bogus"));
    let alice = f.client.sign_in("alice", &password("alice"), None, soon()).unwrap();
    assert!(!f.client.server_accepts(&server, &alice.token, soon()).unwrap());
}

#[test]
fn r36_client_reports_no_fault_as_a_success_or_a_wrong_password() {
    let f = fixture();
    let control = f.server.control();
    let elsewhere = f.server.address("address.wrong-name");
    let faults = [
        Fault::Silence,
        Fault::Drip,
        Fault::Cut,
        Fault::Reset,
        Fault::Captcha,
        Fault::Huge(9),
        Fault::Garbage,
        Fault::Truncated,
        Fault::Status(500, "<html>".into()),
        Fault::Status(503, String::new()),
        Fault::Status(404, String::new()),
        Fault::Status(410, String::new()),
        Fault::Status(401, String::new()),
        Fault::Status(401, "<html>no</html>".into()),
        Fault::Redirect(elsewhere.clone()),
        Fault::RedirectAs(301, elsewhere.clone()),
        Fault::RedirectAs(307, elsewhere),
        Fault::Gone,
        Fault::Api(500, 1007),
        Fault::Api(400, 1000),
    ];
    for fault in faults {
        control.fault(Endpoint::Signin, fault.clone());
        let start = Instant::now();
        let outcome = f.client.sign_in("alice", &password("alice"), None, soon());
        assert!(is_outage(&outcome), "{fault:?}: {outcome:?}");
        let counts = matches!(outcome, Err(Error::RefusedWithoutCode));
        assert_eq!(counts, matches!(fault, Fault::Status(401, _)), "P9: a bare 401 may have been a guess: {fault:?}");
        assert!(start.elapsed() < Duration::from_secs(6), "{fault:?} took {:?}", start.elapsed());
        control.clear_faults();
        assert!(f.client.sign_in("alice", &password("alice"), None, soon()).is_ok(), "after {fault:?}");
    }
    for (fault, wait) in [
        (Fault::TooMany(None), None),
        (Fault::TooMany(Some(30)), Some(Duration::from_secs(30))),
        (Fault::Api(429, 1003), None),
    ] {
        control.fault(Endpoint::Signin, fault);
        assert_eq!(f.client.sign_in("alice", "x", None, soon()).map(|_| ()), Err(Error::RateLimited(wait)));
    }
}

#[test]
fn r36_client_reports_dns_connection_and_timeout_errors_as_an_outage() {
    let f = fixture();
    let ask = |client: &Client| client.sign_in("alice", &password("alice"), None, soon());
    for wanted in [Connections::Refuse, Connections::Silence] {
        for open in [true, false] {
            if open {
                assert!(ask(&f.client).is_ok(), "so that there is a connection to go on with");
            }
            f.server.control().send(&Command::Connections(wanted)).unwrap();
            let start = Instant::now();
            let outcome = ask(&f.client);
            assert!(is_outage(&outcome), "{wanted:?}: {outcome:?}");
            assert!(start.elapsed() < Duration::from_secs(4), "{wanted:?} took {:?}", start.elapsed());
            f.server.control().clear_faults();
        }
    }
    // A host name that no resolver accepts, since its first label is too long: nothing leaves this machine.
    let outcome = ask(&client(&f.server, &format!("https://{}.test", "x".repeat(64))));
    assert!(is_outage(&outcome), "{outcome:?}");
    assert!(ask(&f.client).is_ok(), "when all is well again");
}

#[test]
fn client_accepts_alternative_response_formats() {
    let f = fixture();
    f.server.control().fault(Endpoint::All, Fault::OddShape);
    let ask = |pw: &str| f.client.sign_in("alice", pw, None, soon()).map(|signed_in| signed_in.account.id.0);
    assert_eq!(ask(&password("alice")), Ok(2));
    assert_eq!(ask("wrong"), Err(Error::Refused), "an error without its status");
    f.server.control().fault(Endpoint::All, Fault::Bare);
    assert_eq!((ask(&password("alice")), ask("wrong")), (Ok(2), Err(Error::Refused)));
}

#[test]
fn r31_client_follows_no_redirect_and_sends_no_secret_elsewhere() {
    let f = fixture();
    let control = f.server.control();
    // Another name of the same server, so that a client which follows redirects would reach it and trust it.
    let elsewhere = f.server.address("address").replace("localhost", "127.0.0.1") + "/elsewhere";
    let owner = Token::from("TOKEN-SECRET-olga");
    for status in [301, 302, 303, 307, 308] {
        for endpoint in [Endpoint::Signin, Endpoint::User, Endpoint::Users] {
            control.fault(endpoint, Fault::RedirectAs(status, elsewhere.clone()));
        }
        assert!(is_outage(&f.client.sign_in("alice", &password("alice"), None, soon())));
        assert!(is_outage(&f.client.account(&owner, soon())));
        assert!(is_outage(&f.client.users(&owner, None, soon()).map_err(Error::from)));
    }
    assert_eq!((control.counters().of(Endpoint::Other), control.counters().total()), (0, 15));
}

#[test]
fn client_sends_many_requests_over_one_connection() {
    let f = fixture();
    for _ in 0..20 {
        f.client.sign_in("alice", &password("alice"), None, soon()).unwrap();
    }
    let counters = f.server.control().counters();
    assert_eq!((counters.connections, counters.of(Endpoint::Signin), counters.mails), (1, 20, 1));
    let seen = f.server.control().seen();
    assert!(seen.iter().all(|seen| seen.product.as_deref() == Some("plex-auth") && seen.known_password));
}

/// Every call with an owner's token, over plex.tv's whole API.
fn all_calls(client: &Client, owner: &Token) {
    client.users(owner, None, soon()).unwrap();
    client.users(owner, Some(MACHINE), soon()).unwrap();
    client.shared_servers(owner, MACHINE, soon()).unwrap();
    client.account(owner, soon()).unwrap();
    client.resources(owner, soon()).unwrap();
    client.sign_out(owner, soon()).unwrap();
}

/// R64: what plex.tv would write into the record of the token's device is not sent, and v1 needs no identifier.
#[test]
fn r64_requests_with_the_owners_token_describe_no_device() {
    for identifier in [None, Some("kept-0123456789")] {
        let f = fixture();
        let client = f.client.for_owner(identifier, "fallback-0123");
        all_calls(&client, &Token::from("TOKEN-SECRET-olga"));
        let seen = f.server.control().seen();
        assert_eq!(seen.len(), 6);
        for seen in seen {
            let is_v2 = seen.path.starts_with("/api/v2/");
            let expected = if is_v2 { identifier.or(Some("fallback-0123")) } else { identifier };
            assert_eq!(seen.client_id.as_deref(), expected, "{seen:?}");
            let product: &[&str] = if expected.is_some() { &["x-plex-product"] } else { &[] };
            assert_eq!(seen.described, product, "{seen:?}");
            assert_eq!(seen.token_of.as_deref(), Some("olga"), "{seen:?}");
        }
    }
}

#[test]
fn sign_ins_and_link_codes_describe_their_device() {
    let f = fixture();
    let client = f.client.for_owner(None, "fallback-0123").as_device("sign-ins-0123", "host (sign-ins)");
    let signed_in = client.sign_in("alice", &password("alice"), None, soon()).unwrap();
    client.account(&signed_in.token, soon()).unwrap();
    let code = client.link_code(soon()).unwrap();
    assert!(matches!(client.approval(&code, soon()), Ok(Approval::Waiting)));
    let seen = f.server.control().seen();
    assert_eq!(seen.len(), 4);
    for seen in seen {
        assert_eq!(seen.client_id.as_deref(), Some("sign-ins-0123"), "{seen:?}");
        assert_eq!(seen.device_name.as_deref(), Some("host (sign-ins)"), "{seen:?}");
        let all = ["device", "device-name", "platform", "product", "version"].map(|name| format!("x-plex-{name}"));
        assert_eq!(seen.described, all, "{seen:?}");
    }
}

/// K4: plex.tv sees the server itself, and its record stays as it was.
#[test]
fn r64_a_media_servers_token_approves_a_code_as_the_server() {
    let world = DEN.replace("name = \"Den\"", "name = \"Den\"\ntoken = \"TOKEN-SECRET-den\"");
    let f = fixture_of(&world);
    let (server, olga) = (Token::from("TOKEN-SECRET-den"), Token::from("TOKEN-SECRET-olga"));
    let device = f.client.as_device("kept-0123456789", "host (friend list)");
    let code = device.link_code(soon()).unwrap();
    f.client.approve_as_server(&server, MACHINE, &code, soon()).unwrap();
    let Approval::Approved(token) = device.approval(&code, soon()).unwrap() else { panic!("not approved") };
    assert_eq!(f.client.account(&token, soon()).unwrap().id.0, 1);
    let approvals = f.server.control().approvals();
    let sent: Vec<_> = approvals.iter().map(|one| (one.client_id_sent.as_deref(), one.product.as_deref())).collect();
    assert_eq!(sent, [(Some(MACHINE), Some("Plex Media Server"))]);
    let seen = f.server.control().seen();
    let approval = seen.iter().find(|seen| seen.method == "PUT").unwrap();
    assert_eq!(approval.described, ["x-plex-product"]);
    let rows = f.client.resources(&olga, soon()).unwrap();
    assert!(rows.iter().any(|row| row.is_server() && row.name.as_deref() == Some("Den")), "{rows:?}");

    assert_eq!(f.client.approve_as_server(&server, MACHINE, &code, soon()), Err(Error::UnknownCode), "used up");
    let code = device.link_code(soon()).unwrap();
    let dead = Token::from("TOKEN-SECRET-dead");
    assert_eq!(f.client.approve_as_server(&dead, MACHINE, &code, soon()), Err(Error::Refused));
    assert!(is_outage(&f.client.approve_as_server(&server, "../7", &code, soon())), "no machine id");
}

/// P8
#[test]
fn an_expired_token_is_a_rejected_one() {
    let f = fixture();
    let owner = Token::from("TOKEN-SECRET-olga");
    f.server.control().send(&Command::ExpireTokens("olga".into())).unwrap();
    assert_eq!(f.client.account(&owner, soon()), Err(Error::Refused));
    assert_eq!(f.client.users(&owner, None, soon()), Err(Error::Refused.into()));
    assert_eq!(f.client.shared_servers(&owner, MACHINE, soon()), Err(Error::Refused.into()));
    assert_eq!(f.client.resources(&owner, soon()).map(drop), Err(Error::Refused));
}
