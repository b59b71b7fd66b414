//! R76 (P7, P8): the owner depends on no list. A dead token and a failing `/api/v2/user` do not lock the owner out, nor a
//! friend whom nothing but the owner's own account data is missing for.

use std::time::Duration;

use e2e::{Code, World, password};
use fakeplex::{Command, Endpoint, Fault};

use crate::machine::{
    QUICK, assert_accounts, assert_nothing_sent, assert_sign_ins, by_link, config, is_refused, machine, next_list,
    restart, wait_until,
};

#[track_caller]
fn assert_only_the_owner_signs_in(world: &World, when: &str) {
    assert_eq!(world.authenticate("olga", &password("olga")), Code::SUCCESS, "{when}: the owner's password");
    assert_eq!(by_link(world, "olga", "olga"), Code::SUCCESS, "{when}: the owner by link");
    assert!(is_refused(world.authenticate("olga", "wrong")), "{when}: a wrong password");
    let other = world.authenticate("olga", &password("mallory"));
    assert!(is_refused(other), "{when}: Mallory's password at the owner's account: {other:?}");
    assert!(is_refused(by_link(world, "olga", "mallory")), "{when}: Mallory's approval");
    assert_eq!(world.account("olga"), Code::SUCCESS, "{when}: the owner's account phase");
    for friend in ["alice", "frank"] {
        let code = world.authenticate(friend, &password(friend));
        assert_eq!(code, Code::AUTHINFO_UNAVAIL, "{when}: {friend}");
    }
    world.plex().reset();
    let mallory = world.authenticate("mallory", &password("mallory"));
    assert_ne!(mallory, Code::SUCCESS, "{when}: a stranger");
    assert_nothing_sent(world, when, &["mallory"]);
}

/// P6, P8: 401 and 498 mean that the token is no longer valid.
fn dead_token(end: &Command) {
    let Some(world) = machine("", QUICK) else { return };
    assert_sign_ins(&world, "usual", &["alice", "olga"], &["mallory"]);
    world.plex().send(end).unwrap();
    next_list();
    assert_only_the_owner_signs_in(&world, "the token has died");
    assert_accounts(&world, "the token has died", &["alice", "frank"], &["bob", "mallory"]);
    world.wait_for_log(&["friend list", "token"]);
    restart(&world, &config(&world, "", QUICK));
    assert_only_the_owner_signs_in(&world, "restarted");
    world.stop_authd();
    world.sh("rm -rf /var/lib/plex-auth");
    world.start_authd(&config(&world, "", QUICK));
    assert_only_the_owner_signs_in(&world, "no list ever");
    assert_accounts(&world, "no list ever", &["olga"], &["alice", "frank", "bob", "mallory"]);
    world.assert_no_secret_leaked();
}

#[test]
fn r76_owner_signs_in_after_the_stored_token_was_revoked() {
    dead_token(&Command::KillTokens("olga".into()));
}

/// P8, K6.
#[test]
fn r76_owner_signs_in_after_the_stored_token_has_expired() {
    dead_token(&Command::ExpireTokens("olga".into()));
}

/// P7: the owner is known by `owner_id`, so the list needs nothing from `/api/v2/user`.
#[test]
fn r76_list_needs_no_answer_from_api_v2_user_if_owner_id_is_configured() {
    let faults = [Fault::Status(503, String::new()), Fault::Api(403, 1080), Fault::Gone, Fault::Captcha];
    list_without_api_v2_user(QUICK, &faults, Duration::from_secs(5));
}

/// The default time limits: the request that hangs leaves time for the list.
#[test]
fn r76_list_needs_no_answer_in_time_from_api_v2_user_if_owner_id_is_configured() {
    list_without_api_v2_user("", &[Fault::Silence], Duration::from_secs(30));
}

fn list_without_api_v2_user(tables: &str, faults: &[Fault], limit: Duration) {
    let Some(world) = machine("", tables) else { return };
    for fault in faults {
        let when = format!("/api/v2/user: {fault:?}");
        world.stop_authd();
        // Names of the owner that were read before must not be needed.
        world.sh("rm -rf /var/lib/plex-auth");
        world.plex().fault(Endpoint::User, fault.clone());
        world.start_authd(&config(&world, "", tables));
        wait_until(limit, &when, || world.authenticate("alice", &password("alice")) == Code::SUCCESS);
        assert_sign_ins(&world, &when, &["alice", "frank", "olga"], &["bob", "carol", "mallory"]);
        assert_accounts(&world, &when, &["alice", "frank", "kid", "olga"], &["bob", "carol", "mallory"]);
        world.plex().clear_faults();
    }
}

/// Without `owner_id`, the failure of `/api/v2/user` leaves the owner unknown, which is an outage for everybody else.
#[test]
fn r76_unknown_owner_is_an_outage() {
    let Some(world) = machine("", QUICK) else { return };
    let unknown = config(&world, "", QUICK).replace("owner_id = 1\n", "");
    world.stop_authd();
    world.sh("rm -rf /var/lib/plex-auth");
    world.plex().fault(Endpoint::User, Fault::Status(503, String::new()));
    world.start_authd(&unknown);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    assert_ne!(world.authenticate("mallory", &password("mallory")), Code::SUCCESS);
    world.plex().clear_faults();
    let back = || world.authenticate("alice", &password("alice")) == Code::SUCCESS;
    wait_until(Duration::from_secs(15), "/api/v2/user answers again", back);
}
