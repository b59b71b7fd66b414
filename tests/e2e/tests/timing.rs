//! R40: why somebody is refused cannot be told from outside, neither by what is said nor by how long it takes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::Duration;

use e2e::{Code, DEN, Tried, Try, World, password};
use fakeplex::{Endpoint, Fault};

/// Denied, unknown to the list, and a wrong password.
const CLASSES: [(&str, Code); 3] =
    [("bob", Code::PERM_DENIED), ("mallory", Code::PERM_DENIED), ("alice", Code::AUTH_ERR)];

/// Numbers that do not get in the way.
const NUMBERS: &str = "[throttle]\nfree_tries = 20\nrejected_per_hour = 1000";

const SAMPLES: usize = 200;

/// How many are measured at once: few enough that the machine itself is not what is measured.
const TOGETHER: usize = 12;

#[test]
fn r40_refusals_say_the_same() {
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

/// The places in the order of size that hold a tenth, a half and nine tenths.
fn spread(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort_unstable();
    [1, 5, 9].map(|tenths| *times.get(times.len() * tenths / 10).unwrap())
}

fn times_of(class: usize, tried: &[Tried], time: impl Fn(&Tried) -> Duration) -> Vec<Duration> {
    tried.iter().skip(class).step_by(CLASSES.len()).map(time).collect()
}

/// Whether two spreads are the same within a twentieth of the median.
fn alike(one: [Duration; 3], other: [Duration; 3]) -> bool {
    let [_, median, _] = one;
    one.iter().zip(other).all(|(one, other)| one.abs_diff(other) < median / 20)
}

/// A busy machine tells three classes apart now and then by chance; what can be told from outside shows each time.
#[test]
fn r40_refusals_take_the_same_time() {
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

/// What tells the classes apart, in 200 refusals of each on a machine of their own; or `None` where there can be no machine.
fn measured() -> Option<Vec<String>> {
    let world = World::with_everything(DEN, NUMBERS)?;
    world.plex().fault(Endpoint::Signin, Fault::Delay(120));
    // The first connection costs a handshake more.
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
    // libpam itself makes the pause longer or shorter by chance; about which middle it does is what is compared.
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
