//! Programs that others wrote, as Debian packages them: `make matrix` tries many, and these are tried in every test run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::sync::Mutex;

use e2e::callers::{Machine, Program, Verdict, faults, packages, programs, table};
use e2e::{page_commands, password};

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
fn programs_of_debian_13_that_the_pages_set_up_do_what_the_matrix_says() {
    let all = programs();
    let Some(machine) = machine("trixie", &all, &MAILERS) else { return };
    assert_saslauthd_survives_a_hundred_logins_without_a_code(&machine);
    assert_cockpit_can_be_kept_from_friends(&machine);
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

fn assert_cockpit_can_be_kept_from_friends(machine: &Machine<'_>) {
    let world = &machine.world;
    world.sh("cp /etc/pam.d/cockpit /run/cockpit.pam");
    assert_eq!(machine.login("cockpit", "alice"), Verdict::In);
    world.follow(&page_commands("docs/how-to/cockpit.md", "Keep friends out of Cockpit"));
    assert_eq!(machine.login("cockpit", "alice"), Verdict::Out);
    assert_eq!(machine.login("cockpit", "local"), Verdict::In);
    world.sh("cp /run/cockpit.pam /etc/pam.d/cockpit");
}

/// The page says of each server as whom it runs, which service it has, and whether it passes the remote host.
#[test]
fn table_of_servers_that_are_not_root_is_what_the_matrix_found() {
    let page = std::fs::read_to_string(e2e::checkout().join("docs/how-to/servers.md")).unwrap();
    for program in programs().iter().filter(|program| program.trusted.is_some()) {
        let [service, host, user] = program.arrives.split(", ").collect::<Vec<_>>().try_into().unwrap();
        let name = program.name.split([',', ' ']).next().unwrap();
        let row = format!("| {name} | `{user}` | `{service}` | {host} |");
        assert!(page.contains(&row), "{row}");
    }
}

/// Pages are followed in every test run, not only by `make matrix`.
#[test]
fn every_program_with_a_page_is_tried_in_every_test_run() {
    for program in programs().iter().filter(|program| program.pages.iter().any(|(page, _)| page.contains("how-to"))) {
        let is_server = program.pages.iter().all(|(_, heading)| heading == "One stack for all of them");
        assert!(is_server || program.tested == ["trixie"], "{}", program.key);
    }
}
