//! Silent connections, and those that are displaced.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test may panic")]

use std::io::{Read as _, Write};

use protocol::AdminRequest;

use super::*;

/// Adds owners one by one; returns those that are left, and those displaced.
fn connect(owners: impl IntoIterator<Item = (Group, u32)>) -> (Vec<(Group, u32)>, Vec<u32>) {
    let (mut left, mut gone) = (Vec::new(), Vec::new());
    for owner in owners {
        left.push(owner);
        if let Some(place) = displaced(&left) {
            gone.push(left.remove(place).1);
        }
    }
    (left, gone)
}

#[test]
fn r70_silent_connections_of_one_user_displace_its_own() {
    let (left, gone) = connect([(Group::User, 1000)].into_iter().chain(vec![(Group::User, 1001); 100]));
    assert_eq!(left.iter().filter(|(_, uid)| *uid == 1001).count(), OF_USER.0);
    assert!(left.contains(&(Group::User, 1000)) && gone.iter().all(|uid| *uid == 1001));
}

#[test]
fn r70_silent_connections_of_many_users_displace_those_of_the_user_with_the_most() {
    let flood = (2000..2033).flat_map(|uid| vec![(Group::User, uid); 8]);
    let (mut left, gone) = connect([(Group::Service, 0), (Group::User, 1000)].into_iter().chain(flood));
    assert_eq!(left.iter().filter(|(group, _)| *group == Group::User).count(), OF_USER.1);
    assert!(left.contains(&(Group::User, 1000)), "the user with one is the last to make room");
    assert!(!gone.contains(&1000) && !gone.contains(&0));
    // A new connection of another user is not the one that goes.
    left.push((Group::User, 1001));
    let place = displaced(&left).unwrap();
    assert!(left[place].1 >= 2000);
}

#[test]
fn r70_no_other_user_displaces_a_connection_of_root_or_of_a_trusted_caller() {
    let services = vec![(Group::Service, 0); 200].into_iter().chain(vec![(Group::Service, 33); 200]);
    let flood = (100_000..110_000).map(|uid| (Group::User, uid));
    let (left, gone) = connect(services.chain(flood));
    assert!(gone.iter().all(|uid| *uid >= 100_000));
    assert_eq!(left.len(), 400 + OF_USER.1);
    let (left, gone) = connect(vec![(Group::Service, 33); 1000]);
    assert_eq!((left.len(), gone.len()), (OF_SERVICE, 1000 - OF_SERVICE));
}

#[test]
fn r65_every_connection_without_a_request_gets_a_verdict() {
    let mut unread = Unread::default();
    let verdict = |stream: &mut UnixStream| {
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        received.ends_with(b"{\"verdict\":\"unavailable\"}")
    };
    let group = |_| Group::Service;
    let (ours, mut garbage) = UnixStream::pair().unwrap();
    garbage.write_all(&[0, 0, 0, 2, b'{', b'}']).unwrap();
    let done = unread.add(ours, group).unwrap();
    assert!(matches!(done[..], [Read::Closed(Silence::Malformed, _)]));
    assert!(verdict(&mut garbage));

    let mut silent: Vec<_> = (0..=OF_SERVICE)
        .map(|_| {
            let (ours, theirs) = UnixStream::pair().unwrap();
            unread.add(ours, group).unwrap();
            theirs
        })
        .collect();
    assert!(verdict(&mut silent[0]), "the oldest has made room");
    silent[1].write_all(&[0]).unwrap();
    assert!(unread.read(&vec![true; OF_SERVICE]).is_empty(), "an incomplete request is waited for");
    drop(silent.pop());
    let last = unread.read(&vec![true; OF_SERVICE]);
    assert!(matches!(last[..], [Read::Closed(Silence::Disconnected, _)]));
    unread.0[0].deadline = Instant::now();
    assert!(matches!(unread.read(&[])[..], [Read::Closed(Silence::TimedOut, _)]));
    assert!(verdict(&mut silent[1]));
    unread.close();
    assert!(verdict(&mut silent[2]));
}

#[test]
fn a_request_is_read_whenever_it_arrives() {
    let mut unread = Unread::default();
    let frame = protocol::encode(&Request::Admin(AdminRequest::Status)).unwrap();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(&frame).unwrap();
    assert!(matches!(unread.add(ours, |_| Group::User).unwrap()[..], [Read::Request(..)]));
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    assert!(unread.add(ours, |_| Group::User).unwrap().is_empty() && unread.deadline().is_some());
    for byte in frame.iter() {
        assert!(unread.read(&[true]).is_empty());
        theirs.write_all(&[*byte]).unwrap();
    }
    assert!(matches!(unread.read(&[true])[..], [Read::Request(..)]));
    assert!(unread.deadline().is_none() && unread.poll_fds().count() == 0);
}
