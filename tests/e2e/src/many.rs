//! Many logins at once, in a few processes: floods, and samples of time.

use std::time::Duration;

use crate::pamcode::Code;
use crate::world::World;

/// A login to be tried.
#[derive(Debug, Clone)]
pub struct Try {
    /// The local account.
    pub user: String,
    /// Where it comes from; from this machine when empty.
    pub rhost: String,
    /// What is typed.
    pub password: String,
}

impl Try {
    /// A login of `user`, who comes from `rhost` and types `password`.
    pub fn new(user: &str, rhost: &str, password: &str) -> Self {
        Self { user: user.into(), rhost: rhost.into(), password: password.into() }
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
pub struct Tried {
    /// What libpam answered.
    pub code: Code,
    /// The pause that the program was asked to make.
    pub pause: Duration,
    /// How long the answer took.
    pub took: Duration,
}

impl World {
    /// Tries all of these at the module alone, so many at a time. The answers come in the order of the tries.
    pub fn many(&self, together: usize, tries: &[Try]) -> Vec<Tried> {
        let program = self.c_program("pammany");
        let lines: String = tries.iter().map(|t| format!("{}\t{}\t{}\n", t.user, t.rhost, t.password)).collect();
        let out = self.run_with(&[&program, "alone", &together.to_string()], &lines);
        assert!(out.ok(), "{out:?}");
        let mut answers = vec![None; tries.len()];
        for line in out.stdout.lines() {
            let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
            let &[line, code, pause, took] = numbers.as_slice() else { panic!("{line}") };
            *answers.get_mut(usize::try_from(line).unwrap()).unwrap() = Some(Tried {
                code: Code(i32::try_from(code).unwrap()),
                pause: Duration::from_micros(pause),
                took: Duration::from_micros(took),
            });
        }
        answers.into_iter().map(|one| one.expect("every try has an answer")).collect()
    }
}

/// How many of these ended with a code.
#[must_use]
pub fn count(tried: &[Tried], code: Code) -> usize {
    tried.iter().filter(|one| one.code == code).count()
}
