//! Whether an order may be carried out, and carrying it out. plex-authd has judged already; this is the second look, by the
//! part that holds the power.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use config::Config;
use helpers::Service;
use protocol::Secret;
use protocol::smb::{Fingerprint, MAX_PASSWORD, SmbAction, SmbRequest, SmbResult};
use system::accounts::{ManagedAccounts, uid_min};
use system::syslog::Log;

use crate::args::Args;
use crate::passdb;
use crate::smbpasswd::{self, Smbpasswd};

/// Longer than a try at smbd takes on a machine under load, from reading an entry to writing it back; nothing in smbd bounds
/// it. smbd does that with each wrong password, and undoes what was done to the entry meanwhile; so everything is done a
/// second time, when that try is over.
const TRY: Duration = Duration::from_millis(250);

/// What orders are judged by and carried out with.
pub(crate) struct SmbService {
    config: PathBuf,
    passdb: PathBuf,
    smbpasswd: Smbpasswd,
}

impl SmbService {
    /// # Errors
    /// When the tool is not named by an absolute path.
    pub(crate) fn new(options: &Args) -> Result<Self, String> {
        let smbpasswd = Smbpasswd::new(options.smbpasswd.clone()).map_err(|error| error.to_string())?;
        Ok(Self { config: options.config.clone(), passdb: options.passdb.clone(), smbpasswd })
    }

    fn judge(&self, order: &SmbRequest) -> Result<(), String> {
        if order.version != protocol::VERSION {
            return Err("plex-authd is of another version; restart both after an upgrade".into());
        }
        // Read anew each time: what the owner has changed counts at once.
        let config = config::load(&self.config).map_err(|problem| problem.to_string())?;
        if !config.samba.sync_password {
            return Err(format!("[samba] sync_password is not true in {}", self.config.display()));
        }
        account(&order.user, &config, uid_min())?;
        match &order.act {
            SmbAction::Password { password: typed, .. } => password(typed),
            SmbAction::Disable | SmbAction::Enable => Ok(()),
        }
    }

    fn carry_out(&self, order: &SmbRequest) -> Result<SmbResult, String> {
        let before = passdb::mark(&self.passdb);
        if let SmbAction::Password { unless, .. } = &order.act
            && is_still(before, *unless)
        {
            return Ok(SmbResult::InStep);
        }
        let act = || match &order.act {
            SmbAction::Password { password, .. } => self.smbpasswd.set(&order.user, password),
            SmbAction::Disable => self.smbpasswd.disable(&order.user),
            SmbAction::Enable => self.smbpasswd.enable(&order.user),
        };
        let twice = || {
            act()?;
            let between = passdb::mark(&self.passdb);
            sleep(TRY);
            // What somebody else has done to the file meanwhile was not this order.
            let alone = passdb::mark(&self.passdb) == between;
            act()?;
            Ok(SmbResult::Done { before: before.filter(|_| alone), after: passdb::mark(&self.passdb) })
        };
        match twice() {
            Ok(done) => Ok(done),
            Err(smbpasswd::Error::NoEntry) => Ok(SmbResult::NoEntry),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Service for SmbService {
    type Request = SmbRequest;
    type Reply = SmbResult;

    /// Carries an order out, if it may be.
    fn answer(&self, order: &SmbRequest, log: &mut Log) -> SmbResult {
        let allowed = self.judge(order);
        let outcome = allowed.and_then(|()| self.carry_out(order)).unwrap_or_else(SmbResult::Failed);
        match &outcome {
            SmbResult::Done { .. } => log.info(&format!("\"{}\": {}", order.user, deed(&order.act))),
            SmbResult::InStep | SmbResult::NoEntry => {}
            SmbResult::Failed(why) => log.warning(&format!("\"{}\": {why}", protocol::printable(&order.user, 128))),
        }
        outcome
    }
}

/// What an act is called in the log when it is done.
fn deed(act: &SmbAction) -> &'static str {
    match act {
        SmbAction::Password { .. } => "the SMB password is that of Plex now",
        SmbAction::Disable => "the SMB entry is disabled",
        SmbAction::Enable => "the SMB entry is enabled again",
    }
}

fn is_still(now: Option<Fingerprint>, before: Option<Fingerprint>) -> bool {
    now.is_some() && now == before
}

/// Whether this is an account whose SMB entry follows Plex: there, a person's, never root, and managed.
fn account(user: &str, config: &Config, uid_min: u32) -> Result<(), String> {
    // SMB knows no upper and lower case: to smbpasswd, Alice is whoever alice is.
    if user.to_lowercase() != user {
        return Err("its name has capital letters, and Samba would take it for another account's".into());
    }
    if user.is_empty() || user.len() > protocol::MAX_NAME || user.starts_with('-') || user.chars().any(char::is_control)
    {
        return Err("that is no name to hand to smbpasswd".into());
    }
    let managed = ManagedAccounts::new(config.group.as_deref(), &config.users, uid_min);
    let found = managed.look_up(user).map_err(|error| format!("the local account database: {error}"))?;
    managed.resolve(found.as_ref()).map(|_| ()).map_err(|reason| reason.to_string())
}

/// Whether Samba can take a password as it is. What it would cut or misread must not be set: an empty one would open the
/// entry to everybody, and what stands behind a line break would be lost.
fn password(typed: &Secret) -> Result<(), String> {
    policy::validate_password(typed.expose()).map_err(|why| format!("not set: {why}"))?;
    let length = typed.expose().len();
    if length > MAX_PASSWORD {
        return Err(format!(
            "not set: {length} bytes, and Samba takes {MAX_PASSWORD} at most; a shorter password at Plex helps"
        ));
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
    fn only_passwords_that_samba_takes_as_they_are_are_set() {
        let long = |bytes: usize| "ä".repeat(bytes / 2) + &"a".repeat(bytes % 2);
        for good in ["a", " p\u{e4}ss % ' \" \\ $ ` 🙂 ", &long(254), &long(253)] {
            assert_eq!(password(&Secret::from(good)), Ok(()), "{good}");
        }
        for bad in ["", "a\nb", "a\rb", "a\0b", "a\tb", "\u{7f}", "\n", &long(255), &long(256), &long(2000)] {
            assert!(password(&Secret::from(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn r15_root_and_accounts_that_are_not_managed_are_refused() {
        let listed = parsed("[users]\ndaemon = \"7\"\nno-such-account = \"8\"\n");
        assert_eq!(account("daemon", &listed, 1), Ok(()));
        assert!(account("daemon", &listed, 1000).is_err(), "below UID_MIN");
        assert!(account("no-such-account", &listed, 0).is_err());
        assert!(account("bin", &listed, 1).is_err(), "not in [users]");
        for name in ["root", "", "Daemon", "DAEMON", "-a", "dae\nmon"] {
            assert!(account(name, &listed, 0).is_err(), "{name}");
        }
        let group = parsed("group = \"daemon\"\n");
        assert_eq!(account("daemon", &group, 1), Ok(()));
        assert!(account("bin", &group, 1).is_err(), "not in the group");
        assert!(account("root", &parsed("group = \"root\"\n"), 0).is_err());
        assert!(account("daemon", &parsed("group = \"no-such-group\"\n"), 1).is_err());
    }

    #[test]
    fn a_password_counts_as_in_step_only_while_the_file_is_known_and_the_same() {
        let mark = |seconds| Some(Fingerprint { inode: 1, size: 2, seconds, nanoseconds: 3 });
        assert!(is_still(mark(1), mark(1)));
        assert!(!is_still(mark(1), mark(2)) && !is_still(mark(1), None) && !is_still(None, mark(1)));
        assert!(!is_still(None, None), "a file that cannot be seen says nothing");
    }
}
