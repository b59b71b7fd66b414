//! The decision and the throttle against models of them: an independent reading of the design, plain and slow, which
//! must agree with the policy in every world that a generator can think of.
//!
//! The worlds are the same each time. `MODEL_SEED` chooses others, `MODEL_WORLDS` more or fewer.
#![allow(clippy::print_stdout, clippy::panic, reason = "a test says what it saw, and may panic")]

mod daemon;
mod decision;
mod reading;
mod tally;
mod throttle;
mod worlds;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The seed of every run that does not choose its own.
const SEED: u64 = 0x91e_a0d1;

/// A runner for this many cases, unless the environment says otherwise.
fn runner(cases: u32) -> TestRunner {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>());
    let told = |name: &str| number(name).map(|number| number.unwrap_or_else(|_| panic!("{name} is not a number")));
    let seed = told("MODEL_SEED").unwrap_or(SEED);
    let cases = told("MODEL_WORLDS").map_or(cases, |cases| u32::try_from(cases).unwrap_or(u32::MAX));
    println!("MODEL_SEED={seed} MODEL_WORLDS={cases}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
