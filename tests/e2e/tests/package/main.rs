//! R13, R16, R58: the life cycle of the package on a freshly installed Debian server, from an interrupted installation
//! to the purge, with apt and dpkg and with that release's own sshd, sudo, su and libpam. In every state local accounts
//! and root can log in.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed test may panic, and times are printed"
)]

mod administrator;
mod half;
mod lintian;
mod machine;
mod passwords;
mod removal;
mod table;
mod upgrade;

use std::time::Instant;

use machine::Machine;

/// A step of the life cycle, with its name.
type Step = (&'static str, fn(&Machine));

/// The steps for each machine, in this order.
const LIFE: [Step; 15] = [
    ("r13_r58 half installed", half::r13_r58_half_installed_package_leaves_every_stack_unchanged),
    ("r58 installed", half::r58_installation_changes_only_the_common_stacks),
    ("the first login", half::friend_can_log_in_at_the_distributions_sshd_and_a_stranger_cannot),
    ("r16 the table", table::r16_every_service_follows_the_truth_table),
    ("r35 passwords", passwords::r35_no_tool_gives_a_friend_a_local_password),
    ("r13 upgraded", upgrade::r13_upgrade_during_logins_keeps_every_login_result),
    ("r13 half upgraded", upgrade::r13_interrupted_upgrade_keeps_every_login_working),
    ("r65 two versions", upgrade::r65_key_logins_work_while_module_and_daemon_differ_in_version),
    ("r58 changes kept", administrator::r58_upgrade_preserves_the_administrators_changes_to_the_stacks),
    ("r58 changes in the block", administrator::r58_edited_block_is_preserved_and_prevents_the_removal),
    ("r58 own stacks", administrator::r58_removal_is_refused_while_another_stack_names_the_module),
    ("r58 deselected", administrator::r58_deselected_profile_stays_deselected),
    ("r13 no module", removal::r13_without_the_module_only_local_accounts_can_log_in),
    ("r13 half removed", removal::r13_interrupted_removal_and_reinstallation_keep_local_logins_working),
    ("r58 purged", removal::r58_purge_leaves_only_accounts),
];

#[test]
fn r13_r16_r58_package_life_cycle_on_bookworm() {
    life_cycle("bookworm");
}

#[test]
fn r13_r16_r58_package_life_cycle_on_trixie() {
    life_cycle("trixie");
}

fn life_cycle(suite: &'static str) {
    let Some(machine) = Machine::new(suite) else { return };
    for (name, step) in LIFE {
        let start = Instant::now();
        step(&machine);
        eprintln!("{suite}: {:>6} ms  {name}", start.elapsed().as_millis());
    }
}
