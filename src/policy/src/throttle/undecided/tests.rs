//! The back-off while plex.tv gives no verdict, in no time, and against an independent model.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use Admission::{Granted, Queued};
use Lane::{Known, Other};
use SignInResponse::{Uncounted, Undecided as NoVerdict, Verdict};

use super::*;

const ALL: [SignInResponse; 3] = [Verdict, NoVerdict, Uncounted];

fn at(seconds: u64) -> BootTime {
    BootTime::from_millis(0) + Duration::from_secs(seconds)
}

/// A sign-in that is sent, if it is admitted at once, and has this response.
fn send(undecided: &mut Undecided, lane: Lane, response: SignInResponse, now: BootTime) -> bool {
    let is_sent = undecided.start(lane, false, now) == Ok(Granted);
    if is_sent {
        undecided.end(lane, response, now);
    }
    is_sent
}

/// The state after five answers without a verdict at time zero.
fn backing_off() -> Undecided {
    let mut undecided = Undecided::default();
    assert_eq!((0..120).filter(|_| send(&mut undecided, Other, NoVerdict, at(0))).count(), 5);
    undecided
}

#[test]
fn r60_after_five_answers_without_a_verdict_one_sign_in_is_sent_every_thirty_seconds() {
    let mut undecided = backing_off();
    assert_eq!(undecided.start(Other, false, at(1)), Err(Duration::from_secs(29)));
    assert_eq!(undecided.pause(at(1)), Some(Duration::from_secs(29)));
    let sent: Vec<u64> = (1..=100).filter(|n| send(&mut undecided, Other, NoVerdict, at(*n))).collect();
    assert_eq!(sent, [30, 60, 90]);
    assert_eq!((undecided.pause(at(119)), undecided.pause(at(120))), (Some(Duration::from_secs(1)), None));
    // One at a time: a second one waits for the answer to the first.
    assert_eq!(undecided.start(Other, false, at(120)), Ok(Granted));
    assert_eq!(undecided.start(Other, false, at(120)), Ok(Queued));
    undecided.end(Other, NoVerdict, at(121));
    assert_eq!(undecided.start(Other, false, at(121)), Err(Duration::from_secs(30)));
}

#[test]
fn r60_a_verdict_ends_the_backoff_and_four_other_answers_start_none() {
    let mut undecided = backing_off();
    assert!(send(&mut undecided, Other, Verdict, at(30)));
    assert_eq!(undecided.pause(at(30)), None);
    for _ in 0..100 {
        for response in [NoVerdict, NoVerdict, NoVerdict, NoVerdict, Verdict] {
            assert!(send(&mut undecided, Other, response, at(30)));
        }
    }
}

/// Without an answer there is nothing that guesses could cost, and the end of an outage must not be missed for long.
#[test]
fn r69_sign_ins_without_an_answer_neither_start_nor_end_the_backoff() {
    let mut undecided = Undecided::default();
    assert!((0..100).all(|_| send(&mut undecided, Other, Uncounted, at(0))));
    let mut undecided = backing_off();
    assert!((30..40).all(|second| send(&mut undecided, Other, Uncounted, at(second))));
    assert!(undecided.is_backing_off());
    assert!(send(&mut undecided, Other, NoVerdict, at(40)));
    assert_eq!(undecided.start(Other, false, at(41)), Err(Duration::from_secs(29)));
}

#[test]
fn r19_strangers_who_provoke_the_backoff_hold_up_no_known_key() {
    let mut undecided = backing_off();
    assert!(send(&mut undecided, Known, NoVerdict, at(1)));
    assert!(!send(&mut undecided, Known, NoVerdict, at(2)), "known keys wait for each other");
    assert!(send(&mut undecided, Other, NoVerdict, at(30)), "their answers hold up no stranger either");
    assert!(send(&mut undecided, Known, Verdict, at(31)));
    assert!(send(&mut undecided, Other, Verdict, at(31)));
}

#[test]
fn r69_a_cached_password_waits_for_the_sign_in_before_it_but_for_no_pause() {
    let mut undecided = backing_off();
    assert_eq!(undecided.start(Other, true, at(1)), Ok(Granted));
    assert_eq!(undecided.start(Other, true, at(1)), Ok(Queued));
    undecided.end(Other, NoVerdict, at(1));
    assert_eq!(undecided.start(Other, false, at(2)), Err(Duration::from_secs(29)));
    assert_eq!(undecided.start(Other, true, at(2)), Ok(Granted));
}

#[test]
fn r60_parallel_sign_ins_do_not_exceed_five_once_one_had_no_verdict() {
    let mut undecided = Undecided::default();
    assert!((0..4).all(|_| undecided.start(Other, false, at(0)) == Ok(Granted)));
    undecided.end(Other, NoVerdict, at(0));
    assert_eq!(undecided.start(Known, false, at(0)), Ok(Granted), "the fifth");
    assert_eq!(undecided.start(Other, false, at(0)), Ok(Queued));
    undecided.end(Other, Uncounted, at(0));
    assert_eq!(undecided.start(Other, false, at(0)), Ok(Granted), "one of the five had no answer");
    undecided.end(Other, Verdict, at(0));
    assert!((0..100).all(|_| undecided.start(Other, false, at(0)) == Ok(Granted)), "plex.tv decides again");
}

/// The sign-ins that were sent, with their times and results, as a list; the rule is read off the list.
#[derive(Default)]
struct Model {
    /// Answers in order of arrival.
    answers: Vec<(Lane, SignInResponse, BootTime)>,
    in_progress: Vec<Lane>,
}

impl Model {
    fn expected(&self, lane: Lane, is_cached: bool, now: BootTime) -> Result<Admission, Duration> {
        let counted: Vec<_> = self.answers.iter().filter(|(_, response, _)| *response != Uncounted).collect();
        let row: Vec<_> = counted.iter().rev().take_while(|(_, response, _)| *response == NoVerdict).collect();
        let queued = |is_queued: bool| Ok(if is_queued { Queued } else { Granted });
        if row.len() < 5 {
            return queued(!row.is_empty() && row.len() + self.in_progress.len() >= 5);
        }
        let latest = row.iter().find(|(of, ..)| *of == lane).map(|(.., time)| *time + Duration::from_secs(30));
        match latest {
            Some(end) if now < end && !is_cached => Err(end.since(now)),
            _ => queued(self.in_progress.contains(&lane)),
        }
    }
}

#[test]
fn r19_r60_backoff_agrees_with_a_model_for_random_sequences() {
    // xorshift: any sequence will do, and a failure can be repeated.
    let mut number = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |limit: u64| {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        number % limit
    };
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..300 {
        let (mut undecided, mut model, mut now) = (Undecided::default(), Model::default(), at(0));
        for step in 0..300 {
            now = now + Duration::from_millis(random(9000));
            if random(5) < 3 {
                let (lane, is_cached) = (if random(2) == 0 { Known } else { Other }, random(4) == 0);
                let (expected, admission) =
                    (model.expected(lane, is_cached, now), undecided.start(lane, is_cached, now));
                assert_eq!(admission, expected, "step {step}: {lane:?} {is_cached} {:?}", model.answers);
                *seen.entry(format!("{:?}", admission.map_err(|_| ()))).or_insert(0) += 1;
                if admission == Ok(Granted) {
                    model.in_progress.push(lane);
                }
            } else if !model.in_progress.is_empty() {
                let one = usize::try_from(random(model.in_progress.len() as u64)).unwrap();
                let lane = model.in_progress.swap_remove(one);
                // Mostly no verdict, else the back-off hardly ever begins.
                let response = *ALL.get(usize::try_from(random(12)).unwrap()).unwrap_or(&NoVerdict);
                model.answers.push((lane, response, now));
                undecided.end(lane, response, now);
            }
        }
    }
    assert!(seen.len() == 3 && seen.values().all(|count| *count > 1000), "{seen:?}");
}
