//! `make bench`: what a login costs, compared with other ways to log in. Writes docs/development/speed.md and its picture.
//! `bench quick` runs all of it with one round of each scenario; the figures mean nothing, and no page is written.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement, read by people; an error stops it with a message"
)]

mod chart;
mod cost;
mod friends;
mod machine;
mod measure;
mod network;
mod page;
mod plan;
mod run;
mod samples;
mod scenario;
mod table;
mod targets;
mod ways;

use std::process::ExitCode;

use e2e::checkout;

use page::About;
use plan::Plan;
use targets::Target;

const PAGE: &str = "docs/development/speed.md";
const PICTURE: &str = "docs/development/speed.svg";

fn main() -> ExitCode {
    let is_quick = std::env::args().nth(1).is_some_and(|argument| argument == "quick");
    let plan = if is_quick { Plan::quick() } else { Plan::full() };
    let about = About::now();
    let Some(run) = run::run(&plan) else { return ExitCode::FAILURE };
    println!("\n{}; {}; load {} at the start\n", about.date, about.processors, about.load);
    println!("{}\n{}\n{}", table::times(&run.measured), table::costs(&run.measured), page::limits(&run.limits));
    let targets = targets::targets(&plan, &run.measured, run.module_size);
    for Target { is_met, what, result } in &targets {
        println!("{:8} {what}: {result}", if *is_met { "met" } else { "NOT MET" });
    }
    if plan.is_real {
        let page = page::page(&plan, &about, &run.limits, &run.measured, &targets);
        std::fs::write(checkout().join(PAGE), page).unwrap();
        std::fs::write(checkout().join(PICTURE), chart::chart(&run.measured, plan.distant)).unwrap();
        eprintln!("{PAGE} and {PICTURE} are written");
    }
    ExitCode::SUCCESS
}
