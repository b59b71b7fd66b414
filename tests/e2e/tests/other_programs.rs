//! Programs that others wrote, as Debian packages them: `make matrix` tries many, and these are tried in every test run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::sync::Mutex;

use e2e::callers::{Machine, Program, faults, packages, programs, table};
use e2e::password;

/// Friends with 2FA who try at the same time, and how often each does.
const MAILERS: [&str; 10] = ["mail0", "mail1", "mail2", "mail3", "mail4", "mail5", "mail6", "mail7", "mail8", "mail9"];
const TRIES: usize = 10;

/// The programs that `make test` runs on this release, set up on a machine.
fn machine<'a>(suite: &'static str, all: &'a [Program], further: &[&'a str]) -> Option<Machine<'a>> {
    let tested: Vec<&Program> = all.iter().filter(|program| program.tested.iter().any(|name| name == suite)).collect();
    Machine::new(suite, "tested", &packages(&tested), &tested, further)
}

fn assert_all_is_as_expected(machine: &Machine<'_>) {
    let rows = machine.run();
    let found = faults(&rows);
    assert!(found.is_empty(), "{}\n{}", found.join("\n"), table(&rows));
}

#[test]
fn openssh_9_does_what_the_matrix_says() {
    let all = programs();
    let Some(machine) = machine("bookworm", &all, &[]) else { return };
    assert_all_is_as_expected(&machine);
}

#[test]
fn openssh_10_saslauthd_dovecot_cockpit_and_apache_do_what_the_matrix_says() {
    let all = programs();
    let Some(machine) = machine("trixie", &all, &MAILERS) else { return };
    assert_saslauthd_survives_a_hundred_logins_without_a_code(&machine);
    assert_all_is_as_expected(&machine);
}

/// saslauthd cannot show a prompt for a code, and each of its processes that crashes at one is missing from then on.
fn assert_saslauthd_survives_a_hundred_logins_without_a_code(machine: &Machine<'_>) {
    let world = &machine.world;
    world.sh("mkdir /run/saslauthd-many; saslauthd -a pam -n 50 -m /run/saslauthd-many");
    let all_run = "[ $(pgrep -fc '^saslauthd .*-many$') = 50 ]";
    world.until(all_run);
    let login = |user: &str, password: &str| {
        world.run(&["testsaslauthd", "-f", "/run/saslauthd-many/mux", "-s", "smtp", "-u", user, "-p", password]).stdout
    };
    let queue = Mutex::new((0..TRIES).flat_map(|_| MAILERS));
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                loop {
                    let Some(name) = queue.lock().unwrap().next() else { return };
                    let user = format!("erin-{name}");
                    let said = login(&user, &password(&user));
                    assert!(said.starts_with("0: NO"), "{user}: {said}");
                }
            });
        }
    });
    assert!(world.run(&["sh", "-c", all_run]).ok(), "{}", world.syslog());
    assert_eq!(login("local-mail1", "LOCAL-SECRET"), "0: OK \"Success.\"\n");
    let with_code = format!("{}314159", password("erin-mail1"));
    assert_eq!(login("erin-mail1", &with_code), "0: OK \"Success.\"\n");
}
