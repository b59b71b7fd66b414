//! The local accounts that may belong to somebody at Plex, as the account database shows them.

use std::collections::{BTreeMap, BTreeSet};

use config::Config;
use policy::PlexRef;
use system::accounts;

use crate::error::Error;

const SHADOW: &str = "/etc/shadow";

/// A managed account: in `[users]` or in the group, and neither root's nor the system's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Local {
    /// Its name.
    pub name: String,
    /// Its user id.
    pub uid: u32,
    /// Whose it is.
    pub belongs: PlexRef,
    /// What stands in /etc/shadow. An account that is kept elsewhere has nothing there, and is not ours to change.
    pub shadow: Option<Shadow>,
}

/// What matters of a line of /etc/shadow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shadow {
    /// Whether some password, or none at all, opens the account.
    pub password: bool,
    /// The day on which it expires, counted from 1970.
    pub expires: Option<i64>,
}

/// Every managed account.
///
/// # Errors
/// When the account database cannot be read.
pub(crate) fn managed(config: &Config) -> Result<Vec<Local>, Error> {
    let group = config.group.as_deref();
    let uid_min = accounts::uid_min();
    let shadow = shadow(&accounts::text(SHADOW).map_err(Error::new)?);
    let mut locals = Vec::new();
    for name in candidates(config)? {
        let account = accounts::look_up(&name, group, uid_min).map_err(Error::new)?;
        // Whether it is one is the policy's to say.
        if let Ok(belongs) = policy::resolve_account(account.as_ref(), uid_min, &config.users) {
            let uid = account.map_or(0, |account| account.uid);
            locals.push(Local { shadow: shadow.get(&name).cloned(), name, uid, belongs });
        }
    }
    Ok(locals)
}

/// One account.
///
/// # Errors
/// When there is none of that name, when it is root's or the system's, or when it is not managed.
pub(crate) fn one(config: &Config, name: &str) -> Result<Local, Error> {
    let shown = protocol::printable(name, 64);
    let account = accounts::look_up(name, config.group.as_deref(), accounts::uid_min()).map_err(Error::new)?;
    let belongs = policy::resolve_account(account.as_ref(), accounts::uid_min(), &config.users)
        .map_err(|reason| Error::new(format!("'{shown}' was not made for Plex: {reason}")).so("nothing was changed"))?;
    let uid = account.map_or(0, |account| account.uid);
    let shadow = shadow(&accounts::text(SHADOW).map_err(Error::new)?);
    Ok(Local { name: name.to_owned(), uid, belongs, shadow: shadow.get(name).cloned() })
}

/// The names that may be managed: those of `[users]`, and the members of the group.
fn candidates(config: &Config) -> Result<BTreeSet<String>, Error> {
    let mut names: BTreeSet<_> = config.users.keys().cloned().collect();
    if let Some(name) = &config.group {
        let group = accounts::group(name)
            .map_err(Error::new)?
            .ok_or_else(|| Error::new(format!("there is no group {name}")).mend(format!("run: groupadd {name}")))?;
        names.extend(accounts::members(&group).map_err(Error::new)?);
    }
    Ok(names)
}

fn shadow(text: &str) -> BTreeMap<String, Shadow> {
    let row = |line: &str| {
        let fields: Vec<_> = line.split(':').collect();
        let (name, hash) = (fields.first()?, fields.get(1)?);
        let expires = fields.get(7).and_then(|day| day.parse().ok());
        Some(((*name).to_owned(), Shadow { password: !hash.starts_with(['!', '*']), expires }))
    };
    text.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn a_password_and_the_day_of_expiry_are_seen() {
        let rows = shadow(
            "alice:*:20000:0:99999:7:::\nbob:$y$x:20000:0:99999:7::1:\nerin::20000::::::\nfrank:!$y$x:1:::::20000:\nodd\n",
        );
        let see = |name: &str| rows.get(name).map(|row| (row.password, row.expires)).unwrap();
        assert_eq!(see("alice"), (false, None));
        assert_eq!(see("bob"), (true, Some(1)));
        assert_eq!(see("erin"), (true, None), "no password at all opens it too");
        assert_eq!(see("frank"), (false, Some(20000)));
        assert_eq!(rows.len(), 4);
    }
}
