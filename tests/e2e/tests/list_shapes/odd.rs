//! R75: odd bytes and rows leave the list in use.

use e2e::{Code, World, password};
use fakeplex::{Endpoint, Fault, ListShape};

use crate::machine::{
    QUICK, assert_accounts, assert_sign_ins, config, machine_without_daemon, next_list, set_shape, town_shared_with,
};

/// The town with twelve more friends, so that one row in ten is more than one.
fn large_town() -> String {
    let further: Vec<_> = (0..12).map(|n| format!("guest{n}")).collect();
    let names: Vec<&str> = ["alice", "erin", "frank", "Kid"].into_iter().chain(further.iter().map(|n| &**n)).collect();
    let accounts: Vec<_> = further
        .iter()
        .enumerate()
        .map(|(n, name)| {
            format!(
                "\n[[account]]\nid = {}\nusername = \"{name}\"\nemail = \"{name}@example.org\"\n\
                 password = \"PASSWORD-SECRET-{name}\"\nfriend_of = [\"olga\"]\n",
                100 + n
            )
        })
        .collect();
    town_shared_with(&names) + &accounts.concat()
}

fn machine(keys: &str) -> Option<World> {
    let world = machine_without_daemon(&large_town())?;
    world.add_user("guest0", true, None);
    world.add_user("guest11", true, None);
    world.start_authd(&config(&world, keys, QUICK));
    Some(world)
}

const PEOPLE: [&str; 5] = ["alice", "frank", "guest0", "guest11", "olga"];

#[test]
fn r75_odd_bytes_and_rows_leave_the_first_source_in_use() {
    let Some(world) = machine("") else { return };
    assert_sign_ins(&world, "usual", &PEOPLE, &["bob"]);
    for shape in [ListShape::OddBytes, ListShape::OddRow, ListShape::NoAccessToken] {
        set_shape(&world, Endpoint::SharedServers, shape);
        next_list();
        world.plex().reset();
        next_list();
        let when = format!("{shape:?}");
        assert_sign_ins(&world, &when, &PEOPLE, &["bob", "carol", "mallory"]);
        assert_accounts(&world, &when, &PEOPLE, &["bob", "carol", "mallory"]);
        assert_eq!(world.plex().counters().of(Endpoint::Users), 0, "{when}: the second source is read");
    }
}

#[test]
fn r75_odd_bytes_and_rows_leave_the_list_of_friends_in_use() {
    let Some(world) = machine("strict_friends = false") else { return };
    assert_sign_ins(&world, "usual", &PEOPLE, &["carol"]);
    for shape in [ListShape::OddBytes, ListShape::OddRow] {
        set_shape(&world, Endpoint::Users, shape);
        next_list();
        let when = format!("{shape:?}");
        assert_sign_ins(&world, &when, &PEOPLE, &["carol", "mallory"]);
        assert_eq!(world.authenticate("bob", &password("bob")), Code::SUCCESS, "{when}: bob");
        assert_accounts(&world, &when, &PEOPLE, &["carol", "mallory"]);
    }
}

/// A list of shares with Alice and 999 other people, each with eight libraries.
fn thousand_shares() -> String {
    let sections = (1..=8)
        .map(|n| format!("<Section id=\"{n}\" key=\"{n}\" title=\"Films {n}\" type=\"movie\" shared=\"1\"/>"))
        .collect::<Vec<_>>()
        .concat();
    let share = |id: usize, name: &str| {
        format!(
            "<SharedServer id=\"{}\" username=\"{name}\" email=\"{name}@example.org\" userID=\"{id}\" \
             accessToken=\"ACCESS-SECRET-{id:020}\" name=\"Den\" acceptedAt=\"1700000000\" invitedAt=\"1690000000\" \
             allowSync=\"0\" allowCameraUpload=\"0\" allowChannels=\"0\" allowTuners=\"0\" allowSubtitleAdmin=\"0\" \
             filterAll=\"\" filterMovies=\"\" filterMusic=\"\" filterPhotos=\"\" filterTelevision=\"\" owned=\"1\" \
             allLibraries=\"0\">{sections}</SharedServer>",
            90_000 + id
        )
    };
    let others: Vec<_> = (1000..1999).map(|id| share(id, &format!("guest{id}"))).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MediaContainer friendlyName=\"myPlex\" totalSize=\"1000\" \
         size=\"1000\">{}{}</MediaContainer>",
        others.concat(),
        share(2, "alice")
    )
}

#[test]
fn r75_thousand_people_with_eight_libraries_each_fit() {
    let Some(world) = machine_without_daemon(&large_town()) else { return };
    world.plex().fault(Endpoint::SharedServers, Fault::Status(200, thousand_shares()));
    world.start_authd(&config(&world, "", QUICK));
    assert_sign_ins(&world, "a thousand people", &["alice", "olga"], &["bob", "frank", "mallory"]);
    next_list();
    assert_accounts(&world, "a thousand people", &["alice", "olga"], &["bob", "frank", "mallory"]);
    assert_eq!(world.plex().counters().of(Endpoint::Users), 0, "the second source is read");
    let status = world.run(&["plex-auth", "status"]).stdout;
    assert!(status.contains("1000 people"), "{status}");
}
