//! Ways to log in that are compared.

use e2e::MACHINE;

use crate::friends::{LOCAL, PASSWORD};

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// Lower bound of a login: libpam and a module that does nothing.
    Permit,
    /// A local password, the everyday login for comparison.
    Unix,
    /// The module that is measured.
    Plex,
    /// [`Self::Plex`] on a machine without cached passwords, where the scenario is about cached ones.
    Fresh,
    /// Lower bound of a sign-in without an open connection: a process that makes one TLS connection and one request.
    Cold,
    /// The script that people would write instead.
    Script,
}

/// All ways of a scenario without cached passwords.
pub(crate) const ALL: &[Way] = &[Way::Permit, Way::Unix, Way::Plex, Way::Cold, Way::Script];

/// Those that the targets need.
pub(crate) const FEW: &[Way] = &[Way::Permit, Way::Plex, Way::Cold];

impl Way {
    /// Name in the tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Permit => "pam_permit",
            Self::Unix => "pam_unix",
            Self::Plex => "pam_plex",
            Self::Fresh => "pam_plex, not cached",
            Self::Cold => "cold client",
            Self::Script => "script",
        }
    }

    /// Service, user and password for `pambench`, with this address of plex.tv.
    pub(crate) fn login(self, address: &str) -> [String; 3] {
        let login = |service: &str, user: &str, password: &str| [service.into(), user.into(), password.into()];
        match self {
            Self::Permit => login("pam_permit", "local", "anything"),
            Self::Unix => login("pam_unix", "local", LOCAL),
            Self::Plex | Self::Fresh => login("pam_plex", "friend#", PASSWORD),
            // Of one account: nothing makes sign-ins of one account wait for each other here.
            Self::Cold => login(&format!("/mnt/cold-sign-in {address} /mnt/plex/ca.pem cold"), "-", PASSWORD),
            Self::Script => login("script", "friend#", PASSWORD),
        }
    }
}

/// PAM stacks of the ways that are PAM services, with this address of plex.tv.
pub(crate) fn stacks(address: &str) -> [(&'static str, String); 4] {
    let line = |module: &str| format!("auth required {module}\naccount required {module}\n");
    let script = format!("/usr/local/sbin/plex-script {address} {MACHINE}");
    [
        ("pam_permit", line("pam_permit.so")),
        ("pam_unix", "auth required pam_unix.so nodelay\naccount required pam_unix.so\n".into()),
        ("pam_plex", line("pam_plex.so")),
        (
            "script",
            format!(
                "auth required pam_exec.so quiet expose_authtok {script}\naccount required pam_exec.so quiet {script}\n"
            ),
        ),
    ]
}
