//! Return codes of a stack, determined by a small PAM program.

use crate::world::World;

/// A PAM return code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub i32);

#[allow(missing_docs, reason = "the names of security/_pam_types.h")]
impl Code {
    pub const SUCCESS: Self = Self(0);
    pub const SERVICE_ERR: Self = Self(3);
    pub const PERM_DENIED: Self = Self(6);
    pub const AUTH_ERR: Self = Self(7);
    pub const AUTHINFO_UNAVAIL: Self = Self(9);
    pub const USER_UNKNOWN: Self = Self(10);
    pub const NEW_AUTHTOK_REQD: Self = Self(12);
    pub const CONV_ERR: Self = Self(19);
    pub const IGNORE: Self = Self(25);
    pub const MODULE_UNKNOWN: Self = Self(28);
}

/// Output of the program.
#[derive(Debug, Clone)]
pub struct Codes {
    /// Everything that the program wrote.
    pub text: String,
}

impl Codes {
    /// The code of a phase: `auth`, `acct`, `cred` or `pass`.
    #[must_use]
    pub fn of(&self, phase: &str) -> Code {
        let prefix = format!("{phase}=");
        let found = self.text.lines().find_map(|line| line.strip_prefix(&prefix));
        Code(found.unwrap_or_else(|| panic!("no {phase} in {}", self.text)).parse().unwrap())
    }

    /// Number of prompts.
    #[must_use]
    pub fn prompts(&self) -> usize {
        self.text.lines().filter(|line| line.starts_with("prompt1=") || line.starts_with("prompt2=")).count()
    }
}

impl World {
    /// Runs these phases of a stack, with these lines typed at its prompts.
    pub fn codes(&self, service: &str, user: &str, phases: &str, typed: &str) -> Codes {
        self.codes_as(&[], service, user, phases, typed)
    }

    /// [`Self::codes`] with the program set-uid root and started by `caller`, as su and sudo are.
    pub fn codes_set_uid(&self, caller: &str, service: &str, user: &str, phases: &str, typed: &str) -> Codes {
        let program = self.c_program("pamcode");
        self.sh(&format!("test -e /run/pamcode || install -m 4755 {program} /run/pamcode"));
        self.ask(&["setpriv", "--reuid", caller, "--clear-groups", "/run/pamcode", service, user, phases], typed)
    }

    /// `authenticate` for a user from this remote host.
    pub fn codes_from(&self, rhost: &str, service: &str, user: &str, password: &str) -> Codes {
        let program = &self.c_program("pamcode");
        self.ask(&[program, service, user, "auth", rhost], &format!("{password}\n"))
    }

    /// [`Self::codes`] through another command, such as `setpriv`.
    pub fn codes_as(&self, before: &[&str], service: &str, user: &str, phases: &str, typed: &str) -> Codes {
        let program = &self.c_program("pamcode");
        self.ask(&[before, &[program, service, user, phases]].concat(), typed)
    }

    fn ask(&self, line: &[&str], typed: &str) -> Codes {
        let out = self.run_with(line, typed);
        assert!(out.ok(), "{line:?}: {out:?}");
        Codes { text: out.stdout }
    }

    /// The module's return code for a password.
    pub fn authenticate(&self, user: &str, password: &str) -> Code {
        self.codes("alone", user, "auth", &format!("{password}\n")).of("auth")
    }

    /// The module's return code in the account phase.
    pub fn account(&self, user: &str) -> Code {
        self.codes("alone", user, "acct", "").of("acct")
    }
}
