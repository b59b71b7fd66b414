//! The terminal of other tests belongs to the machine, and shows what a user would see.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::World;

#[test]
fn test_terminal_sends_input_and_shows_output() {
    let Some(world) = World::new() else { return };
    let mut cat = world.terminal(&["cat"]);
    cat.type_line("once");
    // The terminal's echo, and cat's output.
    cat.wait_for("once");
    cat.wait_for("once");
    cat.type_text("half");
    cat.wait_for("half");
    cat.type_text("\u{4}\u{4}");
    assert_eq!(cat.exit(), 0);
    assert_eq!(cat.contents(), "once\nonce\nhalfhalf");
    let hidden = "stty -echo; printf 'Password: '; read -r x; stty echo; printf '\\nlength %s\\n' ${#x}; exit 3";
    let mut sh = world.terminal(&["sh", "-c", hidden]);
    sh.wait_for("Password: ");
    sh.type_line("SECRET");
    assert_eq!(sh.exit(), 3);
    assert_eq!(sh.contents(), "Password:\nlength 6");
}

#[test]
fn test_terminal_has_the_machines_device_size_and_locale() {
    let Some(world) = World::new() else { return };
    let script = "tty; stty size; locale charmap; echo $TERM; (: </dev/tty) && ps -o tty=,sid= -p $$ | tr -s ' '";
    let mut usual = world.terminal_of(80, 24, "C.UTF-8", &["sh", "-c", script]);
    assert_eq!(usual.exit(), 0);
    let lines: Vec<_> = usual.contents().lines().map(str::to_owned).collect();
    let [tty, size, charmap, term, session] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(tty.starts_with("/dev/pts/"), "{tty}");
    assert_eq!([size, charmap, term], ["24 80", "UTF-8", "xterm-256color"]);
    assert!(session.starts_with(tty.trim_start_matches("/dev/")), "{session}");
    let mut small = world.terminal_of(30, 10, "C", &["sh", "-c", "stty size; locale charmap; printf '%040d\n' 0"]);
    assert_eq!(small.exit(), 0);
    assert_eq!(small.screen(), format!("10 30\nANSI_X3.4-1968\n{0:030}\n{0:010}", 0));
    assert_eq!(small.contents(), format!("10 30\nANSI_X3.4-1968\n{:040}", 0));
}

#[test]
fn test_terminal_keeps_scrolled_out_lines_in_its_contents() {
    let Some(world) = World::new() else { return };
    let mut counted = world.terminal(&["seq", "100"]);
    assert_eq!(counted.exit(), 0);
    let all: Vec<_> = (1..=100).map(|number| number.to_string()).collect();
    assert_eq!(counted.contents(), all.join("\n"));
    assert_eq!(counted.screen(), all.get(77..).unwrap().join("\n"));
}

#[test]
fn test_terminal_ends_its_program_when_killed_or_dropped() {
    let Some(world) = World::new() else { return };
    let there = || world.sh("pgrep -c -x sleep || true").stdout.trim().parse::<u32>().unwrap();
    let before = there();
    let mut killed = world.terminal(&["sh", "-c", "trap '' HUP INT TERM; echo here; exec sleep 1000"]);
    killed.wait_for("here");
    assert_eq!(there(), before + 1);
    let start = Instant::now();
    killed.kill();
    assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
    assert_eq!(there(), before);
    assert!(killed.exit() != 0);
    let mut forgotten = world.terminal(&["sh", "-c", "echo here; exec sleep 1000"]);
    forgotten.wait_for("here");
    drop(forgotten);
    assert_eq!(there(), before);
}
