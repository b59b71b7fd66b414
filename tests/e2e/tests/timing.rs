//! R40: neither messages nor durations reveal why a login was refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::Duration;

use e2e::{Code, DEN, Tried, Try, World, password};
use fakeplex::{Endpoint, Fault};

/// Denied, not on the list, and a wrong password.
const CLASSES: [(&str, Code); 3] =
    [("bob", Code::PERM_DENIED), ("mallory", Code::PERM_DENIED), ("alice", Code::AUTH_ERR)];

/// Limits that do not affect the measurement.
const NUMBERS: &str = "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000";

const SAMPLES: usize = 200;

/// Simultaneous logins: few enough that the machine's load is not what is measured.
const TOGETHER: usize = 12;

#[test]
fn r40_refusals_show_the_same_messages() {
    let Some(world) = World::with_everything(DEN, NUMBERS) else { return };
    world.start_sshd();
    let shown = CLASSES.map(|(user, code)| {
        let codes = world.codes_from("192.0.2.1", "alone", user, "wrong");
        assert_eq!(codes.of("auth"), code);
        let text: Vec<&str> =
            codes.text.lines().filter(|line| !line.starts_with("auth=") && !line.starts_with("delay=")).collect();
        let ssh = ["password", "keyboard-interactive"]
            .map(|method| world.ssh(method, user, "wrong"))
            .map(|out| (out.code, out.stdout, out.stderr));
        format!("{text:?} {ssh:?}").replace(user, "USER")
    });
    let [first, rest @ ..] = &shown;
    assert!(rest.iter().all(|other| other == first), "{shown:#?}");
    assert!(first.contains("prompt1=Password: "), "{first}");
}

/// The 10th, 50th and 90th percentile.
fn spread(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort_unstable();
    [1, 5, 9].map(|tenths| *times.get(times.len() * tenths / 10).unwrap())
}

fn times_of(class: usize, tried: &[Tried], time: impl Fn(&Tried) -> Duration) -> Vec<Duration> {
    tried.iter().skip(class).step_by(CLASSES.len()).map(time).collect()
}

/// True if two spreads differ by less than a twentieth of the median.
fn alike(one: [Duration; 3], other: [Duration; 3]) -> bool {
    let [_, median, _] = one;
    one.iter().zip(other).all(|(one, other)| one.abs_diff(other) < median / 20)
}

/// On a busy machine three classes differ now and then by chance; a real difference shows every time.
#[test]
fn r40_refusals_take_the_same_time_whatever_the_reason() {
    let mut differ = Vec::new();
    for _ in 0..3 {
        let Some(told_apart) = measured() else { return };
        if told_apart.is_empty() {
            return;
        }
        differ.push(told_apart);
    }
    panic!("{differ:#?}");
}

/// Differences between the classes in 200 refusals of each on a new machine; `None` where private machines are
/// impossible.
fn measured() -> Option<Vec<String>> {
    let world = World::with_everything(DEN, NUMBERS)?;
    world.plex().fault(Endpoint::Signin, Fault::Delay(120));
    // The first connection includes a handshake.
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    let tries: Vec<Try> = (0..SAMPLES)
        .flat_map(|n| {
            CLASSES.map(|(user, _)| Try::new(user, &format!("192.0.2.{}", n % 200 + 1), &format!("wrong{n}")))
        })
        .collect();
    let answers = std::thread::scope(|scope| {
        let tries = scope.spawn(|| world.many(TOGETHER, &tries));
        // plex.tv takes 80 to 160 milliseconds.
        for delay in [80, 160, 100, 140, 90, 150, 110, 130].into_iter().cycle() {
            world.plex().clear_faults();
            world.plex().fault(Endpoint::Signin, Fault::Delay(delay));
            std::thread::sleep(Duration::from_millis(200));
            if tries.is_finished() {
                break;
            }
        }
        tries.join().unwrap()
    });
    for (class, (user, code)) in CLASSES.iter().enumerate() {
        assert!(answers.iter().skip(class).step_by(CLASSES.len()).all(|one| one.code == *code), "{user}");
    }
    let took: Vec<_> = (0..CLASSES.len()).map(|class| spread(times_of(class, &answers, |one| one.took))).collect();
    // libpam randomises the pause; only its centre is compared.
    let pauses: Vec<_> = (0..CLASSES.len()).map(|class| spread(times_of(class, &answers, |one| one.pause))).collect();
    let first = *took.first().unwrap();
    let mut told_apart = Vec::new();
    if !took.iter().all(|other| alike(first, *other)) {
        told_apart.push(format!("answers after {took:?}"));
    }
    let [_, wanted, _] = *pauses.first().unwrap();
    assert!(wanted > Duration::from_millis(1500), "{pauses:?}");
    if !pauses.iter().all(|[_, median, _]| median.abs_diff(wanted) < wanted / 5) {
        told_apart.push(format!("pauses of {pauses:?}"));
    }
    Some(told_apart)
}
