use super::*;

fn people(ties: &[(u64, Tie)], server: bool) -> People {
    let person = |id| Person { id: PlexId(id), username: Some(format!("P{id}")), email: None };
    let entries = ties.iter().map(|(id, tie)| Entry { person: person(*id), tie: *tie }).collect();
    let circle = Circle { owner: person(1), entries, learnt: Moment::from_millis(0) };
    People { server, ..People::imagined(Rules { strict: false, admin: None }, circle) }
}

#[test]
fn a_share_says_more_than_a_friendship_and_an_invitation_less_than_a_home() {
    let ties = [
        (2, Tie::Friend),
        (2, Tie::Shared),
        (3, Tie::Friend),
        (4, Tie::Pending),
        (5, Tie::Home),
        (5, Tie::Pending),
        (6, Tie::Home),
        (6, Tie::Shared),
    ];
    let words = |server| [1, 2, 3, 4, 5, 6].map(|id| people(&ties, server).access(PlexId(id)).word());
    assert_eq!(words(true), ["owner", "shared", "no", "invited", "home", "shared"]);
    assert_eq!(words(false)[2], "friend");
}

#[test]
fn everybody_stands_there_once_and_in_the_order_of_their_names() {
    let mut people = people(&[(3, Tie::Friend), (1, Tie::Home), (2, Tie::Friend), (3, Tie::Shared)], true);
    people.everybody.entries.iter_mut().for_each(|entry| {
        if entry.person.id == PlexId(2) {
            entry.person.username = Some("zoe".into());
        }
    });
    let names: Vec<_> = people.friends().into_iter().map(name).collect();
    assert_eq!(names, ["P3", "zoe"]);
}
