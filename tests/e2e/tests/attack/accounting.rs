//! What was requested from plex.tv, counted twice: by the fake plex.tv, and by the daemon.

use std::time::{Duration, Instant};

use e2e::World;
use fakeplex::Endpoint;

/// The most requests of kinds that a limit is for. Strangers have 20 rejected sign-ins an hour, and in 20 minutes four more at
/// each of twelve accounts, from host names and at a service without one. The password without its code has ten and four.
/// Link codes: 40 of strangers, seven of each account from host names, and those of the two friends who sign in by link.
const AT_MOST: [(&str, u64); 3] =
    [("rejected", 20 + 12 * 4), ("code_required", 10 + 4), ("link_codes", 40 + 10 * 7 + 38)];

/// Requests by kind.
#[derive(Debug, PartialEq, Eq)]
struct Requests {
    sign_ins: u64,
    link_codes: u64,
    polls: u64,
    sign_outs: u64,
    lists: u64,
}

/// The count of plex.tv.
fn received(world: &World) -> Requests {
    let seen = world.plex().seen();
    let count = |is_one: &dyn Fn(&fakeplex::Seen) -> bool| seen.iter().filter(|seen| is_one(seen)).count() as u64;
    let of = |endpoint: Endpoint| count(&|seen| seen.endpoint == endpoint);
    let (sign_ins, sign_outs, pins) = (of(Endpoint::Signin), of(Endpoint::Signout), of(Endpoint::Pins));
    let link_codes = count(&|seen| seen.endpoint == Endpoint::Pins && seen.method == "POST");
    let total = world.plex().counters().total();
    Requests { sign_ins, link_codes, polls: pins - link_codes, sign_outs, lists: total - sign_ins - sign_outs - pins }
}

/// The count of the daemon.
fn sent(world: &World) -> (Requests, serde_json::Value) {
    let status = world.run(&["plex-auth", "status", "--json"]);
    assert!(status.ok(), "{status:?}");
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let sent = status.get("requests_last_hour").cloned().unwrap_or_default();
    let of = |kind: &str| sent.get(kind).and_then(serde_json::Value::as_u64).unwrap_or_default();
    let sign_ins = ["accepted", "rejected", "code_required", "undecided"].map(of).iter().sum();
    let requests = Requests {
        sign_ins,
        link_codes: of("link_codes"),
        polls: of("polls"),
        sign_outs: of("revocations"),
        lists: of("lists"),
    };
    (requests, sent)
}

/// Asserts that both counts agree once nothing is sent any more. Returns them for the last line.
pub fn compared(world: &World) -> String {
    let start = Instant::now();
    loop {
        let (received, (counted, by_answer)) = (received(world), sent(world));
        if received == counted && world.plex().counters().live_tokens == 0 {
            for (kind, max) in AT_MOST {
                let count = by_answer.get(kind).and_then(serde_json::Value::as_u64).unwrap();
                assert!(count <= max, "{count} {kind}: {by_answer}");
            }
            let Requests { sign_ins, link_codes, polls, sign_outs, lists } = received;
            return format!(
                "plex.tv was sent {sign_ins} sign-ins ({}), {link_codes} link codes, {polls} polls, {sign_outs} sign-outs \
                 and {lists} reads of lists, and the daemon counted the same",
                ["accepted", "rejected", "code_required", "undecided"]
                    .map(|kind| format!("{} {kind}", by_answer[kind]))
                    .join(", ")
            );
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "plex.tv has received {received:?}, and the daemon has counted {counted:?}; {} tokens are valid",
            world.plex().counters().live_tokens
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Addresses from which the attackers try.
const ADDRESSES: usize = 2500;

/// Asserts that the log, the list of logins and `state.db` stay within their bounds, whatever the number of tries.
pub fn assert_bounded(world: &World) {
    let log = world.syslog();
    let lines = log.lines().filter(|line| line.contains("plex-authd[")).count();
    let number = |sql: &str| -> usize {
        world.sh(&format!("sqlite3 /var/lib/plex-auth/state.db '{sql}'")).stdout.trim().parse().unwrap()
    };
    let tables = ["tries", "sent", "login"].map(|table| number(&format!("SELECT count(*) FROM {table}")));
    let logins = world.run(&["plex-auth", "logins", "-n", "5000", "--json"]).stdout;
    let logins = serde_json::from_str::<Vec<serde_json::Value>>(&logins).unwrap().len();
    println!("{lines} lines, {logins} logins, {tables:?} rows of failures, requests and logins");
    // 2000 unknown pairs, and 64 of each of twelve accounts; 500 accepted and 500 refused logins.
    assert!(tables[0] <= 2000 + 12 * 64 && tables[1] <= 500 && tables[2] <= 1000 && logins <= 1000, "{tables:?}");
    assert!(lines < 2 * ADDRESSES, "{lines} lines");
}
