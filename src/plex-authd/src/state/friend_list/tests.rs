//! Refreshes because of an account that is not on the list, without a thread that does them.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::collections::{BTreeSet, HashMap};

use policy::Throttle;

use super::*;
use crate::limits::rate_limiter::RateLimiter;
use crate::settings::Settings;
use crate::state::identities::Identities;

/// A cache whose thread does not run.
pub(super) fn without_thread() -> FriendListCache {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::start();
    let (store, _, _) = crate::state::store::open(directory.path(), &log).unwrap();
    let throttle = Throttle::new(policy::Limits::default(), policy::SavedLimits::default());
    let client = Client::new(&plex::Settings {
        base: "https://plex.invalid".parse().unwrap(),
        ca_file: None,
        connect_timeout: Duration::from_secs(1),
        client_id: "11111111-2222-3333-4444-555555555555".into(),
        device_name: "testhost".into(),
    });
    let source = Source {
        client: client.unwrap(),
        token: Token::from("TOKEN-SECRET"),
        machine_id: None,
        strict: true,
        owner_id: None,
        has_identity: true,
        max_age: Duration::from_secs(300),
        timeout: Duration::from_secs(1),
        scope_id: "scope".into(),
        rules: Rules::default(),
        members: members("root", &store, &log),
        on_update: Box::new(|_| {}),
        limits: Arc::new(Limits {
            connections: Arc::default(),
            rate_limiter: Arc::new(RateLimiter::new(throttle, store.clone(), log.clone())),
            link_slots: crate::limits::link_slots::LinkSlots::default(),
            refusal_delay: crate::limits::refusal_delay::RefusalDelay::default(),
        }),
    };
    FriendListCache { source, store, log, state: Mutex::default(), changed: Condvar::new() }
}

/// A configuration with this group and an entry for `games`.
fn members(group: &str, store: &Store, log: &Log) -> Members {
    members_of(group, "games = \"games\"", &identities(store, BTreeSet::new()), log)
}

/// A configuration with this group and these entries.
fn members_of(group: &str, users: &str, identities: &Arc<Identities>, log: &Log) -> Members {
    let text = format!(
        "token = \"TOKEN-SECRET\"\nstrict_friends = false\ngroup = \"{group}\"\n[users]\n{users}\n\
         [timeouts]\nfriend_list = \"1s\"\n"
    );
    let config = config::parse(&text, std::path::Path::new("x")).unwrap();
    Members::new(Arc::new(Settings::new(config, "x".into())), Arc::clone(identities), log.clone())
}

/// After configurations with these groups.
fn identities(store: &Store, earlier: BTreeSet<String>) -> Arc<Identities> {
    Arc::new(Identities::new(HashMap::new(), BTreeSet::new(), earlier, HashMap::new(), store.clone()))
}

/// A list with one friend.
fn list_with(id: u64, name: &str) -> FriendList {
    let person = PlexUser { id: PlexId(id), username: Some(name.into()), email: None };
    let entries = vec![policy::FriendRecord { person, relationship: policy::Relationship::Shared }];
    FriendList { entries, ..list() }
}

pub(super) fn list() -> FriendList {
    let owner = PlexUser { id: PlexId(1), username: None, email: None };
    FriendList { owner, entries: Vec::new(), second_source: None, fetched_at: clock::now() }
}

/// The beginning of a login after the lists of a test.
fn later() -> BootTime {
    clock::now() + Duration::from_secs(1)
}

#[test]
fn r37_a_refusal_does_not_wait_during_the_pause_after_a_failure() {
    let cache = without_thread();
    assert!(cache.can_be_newer());
    let now = Instant::now();
    let failed = |retry_at| Some((Reason::Unavailable("a test".into()), retry_at));
    cache.lock().failure = failed(now + Duration::from_secs(60));
    assert!(!cache.can_be_newer());
    assert!(cache.newer(&list(), later(), now + Duration::from_secs(60)).is_none());
    assert!(now.elapsed() < Duration::from_secs(2) && !cache.lock().misses.is_requested());
    cache.lock().failure = failed(now);
    assert!(cache.can_be_newer(), "the pause has ended");
}

#[test]
fn account_phase_waits_for_a_first_list_while_plex_tv_is_unreachable_and_for_no_other_failure() {
    let cache = without_thread();
    let unreachable = Reason::Unreachable("a test".into());
    for (reason, is_awaited) in [(Reason::Unavailable("a test".into()), false), (unreachable, true)] {
        let start = Instant::now();
        cache.lock().failure = Some((reason.clone(), start + Duration::from_secs(60)));
        let deadline = start + Duration::from_millis(400);
        assert_eq!(cache.fresh(deadline).err(), Some(about_the_list(&reason)), "a sign-in waits for neither");
        assert!(start.elapsed() < Duration::from_millis(300));
        assert_eq!(cache.awaited(deadline).err(), Some(about_the_list(&reason)));
        assert_eq!(Instant::now() >= deadline, is_awaited, "{reason:?}");
    }
    // The list that is fetched meanwhile ends the wait.
    let cache = Arc::new(cache);
    let (waiting, start) = (Arc::clone(&cache), Instant::now());
    let account_phase = std::thread::spawn(move || waiting.awaited(start + Duration::from_secs(60)));
    while !cache.lock().wanted {
        std::thread::sleep(Duration::from_millis(5));
    }
    cache.lock().list = Some(Arc::new(list()));
    cache.changed.notify_all();
    assert!(account_phase.join().unwrap().is_ok() && start.elapsed() < Duration::from_secs(30));
}

#[test]
fn r37_a_refusal_does_not_wait_for_a_refresher_that_stops() {
    let cache = Arc::new(without_thread());
    let waiting = Arc::clone(&cache);
    let start = Instant::now();
    let login = std::thread::spawn(move || waiting.newer(&list(), later(), start + Duration::from_secs(60)));
    while !cache.lock().misses.is_requested() {
        std::thread::sleep(Duration::from_millis(5));
    }
    cache.stop();
    assert!(login.join().unwrap().is_none());
    assert!(start.elapsed() < miss::MAX_WAIT / 2, "{:?}", start.elapsed());
    // And nothing is requested after that.
    let stopped = without_thread();
    stopped.stop();
    assert!(!stopped.can_be_newer() && stopped.newer(&list(), later(), start + Duration::from_secs(60)).is_none());
    assert!(!stopped.lock().misses.is_open());
}

#[test]
fn r74_new_member_causes_a_refresh_even_after_a_strangers_unless_no_list_could_decide() {
    let cache = without_thread();
    let now = Instant::now();
    cache.lock().list = Some(Arc::new(list()));
    assert!(cache.lock().misses.request(now));
    cache.lock().misses.begin();
    cache.lock().misses.end();
    assert!(!cache.lock().misses.request(now), "the refresh of this half minute is used up");
    assert!(cache.lock().request_for_member(now) && cache.lock().misses.is_requested());
    cache.lock().misses.begin();
    cache.lock().misses.end();
    let second = FriendList { second_source: Some("a test".into()), ..list() };
    cache.lock().list = Some(Arc::new(second));
    assert!(!cache.lock().request_for_member(now), "strangers could cause one at each attempt");
    assert!(cache.obstacle().unwrap().contains("second source"));
    cache.lock().list = Some(Arc::new(list()));
    cache.lock().failure = Some((Reason::Unavailable("a test".into()), now + Duration::from_secs(60)));
    assert!(!cache.lock().request_for_member(now));
    cache.decide_member("root", now + Duration::from_secs(60));
    assert!(now.elapsed() < Duration::from_secs(2), "a login does not wait during the pause after a failure");
    assert_eq!(cache.obstacle().as_deref(), Some("a test"));
}

#[test]
fn r74_a_list_decides_once_about_each_member_and_a_released_one_is_decided_again() {
    let cache = without_thread();
    let members = &cache.source.members;
    let both = BTreeSet::from(["dora".to_owned(), "alice".to_owned()]);
    members.decide(&list_with(2, "Alice"), &both);
    assert!(both.iter().all(|member| !members.is_undecided(member)));
    let identities = members.identities();
    assert_eq!(identities.binding("alice").unwrap().id, PlexId(2));
    assert_eq!((identities.binding("dora"), identities.unbound()), (None, BTreeSet::from(["dora".to_owned()])));
    members.decide(&list_with(6, "dora"), &both);
    assert_eq!((identities.binding("dora"), identities.binding("alice").unwrap().id), (None, PlexId(2)));
    identities.release("dora");
    assert!(members.is_undecided("dora"));
    members.decide(&list_with(6, "dora"), &both);
    assert_eq!(identities.binding("dora").unwrap().id, PlexId(6));
    assert!(identities.forget("dora") && members.is_undecided("dora"));
}

/// An entry that root deletes by hand, or by an old file, must not leave the account to the person who has its name by then.
#[test]
fn r74_a_member_that_had_an_entry_is_bound_by_no_later_list() {
    let cache = without_thread();
    let identities = identities(&cache.store, BTreeSet::new());
    let sign_in = || identities.bind("games", IdentityBinding { id: PlexId(7), reference: "7".into() });
    let with_entry = members_of("games", "games = \"7\"", &identities, &cache.log);
    let without_entry = members_of("games", "", &identities, &cache.log);
    sign_in();
    assert!(with_entry.undecided().is_empty(), "the entry decides");
    sign_in();
    assert!(!without_entry.undecided().contains("games") && !without_entry.is_undecided("games"));
    without_entry.decide(&list_with(9, "games"), &BTreeSet::from(["games".to_owned()]));
    assert_ne!(identities.binding("games").unwrap().id, PlexId(9));
    // Root can have the next list decide.
    assert!(identities.forget("games") && without_entry.undecided().contains("games"));
}

/// A member that only its own groups show may have joined at any time.
#[test]
fn r74_a_member_that_the_group_does_not_list_is_left_unbound_at_its_login() {
    let cache = without_thread();
    let members = &cache.source.members;
    assert!(members.awaits_list("root") && members.undecided().contains("root"));
    cache.decide_member("dirk", Instant::now() + Duration::from_secs(60));
    assert!(!cache.lock().misses.is_requested(), "no list is requested");
    assert_eq!(members.identities().unbound(), BTreeSet::from(["dirk".to_owned()]));
    assert!(!cache.is_undecided("dirk") && !members.undecided().contains("dirk"));
    // A group that cannot be read says nothing about its members.
    let unreadable = self::members("no-such-group", &cache.store, &cache.log);
    assert!(!unreadable.awaits_list("dirk") && unreadable.is_undecided("dirk"));
}

#[test]
fn r74_the_binding_of_an_account_that_left_the_group_or_is_gone_is_released() {
    let (cache, id) = (without_thread(), PlexId(2));
    let bind = |members: &Members| {
        for (account, reference) in
            [("root", "root"), ("daemon", "daemon"), ("gone", "gone"), ("games", "games"), ("bin", "al")]
        {
            members.identities().bind(account, IdentityBinding { id, reference: reference.into() });
        }
        members.identities().leave_unbound(vec!["sys".into(), "no-account".into()]);
    };
    let bound = |members: &Members| {
        let bound: BTreeSet<_> = members.identities().bindings().into_iter().map(|(account, _)| account).collect();
        bound.into_iter().collect::<Vec<_>>().join(" ")
    };
    let members = &cache.source.members;
    bind(members);
    members.undecided();
    // A single look may be an incomplete answer of a name service.
    assert_eq!(bound(members), "bin daemon games gone root");
    std::thread::sleep(Duration::from_millis(600));
    members.undecided();
    // A later account of the name `daemon` or `gone` that joins is a new member.
    assert_eq!(bound(members), "bin games root");
    assert_eq!(members.identities().unbound(), BTreeSet::new());
    assert!(["daemon", "gone"].iter().all(|account| members.is_undecided(account)));
    let unreadable = self::members("no-such-group", &cache.store, &cache.log);
    bind(&unreadable);
    unreadable.undecided();
    std::thread::sleep(Duration::from_millis(600));
    unreadable.undecided();
    unreadable.release_former();
    assert_eq!(bound(&unreadable), "bin daemon games gone root");
    // Likewise where there is no list.
    bind(members);
    members.release_former();
    std::thread::sleep(Duration::from_millis(600));
    members.release_former();
    assert_eq!(bound(members), "bin games root");
}

/// The file names another group for a while, by mistake. A friend who has taken the name of a member meanwhile gets nothing.
#[test]
fn r74_another_group_in_the_file_releases_no_member_that_stays_in_the_earlier_one() {
    let (cache, id) = (without_thread(), PlexId(2));
    let earlier = BTreeSet::from(["daemon".to_owned(), "no-such-group".to_owned()]);
    let members = members_of("root", "", &identities(&cache.store, earlier), &cache.log);
    for account in ["daemon", "bin", "gone"] {
        members.identities().bind(account, IdentityBinding { id, reference: account.into() });
    }
    members.undecided();
    std::thread::sleep(Duration::from_millis(600));
    members.undecided();
    let bound: BTreeSet<_> = members.identities().bindings().into_iter().map(|(account, _)| account).collect();
    assert_eq!(bound, BTreeSet::from(["daemon".to_owned()]), "the others are in neither");
    assert!(members.identities().groups().contains("root"));
}
