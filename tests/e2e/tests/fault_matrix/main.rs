//! The fault matrix: every fault between this machine and plex.tv, at every step of a login, with and without cached
//! passwords. The cells are the product of the lists of steps and faults, and one rule gives the expected results.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a failed test may panic")]

mod breaking;
mod fault;
mod login;
mod machine;
mod step;

use std::fmt::Write;

use e2e::Code;
use machine::{Cell, Machine};
use step::Step;

#[test]
fn r11_r18_r36_every_fault_at_every_step_is_a_timely_outage_without_aftereffects() {
    let columns = std::thread::scope(|scope| {
        let machine = |step, cache| scope.spawn(move || Machine::start(step, cache).map(Machine::run));
        let columns = Step::ALL.map(|step| (step, [false, true].map(|cache| machine(step, cache))));
        columns.map(|(step, machines)| (step, machines.map(|machine| machine.join().unwrap())))
    });
    let mut table = String::new();
    let mut wrong = Vec::new();
    for (step, machines) in columns {
        let [Some(without), Some(with)] = machines else { return };
        assert_eq!(without.len(), with.len());
        for (without, with) in without.iter().zip(&with) {
            let name = format!("{step:?}: {}", without.fault);
            writeln!(table, "{name:<40} {} | {}", show(without), show(with)).unwrap();
            wrong.extend(without.wrong.iter().map(|what| format!("{name}, no cache: {what}")));
            wrong.extend(with.wrong.iter().map(|what| format!("{name}, cache: {what}")));
        }
    }
    let title = format!("{:<40} {:<32} | {}", "fault", "without a cache", "with a cache");
    let table = format!("{title}\n{table}");
    println!("{table}");
    std::fs::write(e2e::target().join("fault-matrix.txt"), table).unwrap();
    assert!(wrong.is_empty(), "{} of the cells are not as they should be:\n{}", wrong.len(), wrong.join("\n"));
}

/// A cell of the table: return code, duration, and recovery time.
fn show(cell: &Cell) -> String {
    let code = match cell.code {
        Code::SUCCESS => "SUCCESS".to_owned(),
        Code::AUTHINFO_UNAVAIL => "UNAVAIL".to_owned(),
        other => format!("{other:?}"),
    };
    let note = if cell.wrong.is_empty() { "" } else { " !" };
    format!("{code} {:>5} ms, mended {:>5} ms{note:<2}", cell.took.as_millis(), cell.mended.as_millis())
}
