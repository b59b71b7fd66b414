//! R13, R16, R58: the life of the package on a Debian server that has just been installed, from a half-finished installation to
//! the purge, by apt and dpkg and with that Debian's own sshd, sudo, su and libpam. Whatever state it is left in, local accounts
//! and root log in.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed test may panic, and times are told"
)]

mod administrator;
mod half;
mod lintian;
mod machine;
mod removal;
mod table;
mod upgrade;

use std::time::Instant;

use machine::Machine;

/// Something that is done to a machine, and what it is called.
type Step = (&'static str, fn(&Machine));

/// What is done to each machine, in this order.
const LIFE: [Step; 14] = [
    ("r13_r58 half installed", half::r13_r58_a_package_that_is_half_installed_leaves_every_stack_alone),
    ("r58 installed", half::r58_installing_changes_the_common_stacks_alone),
    ("the first login", half::a_friend_logs_in_by_the_distributions_own_sshd_and_a_stranger_does_not),
    ("r16 the table", table::r16_every_service_has_the_codes_of_the_truth_table),
    ("r13 upgraded", upgrade::r13_an_upgrade_while_people_log_in_turns_nobody_local_away_and_lets_nobody_else_in),
    ("r13 half upgraded", upgrade::r13_an_upgrade_that_stops_half_way_leaves_all_logins_as_they_were),
    ("r65 two versions", upgrade::r65_key_logins_work_while_module_and_daemon_are_of_different_versions),
    ("r58 changes kept", administrator::r58_what_the_administrator_changed_in_the_stacks_outlives_an_upgrade),
    ("r58 changes in the block", administrator::r58_a_block_that_was_edited_is_left_alone_and_the_package_stays_for_it),
    ("r58 own stacks", administrator::r58_the_package_stays_while_a_stack_of_the_administrators_own_needs_it),
    ("r58 deselected", administrator::r58_a_profile_that_was_deselected_stays_so),
    ("r13 no module", removal::r13_without_the_module_local_accounts_log_in_and_managed_ones_do_not),
    ("r13 half removed", removal::r13_a_removal_that_is_interrupted_and_a_package_that_comes_back),
    ("r58 purged", removal::r58_nothing_but_accounts_is_left_after_a_purge),
];

#[test]
fn r13_r16_r58_the_package_lives_and_dies_on_bookworm() {
    life("bookworm");
}

#[test]
fn r13_r16_r58_the_package_lives_and_dies_on_trixie() {
    life("trixie");
}

fn life(suite: &'static str) {
    let Some(machine) = Machine::new(suite) else { return };
    for (name, step) in LIFE {
        let start = Instant::now();
        step(&machine);
        eprintln!("{suite}: {:>6} ms  {name}", start.elapsed().as_millis());
    }
}
