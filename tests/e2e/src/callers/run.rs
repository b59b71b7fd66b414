//! Runs all columns for all programs of a machine.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::attempt::attempt;
use super::cell::{Cell, Column, Verdict};
use super::machine::Machine;
use super::people::{CODE, LOCAL};
use super::program::Program;
use crate::password;

/// Logins at the same time: most of a refusal is waiting.
const AT_ONCE: usize = 24;

/// Results of one program.
#[derive(Debug)]
pub struct Row<'a> {
    /// The program.
    pub program: &'a Program,
    /// Version of its package.
    pub version: String,
    /// Results by column.
    pub cells: BTreeMap<Column, Cell>,
    /// What reached plex-authd.
    pub arrived: String,
}

impl<'a> Machine<'a> {
    /// Tries all columns with all programs. The daemon and plex.tv are out of order afterwards.
    #[must_use]
    pub fn run(&self) -> Vec<Row<'a>> {
        let mut done = tried(self, &UNDISTURBED);
        let log = self.world.syslog();
        self.remove_friends();
        done.extend(tried(self, &[former_friend]));
        self.stop_daemon();
        done.extend(tried(self, &[|person| both(person, Column::Stopped)]));
        self.silence_plex();
        done.extend(tried(self, &[|person| both(person, Column::Silent)]));
        let row = |program: &&'a Program| Row {
            program,
            version: self.version(&program.version),
            cells: cells_of(program, &done),
            arrived: self.arrived(&log, &format!("alice-{}", program.key)).unwrap_or_else(|| "nothing".to_owned()),
        };
        self.programs.iter().map(row).collect()
    }
}

impl Machine<'_> {
    /// A login of one kind of account of a program, with the password that the account has.
    ///
    /// # Panics
    /// The machine does not have the program.
    #[must_use]
    pub fn login(&self, key: &str, kind: &str) -> Verdict {
        let program = self.programs.iter().find(|program| program.key == key).unwrap();
        let person = Person { machine: self, program };
        if kind == "local" { person.other(kind, LOCAL) } else { person.plex(kind, "", "") }
    }
}

/// Results of one program: its key, a column and a cell.
type Result = (String, Column, Cell);

/// The cells of a program. The verdicts of one column are in the order in which they were given.
fn cells_of(program: &Program, done: &[Result]) -> BTreeMap<Column, Cell> {
    let mut cells = BTreeMap::<Column, Cell>::new();
    for (_, column, cell) in done.iter().filter(|(key, ..)| *key == program.key) {
        cells.entry(*column).or_default().0.extend(cell.0.iter().cloned());
    }
    cells
}

/// Logins of one account of a program, one after the other.
type Logins = fn(&Person<'_>) -> Vec<(Column, Cell)>;

/// Runs these logins for all programs, several at once.
fn tried(machine: &Machine<'_>, logins: &[Logins]) -> Vec<Result> {
    let all: Vec<_> =
        machine.programs.iter().flat_map(|program| logins.iter().map(move |logins| (*program, *logins))).collect();
    let queue = Mutex::new(all.into_iter());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((program, logins)) = queue.lock().unwrap().next() else { return };
                    let cells = logins(&Person { machine, program });
                    let keyed = cells.into_iter().map(|(column, cell)| (program.key.clone(), column, cell));
                    results.lock().unwrap().extend(keyed);
                }
            });
        }
    });
    results.into_inner().unwrap()
}

/// The accounts of one program.
struct Person<'a> {
    machine: &'a Machine<'a>,
    program: &'a Program,
}

impl Person<'_> {
    /// A login with the account's password at Plex and this text behind it, and with an answer to a second prompt.
    fn plex(&self, kind: &str, behind: &str, code: &str) -> Verdict {
        let user = format!("{kind}-{}", self.program.key);
        attempt(&self.machine.world, self.program, &user, &format!("{}{behind}", password(&user)), code)
    }

    /// A login with another password.
    fn other(&self, kind: &str, password: &str) -> Verdict {
        attempt(&self.machine.world, self.program, &format!("{kind}-{}", self.program.key), password, "")
    }

    /// The cell of this column, if the program can try it.
    fn cell(&self, column: Column, verdicts: impl FnOnce() -> Vec<Verdict>) -> Vec<(Column, Cell)> {
        if self.program.tries(column) { vec![(column, Cell(verdicts()))] } else { Vec::new() }
    }
}

/// Logins while nothing is wrong at plex.tv and with the daemon.
const UNDISTURBED: [Logins; 5] = [
    |person| {
        let mut cells = person.cell(Column::Right, || vec![person.plex("alice", "", "")]);
        cells.extend(person.cell(Column::Wrong, || vec![person.other("alice", "wrong")]));
        cells
    },
    |person| {
        let one = || vec![person.plex("erin", "", ""), person.plex("erin", CODE, "")];
        let mut cells = person.cell(Column::TwoPrompts, || vec![person.plex("erin", "", CODE)]);
        cells.extend(person.cell(Column::OnePrompt, one));
        cells
    },
    |person| person.cell(Column::NoAccess, || vec![person.plex("bob", "", "")]),
    |person| person.cell(Column::Local, || vec![person.other("local", LOCAL)]),
    former_friend,
];

/// The friend who is removed. Logs in before as well, which a program with a cache of its own does not forget.
fn former_friend(person: &Person<'_>) -> Vec<(Column, Cell)> {
    person.cell(Column::Removed, || vec![person.plex("rem", "", "")])
}

/// The friend, then the local account.
fn both(person: &Person<'_>, column: Column) -> Vec<(Column, Cell)> {
    person.cell(column, || vec![person.plex("alice", "", ""), person.other("local", LOCAL)])
}
