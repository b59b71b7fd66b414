//! The attacks, all at the same time.

use std::time::Duration;

use e2e::{Code, Try, World, as_user, count, password};

use crate::friends::FRIENDS;
use crate::{INSIDER, SHARED};

/// Guesses at passwords.
const GUESSES: usize = 5000;

/// Attackers that guess at once.
const GUESSING: usize = 48;

/// Attackers of every other kind at once.
const OTHERS: usize = 8;

/// Codes that strangers hold.
const HELD_CODES: usize = 12;

/// Time for which silent connections are held: the whole attack.
const SILENCE: Duration = Duration::from_secs(3600);

/// Pause before those that the daemon has closed are replaced.
const SILENT_PAUSE: Duration = Duration::from_millis(200);

/// Where an attempt says it is from. The other end chooses a host name in its own DNS, and the port of each connection.
///
/// A host name is no origin, so all of them are as good as none. Guesses from there draw on the part of the account's share
/// that is for services without a host; only its own user at such a service has to wait for it, at most 20 minutes.
fn place(number: usize, account: &str) -> String {
    let (third, fourth) = (number / 250 % 250, number % 250 + 1);
    let shares_origin = FRIENDS.iter().any(|friend| friend.name == account && friend.shares_origin());
    match number / 7 % 4 {
        0 => "203.0.113.66".to_owned(),
        1 => format!("203.0.113.67:{}", 20000 + number),
        2 if !shares_origin => format!("host{number}.attacker.example"),
        _ => format!("203.1.{third}.{fourth}"),
    }
}

fn tries(how_many: usize, account: impl Fn(usize) -> String, typed: impl Fn(usize) -> String) -> Vec<Try> {
    let one = |number| {
        let account = account(number);
        Try::new(&account, &place(number, &account), &typed(number))
    };
    (0..how_many).map(one).collect()
}

/// Accounts of friends, in turn.
fn friend(number: usize) -> String {
    FRIENDS.iter().cycle().nth(number % FRIENDS.len()).unwrap().name.to_owned()
}

/// Runs all attacks until the last one has ended.
pub fn all(world: &World) {
    hold_connections(world);
    let held = hold_codes(world);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let guesses = tries(GUESSES, friend, |number| format!("guess{number}"));
            assert_eq!(count(&world.many(GUESSING, &guesses), Code::SUCCESS), 0);
        });
        // A friend who signs in as often as possible. Some of these succeed.
        scope.spawn(|| world.many(OTHERS, &tries(600, |_| INSIDER.into(), |_| password(INSIDER))));
        // A right password without its verification code.
        scope.spawn(|| {
            let answers = world.many(OTHERS, &tries(400, |_| "erin".into(), |_| password("erin")));
            assert_eq!(count(&answers, Code::SUCCESS), 0);
        });
        // Link codes that are cancelled at once.
        scope.spawn(|| {
            let answers = world.many(OTHERS, &tries(400, friend, |_| String::new()));
            assert_eq!(count(&answers, Code::SUCCESS), 0);
        });
        // Strangers behind a service that names no remote host guess at everybody but the friend who uses it.
        scope.spawn(|| {
            let victims: Vec<_> = FRIENDS.iter().filter(|friend| !friend.shares_origin()).collect();
            let guess = |number: usize| Try::new(victims[number % victims.len()].name, "", &format!("guess{number}"));
            let answers = world.many_at(SHARED, OTHERS, &(0..300).map(guess).collect::<Vec<_>>());
            assert_eq!(count(&answers, Code::SUCCESS), 0);
        });
    });
    drop(held);
}

/// Prompts of one user that nobody answers, and silent connections of many users.
fn hold_connections(world: &World) {
    let prompts = "rm -f /tmp/typing; mkfifo -m 666 /tmp/typing; exec 3<>/tmp/typing; \
                   for i in $(seq 300); do su mallory -c true <&3 >/dev/null 2>&1 & done; wait";
    world.start(&as_user("local", &["sh", "-c", &format!("'{prompts}'")]));
    world.hold_silent_connections(30000..30040, 8, SILENCE, SILENT_PAUSE);
    std::thread::sleep(Duration::from_secs(3));
}

/// Codes for friends' accounts that strangers request and never approve, held until these terminals are dropped.
fn hold_codes(world: &World) -> Vec<e2e::Terminal> {
    let hold = |number: usize| {
        let mut terminal = world.pam_terminal("alone", &friend(number), &format!("203.2.0.{}", number + 1));
        terminal.wait_for("assword");
        terminal.type_line("");
        terminal
    };
    (0..HELD_CODES).map(hold).collect()
}
