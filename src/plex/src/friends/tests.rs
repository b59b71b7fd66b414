#![allow(clippy::unwrap_used, reason = "a failed test may panic")]
use super::*;
use crate::Changed;

#[test]
fn friends_are_parsed_with_their_relationships() {
    let text = r#"<MediaContainer size="6">
        <User id="2" username="alice" email="a@example.org" home="0"><Server id="5" pending="0"/></User>
        <User id="3" username="bob" email="" home="0"/>
        <User id="4" username="carol" home="0"><Server pending="1"/><Server pending="1"/></User>
        <User id="5" username="dora" home="0"><Server pending="1"/><Server pending="0"/></User>
        <User id="6" title="Kid" home="1" restricted="1"><Server pending="1"/></User>
        <User username="nobody"/><Other id="7"/>
    </MediaContainer>"#;
    let found: Vec<_> =
        users(text.as_bytes(), None).unwrap().into_iter().map(|f| (f.person.id.0, f.relationship)).collect();
    let expected = [
        (2, Relationship::Friend),
        (3, Relationship::Friend),
        (4, Relationship::Pending),
        (5, Relationship::Friend),
        (6, Relationship::Home),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_share_gives_access_only_when_accepted() {
    let text = r#"<MediaContainer>
        <SharedServer id="1" userID="2" username="alice" email="a@example.org" acceptedAt="1700000000"/>
        <SharedServer id="2" userID="3" username="bob"/>
        <SharedServer id="3" userID="4" acceptedAt=""/>
        <SharedServer id="4" userID="5" acceptedAt="0"/>
        <SharedServer id="5" userID="6" acceptedAt="1700000000" pending="1"/>
        <SharedServer id="6" username="nobody" acceptedAt="1700000000"/>
    </MediaContainer>"#;
    let found: Vec<_> =
        shared_servers(text.as_bytes()).unwrap().into_iter().map(|s| (s.person.id.0, s.relationship)).collect();
    let expected = [(2, Relationship::Shared), (3, Relationship::Pending), (4, Relationship::Pending)];
    assert_eq!(found, [&expected[..], &[(5, Relationship::Pending), (6, Relationship::Pending)]].concat());
}

/// P6
#[test]
fn r76_the_list_of_friends_shows_who_has_access_to_one_server() {
    let row = |id: u64, attributes: &str, servers: &str| {
        format!("<User id=\"{id}\" username=\"u{id}\" {attributes}>{servers}</User>")
    };
    let server = |machine: &str, pending: &str| format!("<Server machineIdentifier=\"{machine}\" {pending}/>");
    let (ours, other) = (|pending| server("den", pending), |pending| server("attic", pending));
    let cases = [
        (row(2, "home=\"0\"", &ours("pending=\"0\"")), Relationship::Shared),
        (row(3, "home=\"1\"", &ours("")), Relationship::Shared),
        (row(4, "", &ours("pending=\"1\"")), Relationship::Pending),
        (row(5, "home=\"1\"", &ours("pending=\"true\"")), Relationship::Pending),
        (row(6, "", &(ours("pending=\"1\"") + &ours("pending=\"0\""))), Relationship::Shared),
        (row(7, "", &(ours("pending=\"1\"") + &other("pending=\"0\""))), Relationship::Pending),
        (row(8, "", &other("pending=\"0\"")), Relationship::Friend),
        (row(9, "home=\"1\"", &other("pending=\"0\"")), Relationship::Home),
        (row(10, "", &other("pending=\"1\"")), Relationship::Pending),
        (row(11, "", ""), Relationship::Friend),
        (row(12, "", "<Server pending=\"0\"/>"), Relationship::Friend),
        (row(13, "", &ours("pending=\"2\"")), Relationship::Pending),
        (row(14, "", &server("de&#1;n", "")), Relationship::Friend),
        (row(15, "", &server("DEN", "")), Relationship::Friend),
    ];
    let rows: String = cases.iter().map(|(row, _)| row.as_str()).collect();
    let text = format!("<MediaContainer size=\"{}\">{rows}</MediaContainer>", cases.len());
    let read = |machine_id| users(text.as_bytes(), machine_id).unwrap().into_iter().map(|friend| friend.relationship);
    assert!(
        read(Some("den")).eq(cases.iter().map(|(_, expected)| *expected)),
        "{:?}",
        read(Some("den")).collect::<Vec<_>>()
    );
    assert!(!read(None).any(|relationship| relationship == Relationship::Shared), "without a server nothing is shared");
}

/// P6
#[test]
fn r76_a_copied_machine_id_counts_only_where_plex_tv_does_not_say_whose_a_server_is() {
    let read = |owned: [&str; 2]| {
        let row = |(id, owned): (u64, &str)| {
            format!("<User id=\"{id}\"><Server machineIdentifier=\"den\" pending=\"0\" {owned}/></User>")
        };
        let rows: String = (2..).zip(owned).map(row).collect();
        let list = users(format!("<MediaContainer>{rows}</MediaContainer>").as_bytes(), Some("den")).unwrap();
        list.into_iter().map(|friend| friend.relationship == Relationship::Shared).collect::<Vec<_>>()
    };
    assert_eq!(read(["owned=\"1\"", "owned=\"0\""]), [true, false]);
    assert_eq!(read(["owned=\"1\"", ""]), [true, false]);
    assert_eq!(read(["owned=\"0\"", "owned=\"0\""]), [true, true]);
    assert_eq!(read(["", ""]), [true, true]);
}

/// P5, P6
#[test]
fn r75_a_list_that_overrules_another_shows_the_owners_server_or_none_with_its_machine_id() {
    let read = |servers: [&str; 2]| {
        let row = |(id, server): (u64, &str)| format!("<User id=\"{id}\"><Server pending=\"0\" {server}/></User>");
        let rows: String = (2..).zip(servers).map(row).collect();
        let list = users_of_own_server(format!("<MediaContainer>{rows}</MediaContainer>").as_bytes(), "den")?;
        Ok(list.into_iter().map(|friend| friend.relationship == Relationship::Shared).collect::<Vec<_>>())
    };
    let (owned, copied) = ("machineIdentifier=\"den\" owned=\"1\"", "machineIdentifier=\"den\" owned=\"0\"");
    let (silent, other) = ("machineIdentifier=\"den\"", "machineIdentifier=\"attic\" owned=\"0\"");
    let unknown = Err(ListError::Changed(Changed::NoOwner));
    assert_eq!(read([owned, copied]), Ok(vec![true, false]));
    assert_eq!(read([owned, silent]), Ok(vec![true, false]));
    for servers in [[copied, copied], [copied, silent], [silent, silent], [other, copied], [copied, other]] {
        assert_eq!(read(servers), unknown, "{servers:?}");
    }
    // Nobody has this server any more.
    assert_eq!(read([other, other]), Ok(vec![false, false]));
    assert_eq!(users_of_own_server(b"<MediaContainer size=\"0\"/>", "den").map(|list| list.len()), Ok(0));
}

/// P5
#[test]
fn r75_a_list_of_another_shape_is_no_list_of_fewer_people() {
    let shares = |attributes: &str, rows: &str| {
        shared_servers(format!("<MediaContainer {attributes}>{rows}</MediaContainer>").as_bytes())
            .map(|list| list.len())
    };
    let right = |count: usize| "<SharedServer userID=\"7\" username=\"u\" acceptedAt=\"1\"/>".repeat(count);
    let odd = |count: usize| "<SharedServer username=\"odd\" acceptedAt=\"1\"/>".repeat(count);
    let both = |numbered: usize, without: usize| shares("", &(right(numbered) + &odd(without)));
    let changed = |changed| Err(ListError::Changed(changed));
    // Its own count.
    assert_eq!(shares("", &right(3)), Ok(3), "a size is not needed");
    assert_eq!(shares("size=\"3\" totalSize=\"3\"", &right(3)), Ok(3));
    assert_eq!(shares("size=\"2\"", &right(3)), Ok(3), "more than it says is not too few");
    assert_eq!(shares("size=\"x\"", &right(3)), Ok(3));
    assert_eq!(shares("size=\"0\" totalSize=\"0\"", ""), Ok(0));
    assert_eq!(shares("size=\"4\"", &right(3)), changed(Changed::Short));
    assert_eq!(shares("size=\"3\" totalSize=\"30\"", &right(3)), changed(Changed::Short), "one page of several");
    assert_eq!(shares("size=\"3\"", &(right(2) + &odd(1))), Ok(2), "an odd row is a row");
    // Its rows.
    assert_eq!(shares("size=\"1\"", "<Share userID=\"7\"/>"), changed(Changed::Short));
    assert_eq!(shares("", "<Share userID=\"7\"/>"), changed(Changed::Short));
    assert_eq!(shares("size=\"1\"", &format!("<List>{}</List>", right(1))), changed(Changed::Short));
    assert_eq!(shares("", "<SharedServer userID=\"7\" acceptedAt=\"1\"/>"), changed(Changed::NoNames));
    assert_eq!(shares("", "<SharedServer userID=\"7\" acceptedAt=\"1\" username=\"\"/>"), Ok(1));
    // Its numbers: more than one in ten, but one row alone never spoils the others.
    assert_eq!((both(1, 1), both(9, 1), both(10, 1)), (Ok(1), Ok(9), Ok(10)));
    assert_eq!((both(18, 2), both(27, 3)), (Ok(18), Ok(27)));
    assert_eq!((both(17, 2), both(26, 3)), (changed(Changed::NoIds), changed(Changed::NoIds)));
    assert_eq!((both(0, 1), both(0, 20)), (changed(Changed::NoIds), changed(Changed::NoIds)));
}

/// A person's number and username.
type Person = (u64, Option<&'static str>);

/// P5
#[test]
fn r75_one_odd_row_never_spoils_a_list() {
    let long = format!("<User id=\"9\" username=\"{}\"/>", "x".repeat(100_000));
    let odd: [(&[u8], Option<Person>); 14] = [
        (b"<User id=\"9\" username=\"a\x01b\"/>", Some((9, None))),
        (b"<User id=\"9\" username=\"a\xffb\"/>", Some((9, None))),
        (b"<User id=\"9\" username=\"a&#x1;b\"/>", Some((9, None))),
        (long.as_bytes(), Some((9, None))),
        (b"<User id=\"9\" username=\"a&b\"/>", Some((9, Some("a&b")))),
        (b"<User id=\"9\" title=\"\x00\xfe\" title=\"<>\" username=\"a\"/>", Some((9, Some("a")))),
        (b"<User id=\"9\" p:x=\"1\" username=\"a\"/>", Some((9, Some("a")))),
        (b"<User id=\"2\" username=\"alice\"/>", Some((2, Some("alice")))),
        (b"<User id=\"9\x01\"/>", None),
        (b"<User id=\"9\" id=\"2\"/>", None),
        (b"<User id=\"9\" username=alice/>", None),
        (b"<User id=\"-9\"/>", None),
        (b"<User id=\"18446744073709551616\"/>", None),
        (b"<User id=\"9\"><Server pending=\"1\" pending=\"0\"/></User>", None),
    ];
    for (row, expected) in odd {
        let body = [b"<MediaContainer size=\"2\"><User id=\"2\" username=\"alice\"/>", row, b"</MediaContainer>"];
        let list = users(&body.concat(), None).unwrap();
        let mut people = list.iter().map(|friend| (friend.person.id.0, friend.person.username.as_deref()));
        assert_eq!(people.next(), Some((2, Some("alice"))));
        assert_eq!(people.next(), expected, "{}", String::from_utf8_lossy(row));
    }
}

#[test]
fn r75_servers_that_lack_what_tells_who_has_access_are_a_changed_list() {
    let read = |machine_id, server: &str| {
        let rows = format!("<User id=\"2\"><Server {server}/></User><User id=\"3\"/>");
        users(format!("<MediaContainer>{rows}</MediaContainer>").as_bytes(), machine_id).map(|list| list.len())
    };
    let (unnamed, named) = ("serverId=\"5\" pending=\"0\"", "machineIdentifier=\"attic\" pending=\"0\"");
    assert_eq!(read(Some("den"), unnamed), Err(ListError::Changed(Changed::NoServers)));
    assert_eq!((read(Some("den"), named), read(None, unnamed)), (Ok(2), Ok(2)));
    // Nobody on it would be only invited any more.
    for machine_id in [None, Some("den")] {
        let error = Err(ListError::Changed(Changed::NoPending));
        assert_eq!(read(machine_id, "machineIdentifier=\"den\""), error, "{machine_id:?}");
    }
}

#[test]
fn an_html_page_is_not_an_empty_friend_list() {
    let page = b"<html><body>Please wait</body></html>";
    assert!(users(page, None).is_err());
    assert!(shared_servers(page).is_err());
}

#[test]
fn xml_with_expanding_entities_is_rejected() {
    let bomb = br#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><MediaContainer>&b;</MediaContainer>"#;
    assert!(users(bomb, None).is_err());
}
