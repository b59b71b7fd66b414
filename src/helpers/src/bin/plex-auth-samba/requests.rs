//! Checks the requests of plex-authd and carries them out. plex-authd has checked them already; this process has the power, so
//! it does so again.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use config::Config;
use helpers::Service;
use protocol::smb::{Fingerprint, MAX_PASSWORD, SmbAction, SmbRequest, SmbResult};
use protocol::{Secret, Severity};
use system::accounts::{ManagedAccounts, uid_min};
use system::syslog::Log;

use crate::args::Args;
use crate::passdb;
use crate::refusal::Refusal;
use crate::smbpasswd::{self, Smbpasswd};

/// Time after which a change is repeated. With each wrong password smbd reads an entry and writes it back, which undoes a change
/// made in between. This is longer than that needs on a machine under load, although smbd has no limit.
const REPEAT_AFTER: Duration = Duration::from_millis(250);

/// The files and the program that requests are checked and carried out with.
pub(crate) struct SmbService {
    config: PathBuf,
    passdb: PathBuf,
    smbpasswd: Smbpasswd,
}

impl SmbService {
    /// # Errors
    /// [`smbpasswd::Error::RelativePath`]
    pub(crate) fn new(options: &Args) -> Result<Self, smbpasswd::Error> {
        let smbpasswd = Smbpasswd::new(options.smbpasswd.clone())?;
        Ok(Self { config: options.config.clone(), passdb: options.passdb.clone(), smbpasswd })
    }

    fn check(&self, request: &SmbRequest) -> Result<(), Refusal> {
        if request.version != protocol::VERSION {
            return Err(Refusal::OtherVersion);
        }
        // Loaded for each request, so that changes of the owner apply immediately.
        let config = config::load(&self.config).map_err(|problem| Refusal::Config(Box::new(problem)))?;
        if !config.samba.sync_password {
            return Err(Refusal::NotEnabled(self.config.clone()));
        }
        account(&request.user, &config, uid_min())?;
        match &request.act {
            SmbAction::Password { password: typed, .. } => password(typed),
            SmbAction::Disable | SmbAction::Enable => Ok(()),
        }
    }

    fn carry_out(&self, request: &SmbRequest) -> Result<SmbResult, smbpasswd::Error> {
        let before = passdb::fingerprint(&self.passdb);
        if let SmbAction::Password { unless, .. } = &request.act
            && is_still(before, *unless)
        {
            return Ok(SmbResult::InStep);
        }
        let act = || match &request.act {
            SmbAction::Password { password, .. } => self.smbpasswd.set(&request.user, password),
            SmbAction::Disable => self.smbpasswd.disable(&request.user),
            SmbAction::Enable => self.smbpasswd.enable(&request.user),
        };
        let twice = || {
            act()?;
            let between = passdb::fingerprint(&self.passdb);
            sleep(REPEAT_AFTER);
            // A change of the file by another program meanwhile is not this request's.
            let alone = passdb::fingerprint(&self.passdb) == between;
            act()?;
            // One made while smbpasswd runs cannot be told from its own. A password may be followed by many others, which
            // must not all be set again; an entry is disabled or enabled so rarely that they can be.
            let sets_password = matches!(request.act, SmbAction::Password { .. });
            let before = before.filter(|_| alone && sets_password);
            Ok(SmbResult::Done { before, after: passdb::fingerprint(&self.passdb) })
        };
        match twice() {
            Ok(done) => Ok(done),
            Err(smbpasswd::Error::NoEntry) => Ok(SmbResult::NoEntry),
            Err(error) => Err(error),
        }
    }
}

impl Service for SmbService {
    type Request = SmbRequest;
    type Reply = SmbResult;

    /// Carries a permitted request out.
    fn answer(&self, request: &SmbRequest, log: &mut Log) -> SmbResult {
        let outcome = match self.check(request) {
            Ok(()) => self.carry_out(request).unwrap_or_else(|error| SmbResult::Failed(error.to_string())),
            Err(refusal) => SmbResult::Failed(refusal.to_string()),
        };
        match &outcome {
            SmbResult::Done { .. } => log.info(&format!("\"{}\": {}", request.user, past_tense(&request.act))),
            SmbResult::InStep | SmbResult::NoEntry => {}
            SmbResult::Failed(why) => {
                log.limited(Severity::Warning, &format!("\"{}\": {why}", protocol::printable(&request.user, 128)));
            }
        }
        outcome
    }
}

/// An action in the log, once it is done.
fn past_tense(act: &SmbAction) -> &'static str {
    match act {
        SmbAction::Password { .. } => "the SMB password is that of Plex now",
        SmbAction::Disable => "the SMB entry is disabled",
        SmbAction::Enable => "the SMB entry is enabled again",
    }
}

fn is_still(now: Option<Fingerprint>, before: Option<Fingerprint>) -> bool {
    now.is_some() && now == before
}

/// Checks that the account's SMB entry follows Plex: the account exists, is not the system's and never root, and is managed.
fn account(user: &str, config: &Config, uid_min: u32) -> Result<(), Refusal> {
    // SMB names have no case: to smbpasswd, Alice is the same account as alice.
    if user.to_lowercase() != user {
        return Err(Refusal::CapitalLetters);
    }
    if user.is_empty() || user.len() > protocol::MAX_NAME || user.starts_with('-') || user.chars().any(char::is_control)
    {
        return Err(Refusal::UnusableName);
    }
    let managed = ManagedAccounts::new(config.group.as_deref(), &config.users, uid_min);
    // Samba has entries for canonical names only.
    let found = managed.look_up(user).map_err(Refusal::Accounts)?.filter(|found| found.name == user);
    managed.resolve(found.as_ref()).map(|_| ()).map_err(Refusal::NotManaged)
}

/// Checks that Samba accepts the password unchanged. An empty one would open the entry to everybody, and text after a line break
/// would be lost.
fn password(typed: &Secret) -> Result<(), Refusal> {
    policy::validate_password(typed.expose()).map_err(Refusal::UnusablePassword)?;
    let length = typed.expose().len();
    if length > MAX_PASSWORD {
        return Err(Refusal::LongPassword(length));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::path::Path;

    use super::*;

    fn parsed(further: &str) -> Config {
        let text = format!("token = \"t\"\nmachine_id = \"0123456789abcdef\"\n{further}");
        config::parse(&text, Path::new("x")).unwrap()
    }

    #[test]
    fn only_passwords_that_samba_accepts_unchanged_are_set() {
        let long = |bytes: usize| "ä".repeat(bytes / 2) + &"a".repeat(bytes % 2);
        for good in ["a", " p\u{e4}ss % ' \" \\ $ ` 🙂 ", &long(254), &long(253)] {
            assert!(password(&Secret::from(good)).is_ok(), "{good}");
        }
        for bad in ["", "a\nb", "a\rb", "a\0b", "a\tb", "\u{7f}", "\n", &long(255), &long(256), &long(2000)] {
            assert!(password(&Secret::from(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn r15_root_and_accounts_that_are_not_managed_are_refused() {
        let listed = parsed("[users]\ndaemon = \"7\"\nno-such-account = \"8\"\n");
        assert!(account("daemon", &listed, 1).is_ok());
        assert!(account("daemon", &listed, 1000).is_err(), "below UID_MIN");
        assert!(account("no-such-account", &listed, 0).is_err());
        assert!(account("bin", &listed, 1).is_err(), "not in [users]");
        for name in ["root", "", "Daemon", "DAEMON", "-a", "dae\nmon"] {
            assert!(account(name, &listed, 0).is_err(), "{name}");
        }
        let group = parsed("group = \"daemon\"\n");
        assert!(account("daemon", &group, 1).is_ok());
        assert!(account("bin", &group, 1).is_err(), "not in the group");
        assert!(account("root", &parsed("group = \"root\"\n"), 0).is_err());
        assert!(account("daemon", &parsed("group = \"no-such-group\"\n"), 1).is_err());
    }

    #[test]
    fn a_password_is_in_sync_only_while_the_passdb_file_is_known_and_unchanged() {
        let state = |seconds| Some(Fingerprint { inode: 1, size: 2, seconds, nanoseconds: 3 });
        assert!(is_still(state(1), state(1)));
        assert!(!is_still(state(1), state(2)) && !is_still(state(1), None) && !is_still(None, state(1)));
        assert!(!is_still(None, None), "a file that cannot be seen says nothing");
    }
}
