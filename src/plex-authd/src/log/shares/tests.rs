//! Floods of lines, and the lines of others meanwhile.

use super::*;

fn refused(origin: &str) -> Share {
    Share::Refused(origin.into())
}

/// Lines that are written of `count`, one every `interval`.
fn written(shares: &mut LineShares, share: &Share, count: usize, start: Instant, interval: Duration) -> usize {
    let mut now = start;
    (0..count)
        .filter(|_| {
            now += interval;
            shares.admit(share.clone(), now)
        })
        .count()
}

#[test]
fn r70_a_flood_of_lines_leaves_out_its_own_only_and_a_handful_a_minute_is_always_written() {
    let (mut shares, start) = (LineShares::default(), Instant::now());
    let flood = written(&mut shares, &refused("192.0.2.1"), 60_000, start, Duration::from_millis(1));
    assert!((41..=42).contains(&flood), "{flood} within a minute");
    let own = shares.admit(Share::Accepted { account: "alice".into(), origin: "192.0.2.1".into() }, start);
    assert!(own && shares.admit(refused("192.0.2.2"), start));
    let later = start + Duration::from_secs(60);
    let slow = written(&mut shares, &refused("192.0.2.3"), 100, later, Duration::from_secs(6));
    assert_eq!(slow, 100, "ten guesses a minute are all seen");
}

/// Lines about accounts that are not managed hid the guesses of their origin.
#[test]
fn r70_other_lines_of_an_origin_do_not_hide_its_guesses() {
    let (mut shares, now) = (LineShares::default(), Instant::now());
    for number in 0..100_000 {
        shares.admit(refused("192.0.2.1"), now);
        shares.admit(refused(&format!("10.{number}")), now);
    }
    assert!(!shares.admit(refused("192.0.2.1"), now));
    let guess = Share::WrongGuess("192.0.2.1".into());
    assert_eq!(written(&mut shares, &guess, 1000, now, Duration::ZERO), 30);
}

#[test]
fn r70_thousands_of_user_ids_share_the_lines_of_local_processes() {
    let (mut shares, now) = (LineShares::default(), Instant::now());
    let lines = (100_000..165_536).filter(|uid| shares.admit(Share::Caller(*uid), now)).count();
    assert_eq!(lines, 120);
    assert!(shares.admit(refused("local:alice"), now), "su and sudo are not such processes");
}

#[test]
fn r70_origins_above_the_most_buckets_share_one() {
    let (mut shares, now) = (LineShares::default(), Instant::now());
    let lines = (0..100_000).filter(|number| shares.admit(refused(&format!("10.{number}")), now)).count();
    assert_eq!(lines, MAX_BUCKETS + 600);
    assert!(shares.refused.own.len() <= MAX_BUCKETS && shares.left_out.len() <= MAX_BUCKETS + 1);
    let own = Share::Accepted { account: "alice".into(), origin: "192.0.2.1".into() };
    assert!(shares.admit(own, now), "accepted logins are not among them");
    // Buckets that are full again make room.
    let later = now + Duration::from_secs(600);
    assert!(shares.admit(refused("192.0.2.1"), later));
    assert_eq!(shares.refused.own.len(), 1);
}

#[test]
fn left_out_lines_are_counted_by_origin_once_a_minute() {
    let (mut shares, now) = (LineShares::default(), Instant::now());
    for (number, count) in (1..=7).zip([40, 130, 31, 32, 33, 34, 35]) {
        for _ in 0..count {
            shares.admit(refused(&format!("192.0.2.{number}")), now);
        }
    }
    assert_eq!(shares.summary(now + Duration::from_secs(59)), None);
    let summary = shares.summary(now + Duration::from_secs(60)).unwrap_or_default();
    let expected = "lines left out because there were too many: 100 about 192.0.2.2, 10 about 192.0.2.1, \
                        5 about 192.0.2.7, 4 about 192.0.2.6, 3 about 192.0.2.5, 3 about 2 others";
    assert_eq!(summary, expected);
    assert_eq!(shares.summary(now + Duration::from_secs(600)), None);
}
