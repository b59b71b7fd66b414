//! R40: neither messages nor durations reveal why a login was refused.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, Tried, Try, World, password};
use fakeplex::{Endpoint, Fault};

/// Limits that do not affect the measurement, except that of [`SLOWED`].
const NUMBERS: &str =
    "[throttle]\nfree_tries = 5\nfirst_pause = \"1h\"\nlongest_pause = \"1h\"\nrejected_per_hour = 1000";

/// A stack of only `pam_unix`, for the time of its hash.
const HASH: &str = "hash";

/// Accounts with a local password, which `pam_unix` compares with what was typed.
const HASHED: [&str; 2] = ["olga", "local"];

/// A reason to refuse a login.
#[derive(Debug, Clone, Copy)]
struct Class {
    reason: &'static str,
    user: &'static str,
    /// Code of the module alone.
    alone: Code,
    /// Code of the shipped stacks.
    shipped: Code,
}

impl Class {
    const fn new(reason: &'static str, user: &'static str, alone: Code, shipped: Code) -> Self {
        Self { reason, user, alone, shipped }
    }

    /// The password that is typed.
    fn password(self) -> String {
        if self.user == "erin" { password("erin") } else { "wrong".to_owned() }
    }
}

/// The account in back-off.
const SLOWED: &str = "frank";

const CLASSES: [Class; 8] = [
    Class::new("wrong password", "alice", Code::AUTH_ERR, Code::AUTH_ERR),
    Class::new("no access", "bob", Code::AUTH_ERR, Code::AUTH_ERR),
    Class::new("not on the list", "mallory", Code::AUTH_ERR, Code::AUTH_ERR),
    Class::new("right password without a code", "erin", Code::AUTH_ERR, Code::AUTH_ERR),
    Class::new("wrong password, with a local one", "olga", Code::AUTH_ERR, Code::AUTH_ERR),
    Class::new("back-off", SLOWED, Code::AUTHINFO_UNAVAIL, Code::AUTHINFO_UNAVAIL),
    Class::new("not managed", "local", Code::USER_UNKNOWN, Code::AUTH_ERR),
    Class::new("no such account", "nobody-here", Code::USER_UNKNOWN, Code::AUTH_ERR),
];

/// While plex.tv closes every connection of a sign-in.
const OUTAGE: [Class; 5] = [
    Class::new("outage", "alice", Code::AUTHINFO_UNAVAIL, Code::AUTHINFO_UNAVAIL),
    Class::new("no access", "bob", Code::AUTH_ERR, Code::AUTH_ERR),
    Class::new("not on the list", "mallory", Code::AUTH_ERR, Code::AUTH_ERR),
    Class::new("not managed", "local", Code::USER_UNKNOWN, Code::AUTH_ERR),
    Class::new("no such account", "nobody-here", Code::USER_UNKNOWN, Code::AUTH_ERR),
];

/// A measurement of the classes in a stack.
struct Measurement {
    classes: &'static [Class],
    /// plex.tv answers no sign-in.
    is_outage: bool,
    service: &'static str,
    /// The code of a class.
    code: fn(&Class) -> Code,
    /// Samples of each class.
    samples: usize,
    /// Simultaneous logins: few enough that the machine's load is not what is measured.
    together: usize,
    /// The greatest difference between two classes.
    within: Duration,
    /// Only medians are compared, without the time of the hash in `pam_unix`, which depends on the machine and its load.
    without_hash: bool,
}

/// The Den, where olga has a local password too, and one account is in back-off from this host.
fn machine(slowed_from: &str) -> Option<World> {
    let world = World::with_everything(DEN, NUMBERS)?;
    assert!(world.run_with(&["chpasswd"], "olga:LOCAL-SECRET-olga\n").ok());
    // Addresses to connect from: all loopback addresses are one origin.
    world.sh("ip addr add 192.0.2.1/24 dev lo; ip addr add 198.18.0.1/15 dev lo");
    // The first connection includes a handshake.
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    let failures: Vec<Try> = (0..5).map(|n| Try::new(SLOWED, slowed_from, &format!("wrong{n}"))).collect();
    assert!(world.many(5, &failures).iter().all(|one| one.code == Code::AUTH_ERR));
    Some(world)
}

/// Classes that a way to sign in tells from the others, as SECURITY.md says under "What is not protected".
const TOLD_APART: [(&str, &[&str]); 4] = [
    // The return code of a back-off, the prompt for a code, and no prompt for other names.
    ("the module alone", &["right password without a code", "back-off", "not managed", "no such account", "outage"]),
    ("ssh password", &[]),
    // It can show a second prompt.
    ("ssh keyboard-interactive", &["right password without a code"]),
    // su prints the return code, and finds no account by itself.
    ("su", &["right password without a code", "back-off", "no such account", "outage"]),
];

#[test]
fn r40_refusals_show_the_same_messages() {
    let from = "192.0.2.5";
    let Some(world) = machine(from) else { return };
    world.start_sshd();
    std::thread::scope(|scope| {
        for n in 0..5 {
            let world = &world;
            scope.spawn(move || assert!(!world.su("local", SLOWED, &format!("wrong{n}"), &[]).ok()));
        }
    });
    let shown = |class: Class, from: &str| {
        let (user, typed) = (class.user, &class.password());
        let codes = world.codes_from(from, "alone", user, typed);
        assert_eq!(codes.of("auth"), class.alone, "{class:?}");
        let alone: Vec<&str> = codes.text.lines().filter(|line| !line.starts_with("delay=")).collect();
        let ssh = |method| {
            if method == "keyboard-interactive" && user == "erin" {
                // sshpass would wait at it; the tests of second factors type a code there.
                return "a second prompt".to_owned();
            }
            let out = world.ssh_from(from, method, user, typed);
            format!("{} {} {}", out.code, out.stdout, out.stderr)
        };
        let su = world.su("local", user, typed, &[]);
        let su = format!("{} {} {}", su.code, su.stdout, su.stderr);
        [format!("{alone:?}"), ssh("password"), ssh("keyboard-interactive"), su].map(|text| text.replace(user, "USER"))
    };
    let mut all: Vec<_> = std::thread::scope(|scope| {
        let shown = &shown;
        let threads = (10..).zip(CLASSES).map(|(n, class)| {
            // An address of their own, but for the account in back-off.
            let from = if class.user == SLOWED { from.to_owned() } else { format!("192.0.2.{n}") };
            scope.spawn(move || shown(class, &from))
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    world.plex().fault(Endpoint::Signin, Fault::Reset);
    all.push(shown(OUTAGE[0], "192.0.2.6"));
    let usual = all.first().unwrap();
    assert!(usual[0].contains("prompt1=Password: "), "{usual:?}");
    for (class, shown) in CLASSES.iter().chain(OUTAGE.first()).zip(&all) {
        for ((way, told_apart), (text, usual)) in TOLD_APART.iter().zip(shown.iter().zip(usual)) {
            assert_eq!(text != usual, told_apart.contains(&class.reason), "{way}: {class:?}: {text} {usual}");
        }
    }
}

/// The 10th, 50th and 90th percentile.
fn spread(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort_unstable();
    [1, 5, 9].map(|tenths| *times.get(times.len() * tenths / 10).unwrap())
}

fn median(times: Vec<Duration>) -> Duration {
    let [_, median, _] = spread(times);
    median
}

/// True if all values are within this of each other.
fn are_close(values: &[Duration], within: Duration) -> bool {
    let (least, most) = (values.iter().min().unwrap(), values.iter().max().unwrap());
    most.abs_diff(*least) < within
}

/// On a busy machine classes differ now and then by chance: two of three measurements must show no difference.
fn never_differ(measured: impl Fn() -> Option<Vec<String>>) {
    let (mut differ, mut alike) = (Vec::new(), 0);
    while alike < 2 {
        let Some(told_apart) = measured() else { return };
        if told_apart.is_empty() {
            alike += 1;
        } else {
            differ.push(told_apart);
        }
        assert!(differ.len() < 2, "{differ:#?}");
    }
}

#[test]
fn r40_refusals_of_the_module_alone_take_the_same_time_whatever_the_reason() {
    let within = Duration::from_millis(25);
    let alone = Measurement {
        classes: &CLASSES,
        is_outage: false,
        service: "alone",
        code: |class| class.alone,
        samples: 100,
        together: 12,
        within,
        without_hash: false,
    };
    never_differ(|| measured(&alone));
}

#[test]
fn r40_refusals_in_an_outage_take_the_same_time_as_those_that_need_no_request() {
    let within = Duration::from_millis(25);
    let outage = Measurement {
        classes: &OUTAGE,
        is_outage: true,
        service: "alone",
        code: |class| class.alone,
        samples: 40,
        together: 12,
        within,
        without_hash: false,
    };
    never_differ(|| measured(&outage));
}

#[test]
fn r40_refusals_of_the_shipped_stacks_take_the_same_time_whatever_the_reason() {
    let code = |class: &Class| class.shipped;
    // Hashes of local passwords keep the processors busy.
    let within = Duration::from_millis(200);
    let shipped = Measurement {
        classes: &CLASSES,
        is_outage: false,
        service: "sshd",
        code,
        samples: 20,
        together: 3,
        within,
        without_hash: true,
    };
    never_differ(|| measured(&shipped));
}

/// Differences between the classes on a new machine; `None` where private machines are
/// impossible.
fn measured(measurement: &Measurement) -> Option<Vec<String>> {
    let Measurement { classes, is_outage, service, code, samples, together, within, without_hash } = *measurement;
    let slowed_from = "203.0.113.9";
    let world = machine(slowed_from)?;
    let tries: Vec<Try> = (0..samples)
        .flat_map(|n| {
            let rhost = format!("192.0.2.{}", n % 200 + 1);
            let of_class = |class: &Class| {
                let rhost = if class.user == SLOWED { slowed_from } else { &rhost };
                Try::new(class.user, rhost, &class.password())
            };
            classes.iter().map(of_class).collect::<Vec<_>>()
        })
        .collect();
    if is_outage {
        world.plex().fault(Endpoint::Signin, Fault::Reset);
    }
    let answers = std::thread::scope(|scope| {
        let tries = scope.spawn(|| world.many_at(service, together, &tries));
        // plex.tv takes 80 to 160 milliseconds.
        for delay in [80, 160, 100, 140, 90, 150, 110, 130].into_iter().cycle() {
            if !is_outage {
                world.plex().clear_faults();
                world.plex().fault(Endpoint::Signin, Fault::Delay(delay));
            }
            std::thread::sleep(Duration::from_millis(200));
            if tries.is_finished() {
                break;
            }
        }
        tries.join().unwrap()
    });
    let of_class = |at: usize| answers.iter().skip(at).step_by(classes.len());
    for (at, class) in classes.iter().enumerate() {
        assert!(of_class(at).all(|one| one.code == code(class)), "{class:?}");
    }
    let reasons: Vec<_> = classes.iter().map(|class| class.reason).collect();
    let of_all = |time: fn(&Tried) -> Duration| -> Vec<_> {
        (0..classes.len()).map(|at| spread(of_class(at).map(time).collect())).collect()
    };
    let (took, pauses) = (of_all(|one| one.took), of_all(|one| one.pause));
    let mut told_apart = Vec::new();
    let hash = if without_hash { hash(&world, samples) } else { Duration::ZERO };
    let compared = if without_hash { 1..2 } else { 0..3 };
    for tenths in compared {
        let hash_of = |class: &Class| if HASHED.contains(&class.user) { hash } else { Duration::ZERO };
        let times = took.iter().zip(classes).map(|(spread, class)| spread[tenths].saturating_sub(hash_of(class)));
        if !are_close(&times.collect::<Vec<_>>(), within) {
            told_apart
                .push(format!("answers after {:?}, hash {hash:?}", reasons.iter().zip(&took).collect::<Vec<_>>()));
            break;
        }
    }
    // libpam randomises the pause; only its centre is compared.
    let medians: Vec<_> = pauses.iter().map(|[_, median, _]| *median).collect();
    assert!(medians.iter().all(|median| *median > Duration::from_millis(1500)), "{reasons:?} {medians:?}");
    if !are_close(&medians, Duration::from_millis(400)) {
        told_apart.push(format!("pauses of {reasons:?} {medians:?}"));
    }
    Some(told_apart)
}

/// The median time that `pam_unix` needs for a wrong password. As many are compared at once as among the classes, or they would
/// have less of the processors each.
fn hash(world: &World, samples: usize) -> Duration {
    world.write(&format!("/etc/pam.d/{HASH}"), 0o644, "root:root", "auth required pam_unix.so\n");
    let tries: Vec<Try> = (0..samples).flat_map(|_| HASHED.map(|user| Try::new(user, "", "wrong"))).collect();
    median(world.many_at(HASH, HASHED.len(), &tries).iter().map(|one| one.took).collect())
}

/// The time of a whole login with the OpenSSH client, pause included, which hides smaller differences than these bounds;
/// [`r40_refusals_of_the_shipped_stacks_take_the_same_time_whatever_the_reason`] finds those in the same stack. libpam makes a pause of two seconds longer or shorter by
/// chance, with a standard deviation of a third of a second; medians of seven then differ by less than a second. sshd itself
/// prolongs failures of its `password` method to a multiple for each name that is a power of two, so that they may differ by
/// a factor of two.
#[test]
fn r40_refusals_at_sshd_differ_by_no_more_than_the_pauses_of_libpam_and_sshd() {
    never_differ(|| {
        let world = machine("192.0.2.5")?;
        world.start_sshd();
        let mut told_apart = Vec::new();
        for method in ["keyboard-interactive", "password"] {
            // Where a code can be typed, its prompt shows that the password is right.
            let shown: Vec<_> =
                (0..CLASSES.len()).filter(|at| method == "password" || CLASSES[*at].user != "erin").collect();
            let times = |at: usize| {
                let (class, world) = (CLASSES[at], &world);
                // Few from each address, so that only the one is in back-off.
                let from =
                    |n| if class.user == SLOWED { "192.0.2.5".into() } else { format!("198.18.{n}.{}", at + 10) };
                median((0..7).map(|n| refused_after(world, &from(n), method, class)).collect())
            };
            let medians: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = shown.iter().map(|at| scope.spawn(|| times(*at))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
            let alike = if method == "password" {
                most.as_secs_f64() / least.as_secs_f64() < 2.6
            } else {
                are_close(&medians, Duration::from_secs(1))
            };
            if !alike {
                let reasons = shown.iter().map(|at| CLASSES[*at].reason);
                told_apart.push(format!("{method}: {:?}", reasons.zip(&medians).collect::<Vec<_>>()));
            }
        }
        Some(told_apart)
    });
}

fn refused_after(world: &World, from: &str, method: &str, class: Class) -> Duration {
    let start = Instant::now();
    let out = world.ssh_from(from, method, class.user, &class.password());
    assert!(!out.ok() && out.stdout.is_empty(), "{method} {class:?}: {out:?}");
    start.elapsed()
}

#[test]
fn r40_refusals_without_a_daemon_are_delayed_and_right_local_passwords_are_not() {
    let Some(world) = World::with_everything(DEN, NUMBERS) else { return };
    let names = ["alice", "local", "nobody-here"];
    let right = |when: &str| {
        for (service, user) in [("plex-auth", "local"), ("sshd", "local"), ("sudo", "local")] {
            e2e::within(Duration::from_millis(450), &format!("{when}: {service}"), || {
                let [tried] = world.many_at(service, 1, &[Try::new(user, "192.0.2.1", "LOCAL-SECRET")])[..] else {
                    panic!("one try has one answer")
                };
                assert_eq!((tried.code, tried.pause), (Code::SUCCESS, Duration::ZERO), "{when}: {service}");
            });
        }
    };
    right("daemon up");
    world.stop_authd();
    right("daemon down");
    for service in ["alone", "sshd"] {
        let tried = world.many_at(service, 1, &names.map(|name| Try::new(name, "192.0.2.1", "wrong")));
        for (name, one) in names.iter().zip(&tried) {
            assert_eq!(one.code, Code::AUTHINFO_UNAVAIL, "{service} {name}");
            assert!(one.pause >= Duration::from_secs(1), "{service} {name}: {one:?}");
        }
    }
}
