//! Room for uploads of accounts for files (R82).

use config::{Config, NewAccounts};
use protocol::counted;

use crate::accounts::space::{QuotaState, Space, quota, space};
use crate::accounts::uploads;
use crate::sshd::program::Sshd;
use crate::ui::check::{Check, Checks};

const CHECK: &str = "uploads";

/// Least free share of the file system, in percent.
const LEAST: u64 = 10;

/// Checks the directory of accounts for files, if there are such accounts or new ones are for files.
pub(super) fn check(config: &Config, checks: &mut Checks) {
    let accounts = match uploads::all() {
        Ok(accounts) => accounts,
        Err(error) => {
            let (what, hint) = error.into_parts();
            return checks.error(CHECK, what, hint.unwrap_or_default());
        }
    };
    if accounts.is_empty() && config.accounts.purpose != Some(NewAccounts::Files) {
        return;
    }
    if !accounts.is_empty() && Sshd::find().is_none() {
        let what = format!(
            "there is no sshd, and accounts for files are for SFTP alone: {}",
            counted(accounts.len(), "account", "accounts")
        );
        checks.warning(
            CHECK,
            what,
            "install the package openssh-server (on Arch Linux: openssh); then: plex-auth setup",
        );
    }
    let path = &config.accounts.uploads;
    let shown = path.display();
    let space = match space(path) {
        Ok(space) => space,
        Err(error) => {
            return checks.warning(
                CHECK,
                format!("{shown}: {error}"),
                format!("only root may be able to change it, or a directory above it: ls -ld {shown}"),
            );
        }
    };
    let unlimited = quota(path).is_some_and(|quota| quota.state == QuotaState::Off);
    checks.add(judge(&shown.to_string(), space, unlimited));
}

fn judge(path: &str, space: Space, unlimited: bool) -> Check {
    let percent = space.percent();
    let free = format!("{percent} % of the file system of {path} is free");
    if percent >= LEAST {
        return Check::ok(CHECK, free);
    }
    let quota = if unlimited { ", and no quota limits what a friend can upload" } else { "" };
    Check::warning(CHECK, format!("only {free}{quota}")).hint(format!("run: du --summarize --human-readable {path}/*"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::terminal::Status;

    #[test]
    fn r82_less_than_a_tenth_free_is_a_warning() {
        for (free, expected) in [(100, Status::Ok), (10, Status::Ok), (9, Status::Warning), (0, Status::Warning)] {
            let mut checks = Checks::default();
            checks.add(judge("/srv/plex-auth", Space { free, total: 100 }, true));
            assert_eq!(checks.worst(), expected, "{free}");
        }
    }
}
