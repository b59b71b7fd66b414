//! Reports of the PAM programs in the module's tests, and their strace output.

use std::collections::BTreeMap;
use std::fs;

use crate::pamcode::Code;
use crate::world::World;

/// A stack of only the module, with `debug`, for every phase.
pub const EVERY: &str = "every";

/// Every phase, as the programs name them.
pub const PHASES: &str = "auth,account,setcred,open,close,chauthtok";

/// Facts by name, as one of the C programs reports them.
#[derive(Debug, Clone)]
pub struct Facts(BTreeMap<String, String>);

impl Facts {
    /// A fact; panics if it is missing.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// True if the program reported this fact.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Return code of a phase.
    #[must_use]
    pub fn code(&self, phase: &str) -> Code {
        Code(self.get(&format!("{phase}.code")).parse().unwrap())
    }

    /// Duration of a phase, in microseconds.
    #[must_use]
    pub fn microseconds(&self, phase: &str) -> u64 {
        self.get(&format!("{phase}.us")).parse().unwrap()
    }

    /// Processor time that a phase used in the process, in microseconds.
    #[must_use]
    pub fn cpu_microseconds(&self, phase: &str) -> u64 {
        self.get(&format!("{phase}.cpu")).parse().unwrap()
    }

    /// Every value of a fact that the phases have in common, such as `tasks`, with its full name.
    pub fn all<'a>(&'a self, suffix: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let suffix = format!(".{suffix}");
        self.0.iter().filter(move |(name, _)| name.ends_with(&suffix)).map(|(name, value)| (&**name, &**value))
    }
}

impl World {
    /// Sets the bytes that are typed at each prompt of [`Self::facts`].
    pub fn types(&self, bytes: impl AsRef<[u8]>) {
        fs::write(self.shared().join("typed"), bytes).unwrap();
    }

    /// Facts of one of the tests' C programs, run through another command (such as strace) if there is one. The program
    /// must succeed and write nothing to its standard output and error.
    pub fn facts(&self, before: &[&str], program: &'static str, arguments: &[&str]) -> Facts {
        let inside = self.c_program(program);
        let line = [before, &[&inside, "/mnt/facts"], arguments].concat();
        let out = self.run(&line);
        // An account's name need not be UTF-8.
        let text = fs::read(self.shared().join("facts")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        assert!(out.ok(), "{line:?}: {out:?}\n{text}");
        assert_eq!((out.stdout.as_str(), out.stderr.as_str()), ("", ""), "{line:?} wrote to its standard descriptors");
        Facts(text.lines().filter_map(|line| line.split_once('=')).map(|(a, b)| (a.into(), b.into())).collect())
    }

    /// [`Self::facts`] of `observe`, which runs the phases of a stack.
    pub fn observe(&self, service: &str, user: &str, phases: &str, answer: &str) -> Facts {
        self.facts(&[], "observe", &[service, user, phases, answer])
    }

    /// [`Self::observe`], together with the module's system calls.
    pub fn strace(&self, before: &[&str], service: &str, user: &str, phases: &str, answer: &str) -> (Facts, Vec<Call>) {
        let line = [&["strace", "-f", "-o", "/mnt/trace"][..], before].concat();
        let facts = self.facts(&line, "observe", &[service, user, phases, answer]);
        let trace = fs::read_to_string(self.shared().join("trace")).unwrap();
        let calls = calls_of_the_phases(&trace);
        assert!(!calls.is_empty(), "strace sees nothing:\n{trace}");
        (facts, calls)
    }
}

/// A system call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// The whole line of strace's output.
    pub line: String,
}

/// System calls between the marks of the phases, without the conversation (the program's) and the report to the
/// kernel's audit (libpam's, sent after the module has finished).
fn calls_of_the_phases(trace: &str) -> Vec<Call> {
    let (mut phase, mut talk, mut audit) = (false, false, false);
    let mut calls = Vec::new();
    for line in trace.lines() {
        // After the process id.
        let line = line.split_once(' ').map_or(line, |(_, call)| call.trim_start());
        match line.strip_prefix("write(-1, \"").and_then(|mark| mark.split('"').next()) {
            Some("phase begins") => (phase, audit) = (true, false),
            Some("phase ends") => phase = false,
            Some("talk begins") => talk = true,
            Some("talk ends") => talk = false,
            _ => {
                audit |= line.contains("NETLINK_AUDIT");
                if phase && !talk && !audit {
                    let name = line.split('(').next().unwrap_or_default().to_owned();
                    calls.push(Call { name, line: line.to_owned() });
                }
            }
        }
    }
    calls
}
