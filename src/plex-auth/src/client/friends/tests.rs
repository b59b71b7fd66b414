use super::*;

fn friends(relationships: &[(u64, Relationship)], has_server: bool) -> Friends {
    let person = |id| PlexUser { id: PlexId(id), username: Some(format!("P{id}")), email: None };
    let entries = relationships
        .iter()
        .map(|(id, relationship)| FriendRecord { person: person(*id), relationship: *relationship })
        .collect();
    let list = FriendList { owner: person(1), entries, second_source: None, fetched_at: BootTime::from_millis(0) };
    Friends { has_server, ..Friends::from_list(Rules::default(), list) }
}

#[test]
fn a_share_counts_more_than_a_friendship_and_an_invitation_less_than_a_home() {
    let relationships = [
        (2, Relationship::Friend),
        (2, Relationship::Shared),
        (3, Relationship::Friend),
        (4, Relationship::Pending),
        (5, Relationship::Home),
        (5, Relationship::Pending),
        (6, Relationship::Home),
        (6, Relationship::Shared),
    ];
    let words = |has_server| [1, 2, 3, 4, 5, 6].map(|id| friends(&relationships, has_server).access(PlexId(id)));
    assert_eq!(words(true), ["owner", "shared", "no", "invited", "home", "shared"]);
    assert_eq!(words(false)[2], "friend");
}

#[test]
fn friends_are_listed_once_and_sorted_by_name() {
    let mut friends = friends(
        &[(3, Relationship::Friend), (1, Relationship::Home), (2, Relationship::Friend), (3, Relationship::Shared)],
        true,
    );
    friends.all.entries.iter_mut().for_each(|entry| {
        if entry.person.id == PlexId(2) {
            entry.person.username = Some("zoe".into());
        }
    });
    let names: Vec<_> = friends.friends().into_iter().map(name).collect();
    assert_eq!(names, ["P3", "zoe"]);
}
