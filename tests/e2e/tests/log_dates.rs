//! Timestamps of log lines: syslog's own, on every day and in every time zone.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs;

use e2e::{DEN, World};

/// The log file of the second syslog.
const DATED: &str = "/var/log/dated";

/// Receives datagrams as syslog does, and records them unchanged.
const LISTENER: &str = "import os, socket\n\
    if os.path.exists('/dev/log'): os.remove('/dev/log')\n\
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
    log.bind('/dev/log')\n\
    os.chmod('/dev/log', 0o666)\n\
    with open('/run/datagrams', 'wb', buffering=0) as out:\n\
    \x20   while True: out.write(log.recv(65536) + b'\\n')\n";

fn machine() -> Option<World> {
    let world = World::new()?;
    for name in ["alice", "bob"] {
        world.add_user(name, true, None);
    }
    world.start_plex(DEN);
    Some(world)
}

/// RFC 3164: a line without a timestamp gets that of its arrival. A program's own would be in another time zone than
/// the other lines (a process with several threads cannot query the local one), or in another format.
#[test]
fn log_lines_leave_their_timestamp_to_syslog() {
    let Some(world) = machine() else { return };
    world.start_authd(&world.config(""));
    world.write("/run/listener", 0o644, "root:root", LISTENER);
    world.sh("pkill -x busybox; rm -f /dev/log");
    world.start(&["python3", "/run/listener"]);
    world.sh("until [ -S /dev/log ] && [ -e /run/datagrams ]; do sleep 0.05; done");
    world.authenticate("alice", "wrong");
    world.start(&["/usr/sbin/plex-auth-shadow", "--socket", "/run/another/socket"]);
    world.sh("until grep -qF plex-auth-shadow /run/datagrams; do sleep 0.05; done");
    world.stop_authd();
    world.authenticate("alice", "wrong");
    world.run(&["busybox", "logger", "-p", "authpriv.info", "-t", "last", "hello"]);
    world.sh("until grep -qF last: /run/datagrams; do sleep 0.05; done");
    let datagrams = world.sh("cat /run/datagrams").stdout;
    let ours: Vec<&str> = datagrams.lines().filter(|line| line.contains("plex")).collect();
    for program in ["plex-authd", "plex-auth-shadow", "pam_plex(alone:auth)"] {
        let of = |line: &&&str| line.contains(&format!("{program}["));
        assert!(ours.iter().any(|line| of(&line)), "nothing from {program}: {datagrams}");
    }
    let dateless = regex_lite::Regex::new(r"^<8[3-7]>[a-z_-]+(\([a-z:]+\))?\[\d+\]: \S").unwrap();
    for line in ours {
        assert!(dateless.is_match(line), "{line:?} in\n{datagrams}");
    }
}

/// Timestamps in the file equal the C library's `strftime` for RFC 3164's `Mmm dd hh:mm:ss`.
#[test]
fn log_files_have_rfc_3164_timestamps_on_every_day_and_in_every_zone() {
    let Some(world) = machine() else { return };
    let library = world.sh("find /usr/lib /usr/lib64 -name libfaketime.so.1 2>/dev/null | grep .").stdout;
    let faked = format!(
        "env LD_PRELOAD={} FAKETIME_TIMESTAMP_FILE=/mnt/today FAKETIME_NO_CACHE=1",
        library.lines().next().unwrap()
    );
    let set = |date: &str| {
        let file = world.shared().join("today");
        fs::write(file.with_extension("new"), format!("{date}\n")).unwrap();
        fs::rename(file.with_extension("new"), file).unwrap();
    };
    set("2026-11-29 12:00:00");
    world.start_authd(&world.config(""));
    let days = (1..=31).map(|day| format!("2026-12-{day:02} 12:00:00"));
    let edges = [
        "2026-11-30 23:59:30",
        "2027-01-01 00:00:30",
        "2027-02-28 23:00:00",
        "2028-02-29 08:09:07",
        "2028-03-01 00:30:00",
    ];
    let dates: Vec<String> = days.chain(edges.map(str::to_owned)).collect();
    let zones = [
        ("UTC", &dates[..]),
        ("Europe/Berlin", &dates[28..]),
        ("Pacific/Kiritimati", &dates[30..]),
        ("America/Adak", &dates[30..]),
    ];
    for (zone, dates) in zones {
        world.sh(&format!("pkill -x busybox; rm -f /dev/log; {faked} TZ={zone} busybox syslogd -O {DATED} -l 8 -S"));
        world.sh("until [ -S /dev/log ]; do sleep 0.02; done");
        for date in dates {
            set(date);
            let expected = world.sh(&format!("{faked} TZ={zone} LC_ALL=C date '+%b %e %H:%M:%S'")).stdout;
            world.sh(&format!(": >{DATED}; pkill -HUP -x plex-authd"));
            let line = world.sh(&format!("until grep -F 'plex-authd[' {DATED}; do sleep 0.02; done")).stdout;
            assert_eq!(line.get(..15), Some(expected.trim_end()), "{zone}, {date}");
            assert!(line[15..].starts_with(" plex-authd["), "{zone}, {date}: {line}");
        }
    }
}
