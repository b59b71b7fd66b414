//! PAM programs as others write them, by what they do with a second prompt and with the result.

use std::time::Duration;

use crate::pamcode::Code;
use crate::world::World;

/// What such a program does with a prompt that is not hidden, or with the result of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answers it with the user's name: Dovecot, `ProFTPD`, CUPS.
    Name,
    /// Compares it with `PAM_USER_PROMPT`, and has an answer to no other: saslauthd.
    Compare,
    /// Answers it with the password: pamela, which `JupyterHub` uses.
    Password,
    /// Cannot show it: `PostgreSQL`, squid.
    Error,
    /// Cannot show it either, and serves its other clients in the same thread: `OpenVPN`, lighttpd. It waits for libpam's delay.
    Loop,
    /// Remembers a password that was accepted, and does not call PAM about it again: `saslauthd -c`.
    Cache,
    /// After a refusal, compares the password with the one in /etc/shadow itself: `ProFTPD`'s `mod_auth_unix`.
    Fallback,
}

impl Kind {
    /// Those that show no second prompt.
    pub const ONE_PROMPT: [Self; 4] = [Self::Name, Self::Compare, Self::Password, Self::Error];

    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Compare => "compare",
            Self::Password => "password",
            Self::Error => "error",
            Self::Loop => "loop",
            Self::Cache => "cache",
            Self::Fallback => "fallback",
        }
    }
}

/// One login of such a program.
#[derive(Debug, Clone, Copy)]
pub struct KindOfLogin {
    /// The code of the login: of authentication, or of the account phase after it.
    pub code: Code,
    /// Number of prompts.
    pub prompts: u32,
    /// The delay that the module requested (`pam_fail_delay`); only [`Kind::Loop`] waits for it.
    pub delay: Duration,
    /// How long other clients of the process had to wait.
    pub blocked: Duration,
}

/// Logins of such a program.
#[derive(Debug, Clone)]
pub struct Logins {
    /// The logins, of all its processes.
    pub logins: Vec<KindOfLogin>,
    /// Number of its processes that did not crash.
    pub alive: usize,
}

impl Logins {
    /// Number of logins with this code.
    #[must_use]
    pub fn count(&self, code: Code) -> usize {
        self.logins.iter().filter(|login| login.code == code).count()
    }
}

impl World {
    /// One login by a program of this kind.
    pub fn log_in_by(&self, kind: Kind, service: &str, user: &str, password: &str) -> KindOfLogin {
        let found = self.log_in_often_by(&[], kind, service, user, password, (1, 1));
        *found.logins.first().unwrap_or_else(|| panic!("{kind:?} has crashed"))
    }

    /// So many logins in each of so many processes of a program of this kind, started through another command if there is one.
    pub fn log_in_often_by(
        &self,
        before: &[&str],
        kind: Kind,
        service: &str,
        user: &str,
        password: &str,
        (times, processes): (usize, usize),
    ) -> Logins {
        let program = self.c_program("kinds");
        let (times, processes) = (times.to_string(), processes.to_string());
        let line = [before, &[&program, kind.as_str(), service, user, &times, &processes]].concat();
        let out = self.run_with(&line, &format!("{password}\n"));
        assert!(out.ok(), "{line:?}: {out:?}");
        let mut lines: Vec<&str> = out.stdout.lines().collect();
        let alive = lines.pop().unwrap().parse().unwrap();
        let login = |line: &&str| {
            let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
            let &[code, prompts, delay, blocked] = numbers.as_slice() else { panic!("{line}") };
            KindOfLogin {
                code: Code(i32::try_from(code).unwrap()),
                prompts: u32::try_from(prompts).unwrap(),
                delay: Duration::from_micros(delay),
                blocked: Duration::from_micros(blocked),
            }
        };
        Logins { logins: lines.iter().map(login).collect(), alive }
    }
}
