//! Restrictions that a service puts on itself as soon as its sockets are open: no new privileges, and the kernel's Landlock,
//! which needs no right of root and no service manager.
//!
//! Every file can be read, as far as its mode allows: name services have theirs in many places. Files are written only where
//! the service keeps its own. Sockets that exist already, such as those of name services and of syslog, can be connected to;
//! Landlock's scopes for abstract sockets and signals are not used, since the notification of a service manager may go to such a
//! socket.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, PathFdError, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, RulesetStatus, make_bitflags,
};
use nix::errno::Errno;
use nix::sys::prctl::set_no_new_privs;
use protocol::Severity;

/// The newest version of Landlock whose rights are all restricted here: writing, TCP ports (4), control of devices (5). An older
/// kernel restricts what it knows.
const VERSION: ABI = ABI::V5;

/// Changes to the files of a directory.
const FILES: BitFlags<AccessFs> = make_bitflags!(AccessFs::{WriteFile | Truncate | MakeReg | RemoveFile});

/// Changes to the files, sockets and directories below a directory.
const TREE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
    WriteFile | Truncate | MakeReg | RemoveFile | MakeSock | MakeDir | RemoveDir
});

/// Output that nobody reads, and that other programs are given.
const NULL: &str = "/dev/null";

/// The access that a service keeps.
#[derive(Debug)]
pub struct Sandbox {
    rules: Vec<Rule>,
    network: BitFlags<AccessNet>,
}

#[derive(Debug)]
struct Rule {
    path: PathBuf,
    access: BitFlags<AccessFs>,
    /// Without the path, the service runs without this rule.
    optional: bool,
}

/// Result of a request to the kernel to restrict the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landlock {
    /// It restricts the process and all that it starts, for good.
    Enforced,
    /// It restricts what this kernel's version of it knows.
    Partial,
    /// The kernel has no Landlock, has it switched off, or a filter of system calls hides it.
    Missing,
}

/// The process could not be restricted, and must end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel did not set `no_new_privs`.
    #[error("new privileges cannot be ruled out: {0}")]
    NoNewPrivileges(Errno),
    /// A directory that the service needs cannot be opened.
    #[error("{}: cannot be opened: {}", .0.display(), .1)]
    Path(PathBuf, PathFdError),
    /// The kernel has Landlock, but refused the rules.
    #[error("the kernel refuses the sandbox (Landlock): {0}")]
    Rules(#[from] RulesetError),
}

impl Sandbox {
    /// A process that reads files and connects to others, but runs no program. Libraries can be loaded: Landlock does not
    /// count mapping a file as executing it.
    #[must_use]
    pub fn reading_and_connecting() -> Self {
        Self::new(AccessFs::ReadFile | AccessFs::ReadDir, AccessNet::BindTcp.into())
    }

    /// A process that reads files, runs programs and connects to others.
    #[must_use]
    pub fn reading_and_executing() -> Self {
        Self::new(AccessFs::from_read(VERSION), AccessNet::BindTcp.into())
    }

    /// A process that reads files, and needs neither programs nor the network.
    #[must_use]
    pub fn reading() -> Self {
        Self::new(AccessFs::ReadFile | AccessFs::ReadDir, AccessNet::from_all(VERSION))
    }

    fn new(everywhere: BitFlags<AccessFs>, network: BitFlags<AccessNet>) -> Self {
        let null = Rule { path: NULL.into(), access: AccessFs::WriteFile.into(), optional: true };
        Self { rules: vec![Rule { path: "/".into(), access: everywhere, optional: false }, null], network }
    }

    /// Allows to make, change and remove files below this directory.
    #[must_use]
    pub fn files_below(self, directory: &Path) -> Self {
        self.rule(directory, FILES, false)
    }

    /// Allows the same, and to make and remove directories and sockets.
    #[must_use]
    pub fn tree_below(self, directory: &Path) -> Self {
        self.rule(directory, TREE, false)
    }

    /// As [`Self::tree_below`], if the directory exists.
    #[must_use]
    pub fn tree_if_present(self, directory: &Path) -> Self {
        self.rule(directory, TREE, true)
    }

    /// Allows to remove the socket at this path, and others in its directory, but to make none.
    #[must_use]
    pub fn removing(self, socket: &Path) -> Self {
        match socket.parent() {
            Some(directory) => self.rule(directory, AccessFs::RemoveFile.into(), false),
            None => self,
        }
    }

    fn rule(mut self, path: &Path, access: BitFlags<AccessFs>, optional: bool) -> Self {
        self.rules.push(Rule { path: path.to_owned(), access, optional });
        self
    }

    /// Restricts the process for good. It must not have any other thread yet: only later ones are restricted too.
    ///
    /// # Errors
    /// [`Error`]. A kernel without Landlock is none: see [`Landlock::Missing`].
    pub fn enter(self) -> Result<Landlock, Error> {
        set_no_new_privs().map_err(Error::NoNewPrivileges)?;
        let ruleset =
            Ruleset::default().handle_access(AccessFs::from_all(VERSION))?.handle_access(self.network)?.create()?;
        let status = self.rules.iter().try_fold(ruleset, add)?.restrict_self()?;
        Ok(status.ruleset.into())
    }
}

fn add(ruleset: RulesetCreated, rule: &Rule) -> Result<RulesetCreated, Error> {
    match PathFd::new(&rule.path) {
        Ok(directory) => Ok(ruleset.add_rule(PathBeneath::new(directory, rule.access))?),
        Err(PathFdError::OpenCall { source, .. }) if rule.optional && source.kind() == ErrorKind::NotFound => {
            Ok(ruleset)
        }
        Err(error) => Err(Error::Path(rule.path.clone(), error)),
    }
}

impl From<RulesetStatus> for Landlock {
    fn from(status: RulesetStatus) -> Self {
        match status {
            RulesetStatus::FullyEnforced => Self::Enforced,
            RulesetStatus::PartiallyEnforced => Self::Partial,
            RulesetStatus::NotEnforced => Self::Missing,
        }
    }
}

impl Landlock {
    /// The line for the log of a service that the kernel does not restrict completely.
    #[must_use]
    pub fn line(self) -> Option<(Severity, &'static str)> {
        match self {
            Self::Enforced => None,
            Self::Partial => Some((
                Severity::Info,
                "the kernel's Landlock is an older version, which does not restrict everything: truncating files needs Linux 6.2, \
                 TCP 6.7, control of devices 6.10",
            )),
            Self::Missing => Some((
                Severity::Warning,
                "the kernel has no Landlock (Linux 5.13, with landlock in the list of its security modules), so nothing but the \
                 service manager and file modes limits where this process can write",
            )),
        }
    }
}

#[cfg(test)]
mod tests;
