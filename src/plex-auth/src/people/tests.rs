use super::*;

fn people(ties: &[(u64, Relationship)], server: bool) -> People {
    let person = |id| PlexUser { id: PlexId(id), username: Some(format!("P{id}")), email: None };
    let entries = ties.iter().map(|(id, tie)| FriendRecord { person: person(*id), tie: *tie }).collect();
    let circle = FriendList { owner: person(1), entries, fetched_at: BootTime::from_millis(0) };
    People { server, ..People::imagined(Rules::default(), circle) }
}

#[test]
fn a_share_says_more_than_a_friendship_and_an_invitation_less_than_a_home() {
    let ties = [
        (2, Relationship::Friend),
        (2, Relationship::Shared),
        (3, Relationship::Friend),
        (4, Relationship::Pending),
        (5, Relationship::Home),
        (5, Relationship::Pending),
        (6, Relationship::Home),
        (6, Relationship::Shared),
    ];
    let words = |server| [1, 2, 3, 4, 5, 6].map(|id| people(&ties, server).access(PlexId(id)).word());
    assert_eq!(words(true), ["owner", "shared", "no", "invited", "home", "shared"]);
    assert_eq!(words(false)[2], "friend");
}

#[test]
fn everybody_stands_there_once_and_in_the_order_of_their_names() {
    let mut people = people(
        &[(3, Relationship::Friend), (1, Relationship::Home), (2, Relationship::Friend), (3, Relationship::Shared)],
        true,
    );
    people.everybody.entries.iter_mut().for_each(|entry| {
        if entry.person.id == PlexId(2) {
            entry.person.username = Some("zoe".into());
        }
    });
    let names: Vec<_> = people.friends().into_iter().map(name).collect();
    assert_eq!(names, ["P3", "zoe"]);
}
