//! Many simultaneous logins in a few processes: floods, and samples of time.

use std::time::Duration;

use crate::pamcode::Code;
use crate::world::World;

/// A login attempt.
#[derive(Debug, Clone)]
pub struct Try {
    /// The local account.
    pub user: String,
    /// The remote host; empty for a local login.
    pub rhost: String,
    /// The password that is typed.
    pub password: String,
}

impl Try {
    /// An attempt of `user` from `rhost` with `password`.
    pub fn new(user: &str, rhost: &str, password: &str) -> Self {
        Self { user: user.into(), rhost: rhost.into(), password: password.into() }
    }
}

/// Result of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct Tried {
    /// Return code of libpam.
    pub code: Code,
    /// Delay that the module requested (`pam_fail_delay`).
    pub pause: Duration,
    /// Duration of the call.
    pub took: Duration,
}

impl World {
    /// Runs these attempts against the module alone, `together` at a time. The results are in the order of the
    /// attempts.
    pub fn many(&self, together: usize, tries: &[Try]) -> Vec<Tried> {
        self.many_at("alone", together, tries)
    }

    /// [`Self::many`] at another service.
    pub fn many_at(&self, service: &str, together: usize, tries: &[Try]) -> Vec<Tried> {
        let program = self.c_program("pammany");
        let lines: String = tries.iter().map(|t| format!("{}\t{}\t{}\n", t.user, t.rhost, t.password)).collect();
        let out = self.run_with(&[&program, service, &together.to_string()], &lines);
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

/// Number of attempts with this return code.
#[must_use]
pub fn count(tried: &[Tried], code: Code) -> usize {
    tried.iter().filter(|one| one.code == code).count()
}
