//! Adds the module to the PAM stacks. Files in /etc/pam.d belong to the distribution's tool, and only that writes them.

use std::fs;
use std::path::Path;

use system::command::{CHANGE_LIMIT, Command};

use super::authselect;
use crate::error::Error;
use crate::ui::terminal::{Status, say, warn};

/// Debian's tool, and the directory of its profiles.
const PAM_AUTH_UPDATE: &str = "/usr/sbin/pam-auth-update";
const PAM_CONFIGS: &str = "/usr/share/pam-configs";

/// Our profiles for it. The module comes after the local password in the auth phase, but before `pam_unix` in the account
/// phase, which an expired local password would end. A profile has one priority for all phases, so there are two. The third
/// keeps root's tools from giving a friend a local password, and can be deselected by itself.
const PROFILES: [&str; 3] = ["plex-auth", "plex-auth-account", "plex-auth-password"];

/// Files that the stacks of all services include.
const COMMON: [&str; 2] = ["/etc/pam.d/common-auth", "/etc/pam.d/system-auth"];

/// Way to change this machine's stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The stacks have the module already.
    Done,
    /// Through Debian's tool.
    PamAuthUpdate,
    /// Through Fedora's tool.
    Authselect,
    /// By hand.
    Hand,
}

/// The way for this machine.
pub(crate) fn way() -> Way {
    if asked_already() {
        return Way::Done;
    }
    let there = |profile: &&str| Path::new(PAM_CONFIGS).join(profile).exists();
    if Path::new(PAM_AUTH_UPDATE).exists() && PROFILES.iter().all(there) {
        return Way::PamAuthUpdate;
    }
    if authselect::is_there() && authselect::other().is_none() { Way::Authselect } else { Way::Hand }
}

fn asked_already() -> bool {
    COMMON.iter().any(|file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains("pam_plex.so"))
    })
}

impl Way {
    /// The tool's command, for display.
    pub(crate) fn command(self) -> Option<String> {
        match self {
            Self::PamAuthUpdate => Some(format!("pam-auth-update --enable {}", PROFILES.join(" "))),
            Self::Authselect => Some(format!("authselect {}", authselect::selection().join(" "))),
            Self::Done | Self::Hand => None,
        }
    }

    /// Changes the stacks and verifies it.
    ///
    /// # Errors
    /// The tool fails, or does not change the stacks.
    pub(crate) fn go(self) -> Result<(), Error> {
        let done = match self {
            Self::Done | Self::Hand => return Ok(()),
            Self::PamAuthUpdate => {
                let arguments = [&["--enable"], &PROFILES[..]].concat();
                Command::tool(PAM_AUTH_UPDATE, &arguments).limit(CHANGE_LIMIT).stdout()
            }
            Self::Authselect => authselect::select(),
        };
        let command = self.command().unwrap_or_default();
        let failed =
            |why: String| Error::new(format!("PAM was not changed: {why}")).hint(format!("try it by hand: {command}"));
        done.map_err(|error| failed(error.to_string()))?;
        if asked_already() {
            say(format!("{} PAM uses plex-authd, after the local password", Status::Ok.shown()));
            Ok(())
        } else {
            Err(failed("its files were changed by hand before, and the tool leaves those alone".into()))
        }
    }
}

/// Shows what to do where there is no tool.
pub(crate) fn by_hand() {
    match authselect::other().filter(|_| authselect::is_there()) {
        Some(profile) => warn(format!(
            "PAM does not use plex-authd yet: authselect's profile is {profile}, and plex-auth's profile is for local \
             accounts only"
        )),
        None => warn(
            "PAM does not use plex-authd yet, and neither pam-auth-update nor authselect is here to change \
                      that",
        ),
    }
    if !Path::new("/etc/pam.d/plex-auth").exists() {
        say("  Copy pam.d/plex-auth of this project to /etc/pam.d/plex-auth.");
    }
    say("  In /etc/pam.d/sshd, sudo, login, …: in place of the lines that ask for a local password,");
    say("      auth     include  plex-auth\n      account  include  plex-auth");
    say("  Keep a root shell open while you test.");
}
