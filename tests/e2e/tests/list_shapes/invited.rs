//! R37, R40: a friend who accepted the invitation a second ago signs in at the first attempt. A stranger's attempts make
//! the machine read the list, but rarely, and are never held against anybody.

use std::time::{Duration, Instant};

use e2e::{Code, DEN, Try, World, password};
use fakeplex::{Endpoint, Fault};

use crate::machine::{by_link, is_refused, wait_until};

const LINK: &str = "link_sign_in = true\nlink_services = [\"alone\"]\n";

/// The interval at which lookup misses may refresh the list.
const INTERVAL: Duration = Duration::from_secs(30);

/// The Den after Carol and Zoe accepted their invitations.
fn accepted() -> String {
    let (shares, invited) = ("shared_with = [\"alice\", ", "invited = [\"carol\"]");
    assert!(DEN.contains(shares) && DEN.contains(invited));
    let den = DEN.replace(shares, "shared_with = [\"alice\", \"carol\", \"zoe\", ").replace(invited, "invited = []");
    format!(
        "{den}\n[[account]]\nid = 20\nusername = \"zoe\"\nemail = \"zoe@example.org\"\n\
         password = \"PASSWORD-SECRET-zoe\"\nfriend_of = [\"olga\"]\n"
    )
}

/// A machine with the default age of the list, which has just been read. Zoe has an entry: nobody was called like her when the
/// account joined the group (R74).
fn machine(further: &str) -> Option<World> {
    let world = World::with_everything(DEN, &format!("{further}\n[users]\nzoe = \"20\"\n"))?;
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.plex().reset();
    Some(world)
}

fn reads(world: &World) -> u64 {
    world.plex().counters().of(Endpoint::SharedServers)
}

#[test]
fn r37_friend_who_accepted_a_second_ago_signs_in_at_the_first_attempt() {
    type Login = (&'static str, fn(&World) -> Code);
    let logins: [Login; 5] = [
        ("carol by password", |world| world.authenticate("carol", &password("carol"))),
        ("carol's account phase", |world| world.account("carol")),
        ("carol by link", |world| by_link(world, "carol", "carol")),
        ("zoe by password", |world| world.authenticate("zoe", &password("zoe"))),
        ("zoe's account phase", |world| world.account("zoe")),
    ];
    for (what, login) in logins {
        let Some(world) = machine(LINK) else { return };
        world.plex().load(&accepted());
        assert_eq!(login(&world), Code::SUCCESS, "{what}");
        assert_eq!(reads(&world), 1, "{what}: one refresh");
    }
}

#[test]
fn r37_strangers_cause_one_refresh_in_thirty_seconds_and_no_back_off() {
    // One failure about the password would be followed by a long pause.
    let Some(world) = machine("[throttle]\nfree_tries = 1\nfirst_pause = \"10m\"\nlongest_pause = \"10m\"\n") else {
        return;
    };
    let users = ["mallory", "bob", "zoe", "carol"];
    // Ten attempts of each user from one address, and ten from addresses of their own.
    let from = |n: usize| if n < 10 { "192.0.2.1".to_owned() } else { format!("198.51.100.{n}") };
    let tries: Vec<Try> = (0..20).flat_map(|n| users.map(|user| Try::new(user, &from(n), &password(user)))).collect();
    let start = Instant::now();
    let answers = world.many(8, &tries);
    assert!(start.elapsed() < INTERVAL, "too slow a machine: {:?}", start.elapsed());
    let others: Vec<_> = tries.iter().zip(&answers).filter(|(_, answer)| !is_refused(answer.code)).collect();
    assert!(others.is_empty(), "refusals about access are no failed attempts: {others:?}");
    let counters = world.plex().counters();
    assert_eq!(counters.of(Endpoint::SharedServers), 1, "{counters:?}");
    assert!(counters.of(Endpoint::Users) <= 1, "{counters:?}");
    assert_eq!(counters.of(Endpoint::Signin), 0, "{counters:?}");
    assert!(counters.total() <= 2, "{counters:?}");
    for user in users {
        assert_eq!(world.account(user), Code::PERM_DENIED, "{user}");
    }
    assert_eq!(reads(&world), 1, "account phases are limited as well");
    // After the interval the first attempt is enough, from the address of all those refusals too.
    world.plex().load(&accepted());
    std::thread::sleep((INTERVAL + Duration::from_secs(3)).saturating_sub(start.elapsed()));
    let zoe = world.codes_from("192.0.2.1", "alone", "zoe", &password("zoe")).of("auth");
    assert_eq!(zoe, Code::SUCCESS, "{:?} after the strangers", start.elapsed());
    let carol = world.codes_from("192.0.2.1", "alone", "carol", &password("carol")).of("auth");
    assert_eq!(carol, Code::SUCCESS);
    assert_eq!(reads(&world), 2);
    world.assert_no_secret_leaked();
}

/// Distance from the nearest multiple of 500 ms.
fn off_quantum(took: Duration) -> Duration {
    let rest = took.as_millis() % 500;
    Duration::from_millis(u64::try_from(rest.min(500 - rest)).unwrap())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    *times.get(times.len() / 2).unwrap()
}

#[test]
fn r40_refusal_that_refreshes_the_list_is_on_the_quantum_of_a_wrong_password() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000") else {
        return;
    };
    let config = world.config("[throttle]\nfree_tries = 20\nrejected_per_hour = 1000");
    let (mut apart, mut off) = (Vec::new(), Vec::new());
    for round in 0..7 {
        world.stop_authd();
        world.plex().clear_faults();
        world.plex().reset();
        world.start_authd(&config);
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
        wait_until(Duration::from_secs(10), "the read at the start", || reads(&world) == 1);
        world.plex().reset();
        for endpoint in [Endpoint::Signin, Endpoint::SharedServers] {
            world.plex().fault(endpoint, Fault::Delay(180));
        }
        let tries = [Try::new("mallory", "192.0.2.1", "wrong"), Try::new("alice", "192.0.2.2", "wrong")];
        let answers = world.many(2, &tries);
        assert!(answers.iter().all(|one| is_refused(one.code)), "{answers:?}");
        assert_eq!(reads(&world), 1, "round {round}: the refusal refreshed the list");
        let [stranger, wrong] = *answers.as_slice() else { panic!("{answers:?}") };
        apart.push(stranger.took.abs_diff(wrong.took));
        off.push(off_quantum(stranger.took));
    }
    assert!(median(apart.clone()) < Duration::from_millis(60), "{apart:?}");
    assert!(median(off.clone()) < Duration::from_millis(60), "{off:?}");
    // The next one refreshes nothing and takes as long.
    world.plex().reset();
    let again = world.many(1, &[Try::new("mallory", "192.0.2.3", "wrong")]);
    assert_eq!(reads(&world), 0);
    assert!(again.iter().all(|one| off_quantum(one.took) < Duration::from_millis(120)), "{again:?}");
    wait_until(Duration::from_secs(1), "nothing was sent for the stranger", || {
        world.plex().counters().of(Endpoint::Signin) == 0
    });
}
