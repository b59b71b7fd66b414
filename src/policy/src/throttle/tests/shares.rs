//! Attacks on the hourly budgets: nobody uses up what others need, and everything that is sent counts.

use super::*;

/// Number of sign-ins that are sent, of so many, one a second.
fn sent(throttle: &mut Throttle, count: u64, ending: Ending, key: impl Fn(u64) -> AttemptKey) -> usize {
    (0..count).filter(|n| send(throttle, &key(*n), ending, at(*n)).is_ok()).count()
}

#[test]
fn r60_one_origin_can_spend_a_third_of_the_hourly_budget() {
    let mut throttle = throttle();
    assert_eq!(sent(&mut throttle, 500, Ending::Rejected, |n| key(&format!("user{n}"), ATTACKER)), 10);
    assert_eq!(reject(&mut throttle, &key("alice", HOME), at(500)), Ok(()), "others are not touched");
}

#[test]
fn r70_many_origins_spend_a_third_on_one_account_and_two_thirds_on_all_and_nothing_of_known_keys() {
    let friends: Vec<AttemptKey> = (0..20).map(|n| key(&format!("friend{n}"), HOME)).collect();
    let mut throttle = known(&friends);
    let somewhere = |n: u64| format!("198.51.{}.{}", n / 250, n % 250);
    assert_eq!(sent(&mut throttle, 3000, Ending::Rejected, |n| key("alice", &somewhere(n))), 10);
    throttle = known(&friends);
    let spread = |n: u64| key(&format!("friend{}", n % 20), &somewhere(n));
    assert_eq!(sent(&mut throttle, 3000, Ending::Rejected, spread), 20);
    assert_eq!(throttle.admit(&key("friend0", "192.0.2.77"), at(3000)), Err(Reason::BudgetSpent));
    for friend in &friends {
        assert_eq!(send(&mut throttle, friend, Ending::Accepted, at(3000)), Ok(()), "{friend:?}");
    }
}

#[test]
fn r70_one_friend_can_spend_only_their_own_share() {
    let friends: Vec<AttemptKey> = (0..10).map(|n| key(&format!("friend{n}"), HOME)).collect();
    let mut throttle = known(&friends);
    throttle.record_success(&key("friend0", "198.51.100.1"), at(0));
    let from_both = |n: u64| key("friend0", if n.is_multiple_of(2) { HOME } else { "198.51.100.1" });
    assert_eq!(sent(&mut throttle, 3000, Ending::Rejected, from_both), 10);
    for friend in friends.iter().skip(1) {
        let further = (0..50).filter(|_| reject(&mut throttle, friend, at(3000)).is_ok()).count();
        assert_eq!(further, 10, "{friend:?}: each has a share of their own");
        assert_eq!(throttle.admit(friend, at(3000)), Err(Reason::BudgetSpent));
    }
    let strangers = (0..100).filter(|n| reject(&mut throttle, &key("x", &format!("s{n}")), at(3000)).is_ok()).count();
    assert_eq!(strangers, 10, "the common pool is untouched");
    assert_eq!(send(&mut throttle, &friends[1], Ending::Accepted, at(3000 + HOUR)), Ok(()), "an hour later");
}

#[test]
fn r60_rejections_within_any_hour_stay_within_the_budget() {
    let mut throttle = throttle();
    let mut times: Vec<u64> = Vec::new();
    for second in 0..6 * HOUR {
        let key = key(&format!("user{}", second % 7), &format!("198.51.100.{}", second % 50));
        if reject(&mut throttle, &key, at(second)).is_ok() {
            times.push(second);
        }
    }
    let most = times.iter().map(|start| times.iter().filter(|t| (*start..start + HOUR).contains(t)).count()).max();
    assert_eq!(most, Some(20));
}

#[test]
fn r60_parallel_guesses_draw_on_the_budget_before_their_responses() {
    let mut throttle = throttle();
    let alice = key("alice", ATTACKER);
    let tickets: Vec<Ticket> = (0..100).filter_map(|_| throttle.admit(&alice, at(0)).unwrap()).collect();
    let others = (0..100).filter(|n| throttle.admit(&key(&format!("user{n}"), ATTACKER), at(0)).unwrap().is_some());
    assert_eq!((tickets.len(), tickets.len() + others.count()), (3, 10));
    throttle.settle(tickets[0], Ending::Accepted, at(0));
    let freed = throttle.admit(&key("bob", ATTACKER), at(0)).unwrap();
    assert!(freed.is_some(), "a login gives its place back");
}

/// 2 859 were sent within ten seconds.
#[test]
fn r71_sign_ins_with_a_right_password_are_counted_and_limited_for_each_account() {
    let (alice, bob) = (key("alice", HOME), key("bob", HOME));
    let mut throttle = known(&[alice.clone(), bob.clone()]);
    let results: Vec<_> = (0..3000).map(|_| send(&mut throttle, &alice, Ending::Accepted, at(10))).collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 120);
    assert_eq!(results.last(), Some(&Err(Reason::SignInsSpent)));
    let phone = key("alice", "198.51.100.1");
    throttle.record_success(&phone, at(11));
    assert_eq!(send(&mut throttle, &phone, Ending::Accepted, at(11)), Err(Reason::SignInsSpent), "where it is known");
    assert_eq!(send(&mut throttle, &bob, Ending::Accepted, at(11)), Ok(()));
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(10 + HOUR)), Ok(()));
}

#[test]
fn r71_sign_ins_that_are_sent_and_have_no_answer_yet_count_too() {
    let limits = Limits { rejected_per_hour: 9, sign_ins_per_hour: 9, ..Limits::default() };
    let mut throttle = Throttle::new(limits, SavedLimits::default());
    let origins: Vec<AttemptKey> = (0..4).map(|n| key("alice", &format!("198.51.100.{n}"))).collect();
    for key in &origins {
        throttle.record_success(key, at(0));
    }
    for _ in 0..7 {
        send(&mut throttle, &origins[0], Ending::Accepted, at(1)).unwrap();
    }
    let mut start = |key: &AttemptKey| {
        let ticket = throttle.admit(key, at(1)).unwrap().unwrap();
        throttle.start_sign_in(ticket, Lane::Known, false, at(1)).unwrap()
    };
    assert_eq!([start(&origins[1]), start(&origins[2])], [Admission::Granted; 2]);
    assert_eq!(start(&origins[3]), Admission::Queued, "seven have ended, and two are under way");
}

/// 1 546 were sent within ten seconds: the right password of an account with 2FA, without its code.
#[test]
fn r71_a_right_password_without_its_code_counts_like_a_wrong_one() {
    let mut throttle = throttle();
    assert_eq!(sent(&mut throttle, 2000, Ending::CodeRequired, |_| key("alice", ATTACKER)), 10);
    assert_eq!(throttle.admit(&key("alice", ATTACKER), at(2000)), Err(Reason::BudgetSpent));
    let home = key("alice", HOME);
    throttle.record_success(&home, at(2000));
    assert_eq!((0..50).filter(|_| send(&mut throttle, &home, Ending::CodeRequired, at(2000)).is_ok()).count(), 10);
}

#[test]
fn r71_a_login_that_goes_on_with_the_code_is_not_punished_for_its_first_step() {
    let alice = key("alice", HOME);
    let mut throttle = known(std::slice::from_ref(&alice));
    for login in 0..50 {
        for ending in [Ending::CodeRequired, Ending::Accepted] {
            assert_eq!(send(&mut throttle, &alice, ending, at(login)), Ok(()), "login {login}");
        }
    }
    // A success pays for its own pair only.
    let elsewhere = key("alice", ATTACKER);
    for _ in 0..10 {
        send(&mut throttle, &elsewhere, Ending::CodeRequired, at(60)).unwrap();
    }
    send(&mut throttle, &alice, Ending::Accepted, at(61)).unwrap();
    assert_eq!(throttle.admit(&elsewhere, at(62)), Err(Reason::BudgetSpent));
}

#[test]
fn r71_smallest_budget_still_lets_an_account_with_two_factor_authentication_sign_in() {
    let numbers = Limits { rejected_per_hour: 3, sign_ins_per_hour: 3, link_codes_per_hour: 3, ..Limits::default() };
    for origin in [HOME, "service:login"] {
        for is_known in [false, true] {
            let alice = key("alice", origin);
            let mut throttle = Throttle::new(numbers.clone(), SavedLimits::default());
            if is_known {
                throttle.record_success(&alice, at(0));
            }
            for ending in [Ending::CodeRequired, Ending::Accepted] {
                assert_eq!(send(&mut throttle, &alice, ending, at(1)), Ok(()), "{origin} {is_known}");
            }
        }
    }
}

#[test]
fn r71_sign_ins_without_a_verdict_count_for_ten_minutes() {
    let alice = key("alice", HOME);
    let mut throttle = known(std::slice::from_ref(&alice));
    assert_eq!((0..50).filter(|_| send(&mut throttle, &alice, Ending::Undecided, at(0)).is_ok()).count(), 10);
    assert_eq!(throttle.admit(&alice, at(599)), Err(Reason::BudgetSpent));
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(600)), Ok(()), "an outage is not followed by an hour");
    assert_eq!((0..7).filter(|_| send(&mut throttle, &alice, Ending::Undecided, at(600)).is_ok()).count(), 7);
    for _ in 0..5 {
        for ending in [Ending::Undecided, Ending::Undecided, Ending::Accepted] {
            assert_eq!(send(&mut throttle, &alice, ending, at(600)), Ok(()), "a login ends the outage for the pair");
        }
    }
    // A login from the offline cache is no guess.
    for second in 601..690 {
        assert_eq!(send(&mut throttle, &alice, Ending::Nothing, at(second)), Ok(()));
    }
}

/// Right passwords were sent without limit while plex.tv answered with errors and the offline cache accepted them.
#[test]
fn r71_sign_ins_that_the_offline_cache_accepts_are_counted_and_limited_during_an_outage() {
    let alice = key("alice", HOME);
    let mut throttle = known(std::slice::from_ref(&alice));
    assert_eq!((0..3000).filter(|_| send(&mut throttle, &alice, Ending::Nothing, at(1)).is_ok()).count(), 120);
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(600)), Err(Reason::SignInsSpent));
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(601)), Ok(()), "no hour of refusals follows");
    assert_eq!(throttle.recent_rejections(at(601)), 0, "they are no guesses");
    let ticket = throttle.admit(&alice, at(602)).unwrap().unwrap();
    assert_eq!(throttle.settle(ticket, Ending::Nothing, at(602)), None, "nothing was sent");
}

/// They used up alice's own number, and kept her out for an hour after the outage.
#[test]
fn r70_sign_ins_of_strangers_during_an_outage_do_not_count_where_an_account_is_known() {
    let alice = key("alice", HOME);
    for stranger in ["198.51.100.1", "service:radiusd"] {
        let mut throttle = known(std::slice::from_ref(&alice));
        let stranger = key("alice", stranger);
        let sent = (0..HOUR).filter(|n| send(&mut throttle, &stranger, Ending::Undecided, at(*n)).is_ok()).count();
        assert_eq!(sent, 60, "{stranger:?}: ten in ten minutes");
        let own = (0..300).filter(|_| send(&mut throttle, &alice, Ending::Accepted, at(HOUR)).is_ok()).count();
        assert_eq!(own, 120, "{stranger:?}");
    }
}

/// A success of another user at the same service ends them, and they counted as accepted for an hour.
#[test]
fn r70_undecided_sign_ins_that_a_login_takes_back_count_for_ten_minutes() {
    let alice = key("alice", "service:radiusd");
    let mut throttle = throttle();
    for n in 0..120 {
        assert_eq!(send(&mut throttle, &alice, Ending::Undecided, at(n)), Ok(()));
        throttle.take_back(&alice);
    }
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(120)), Err(Reason::SignInsSpent));
    assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(600)), Ok(()));
}

#[test]
fn r70_behind_a_shared_origin_guesses_at_one_account_keep_out_no_other_account_and_no_other_origin() {
    const RADIUS: &str = "service:radiusd";
    let (alice, bob) = (key("alice", RADIUS), key("bob", RADIUS));
    let home = key("alice", HOME);
    for known_there in [false, true] {
        let mut throttle = known(std::slice::from_ref(&home));
        if known_there {
            throttle.record_success(&alice, at(0));
            throttle.record_success(&bob, at(0));
        }
        let second = |n: u64| at(1 + n);
        let guesses = (0..HOUR).filter(|n| reject(&mut throttle, &alice, second(*n)).is_ok()).count();
        assert_eq!(guesses, 10, "a third of the hourly number");
        assert_eq!(send(&mut throttle, &bob, Ending::Accepted, at(HOUR)), Ok(()), "another account there");
        assert_eq!(send(&mut throttle, &home, Ending::Accepted, at(HOUR)), Ok(()), "the account itself, elsewhere");
        let new_address = key("alice", "198.51.100.9");
        assert_eq!(send(&mut throttle, &new_address, Ending::Accepted, at(HOUR)), Ok(()), "from a new address");
    }
}

/// Each account has a share of its own there, and plex.tv would see the sum.
#[test]
fn r60_guesses_at_many_accounts_behind_shared_origins_are_bounded_and_leave_each_account_a_try() {
    for (accounts, most) in [(10, 60), (100, 200)] {
        let mut throttle = throttle();
        let guessed = |n: u64| key(&format!("user{}", n % accounts), "service:radiusd");
        assert_eq!(sent(&mut throttle, HOUR - 1, Ending::Rejected, guessed), most, "{accounts} accounts");
        let alice = key("alice", "service:radiusd");
        assert_eq!(send(&mut throttle, &alice, Ending::Accepted, at(HOUR - 1)), Ok(()), "who had none");
    }
}

#[test]
fn r70_an_accounts_own_user_is_kept_out_of_a_shared_origin_for_at_most_twenty_minutes() {
    let alice = key("alice", "service:squid");
    let mut throttle = throttle();
    // However the guesses are spread over two hours, the next free place is never further away.
    for step in [1, 7, 120, 299] {
        let mut last = at(0);
        for n in (0..2 * HOUR).step_by(step) {
            let _ = reject(&mut throttle, &alice, at(n));
            last = at(n);
        }
        let free = (0..HOUR).find(|later| throttle.clone().admit(&alice, last + Duration::from_secs(*later)).is_ok());
        assert!(free.is_some_and(|free| free <= 1200), "{step}: {free:?} seconds");
        throttle = super::throttle();
    }
    (0..4).for_each(|_| reject(&mut throttle, &alice, at(0)).unwrap());
    assert_eq!(throttle.admit(&alice, at(1199)), Err(Reason::BudgetSpent));
    assert!(throttle.admit(&alice, at(1200)).is_ok());
}

#[test]
fn r70_link_codes_have_shares_of_their_own_number() {
    let friend = key("friend", HOME);
    let mut throttle = known(std::slice::from_ref(&friend));
    let mut codes = |count: usize, of: &dyn Fn(usize) -> AttemptKey| {
        (0..count).filter(|n| throttle.admit_code(&of(*n), at(1)).is_ok()).count()
    };
    assert_eq!(codes(448, &|n| key(&format!("user{n}"), ATTACKER)), 20, "one origin");
    assert_eq!(codes(448, &|n| key(&format!("user{n}"), &format!("198.51.100.{n}"))), 20, "all strangers");
    assert_eq!(codes(448, &|_| friend.clone()), 20, "one friend");
    assert_eq!(throttle.admit_code(&friend, at(1)), Err(Reason::LinkCodesSpent));
    assert_eq!(send(&mut throttle, &friend, Ending::Accepted, at(1)), Ok(()), "passwords have a budget of their own");
    assert_eq!(reject(&mut throttle, &key("user", ATTACKER), at(1)), Ok(()));
    assert!(throttle.admit_code(&friend, at(1 + HOUR)).is_ok());
}

#[test]
fn r71_everything_that_was_sent_within_the_hour_is_counted_by_kind() {
    use SignInStatus::{Accepted, CodeRequired, Rejected, Undecided};
    let mut throttle = throttle();
    let kinds = [
        Sent::SignIn(Accepted),
        Sent::SignIn(Rejected),
        Sent::SignIn(CodeRequired),
        Sent::SignIn(Undecided),
        Sent::LinkCode,
        Sent::Poll,
        Sent::Revocation,
        Sent::List,
    ];
    for minute in 0..8 {
        for kind in kinds.iter().skip(minute) {
            throttle.count(*kind, at(60 * minute as u64));
        }
    }
    let sent = throttle.sent_last_hour(at(500));
    let by_kind = [
        sent.accepted,
        sent.rejected,
        sent.code_required,
        sent.undecided,
        sent.link_codes,
        sent.polls,
        sent.revocations,
        sent.lists,
    ];
    assert_eq!((by_kind, sent.sign_ins(), sent.total()), ([1, 2, 3, 4, 5, 6, 7, 8], 10, 36));
    assert_eq!(throttle.sent_last_hour(at(HOUR)).total(), 28, "those of the first minute have expired");
    assert_eq!(throttle.sent_last_hour(at(500 + HOUR)).total(), 0);
    for n in 0..100_000 {
        throttle.count(Sent::Poll, at(10_000 + n / 10));
    }
    assert!((35_400..=36_000).contains(&throttle.sent_last_hour(at(20_000)).polls));
}

#[test]
fn r71_what_was_stored_counts_after_a_restart() {
    let alice = key("alice", HOME);
    let kinds = [
        Counted::Accepted,
        Counted::CodeRequired,
        Counted::FirstStep,
        Counted::Rejected,
        Counted::Undecided,
        Counted::Offline,
        Counted::WrongGuess,
        Counted::LinkCode,
    ];
    let entry = |counted| Entry { at: at(0), key: alice.clone(), known: true, counted };
    let failures = HashMap::from([(alice.clone(), Failures { wrong: 0, last: at(0), succeeded: Some(at(0)) })]);
    let entries = kinds.into_iter().flat_map(|kind| vec![entry(kind); 4]).collect();
    let mut throttle = Throttle::new(Limits::default(), SavedLimits { failures, entries, ..SavedLimits::default() });
    let sent = throttle.sent_last_hour(at(1));
    let by_kind = [sent.accepted, sent.code_required, sent.rejected, sent.undecided, sent.link_codes];
    assert_eq!(by_kind, [4, 8, 4, 8, 4], "as plex.tv answered, whatever followed");
    assert_eq!(throttle.admit(&alice, at(1)), Err(Reason::BudgetSpent), "sixteen draw on ten");
    assert_eq!((0..50).filter(|_| throttle.admit_code(&alice, at(1)).is_ok()).count(), 16);
}
