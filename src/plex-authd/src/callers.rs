//! The users of `trusted_callers`, whose processes name the origin of a login.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::Duration;

use system::accounts;

use crate::lock::lock;

/// The longest wait for the user ids of all names.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(1);

/// The names of one configuration, and the user ids that they have had.
#[derive(Default)]
pub(crate) struct TrustedCallers {
    names: Vec<String>,
    uids: Mutex<HashSet<u32>>,
}

impl TrustedCallers {
    pub(crate) fn new(names: &[String]) -> Self {
        Self { names: names.to_owned(), uids: Mutex::default() }
    }

    /// The user is trusted, by the account database.
    ///
    /// # Errors
    /// [`accounts::Error::UserId`]
    pub(crate) fn contains(&self, uid: u32) -> Result<bool, accounts::Error> {
        let trusted = accounts::is_one_of(uid, &self.names)?;
        let mut uids = lock(&self.uids);
        if trusted {
            uids.insert(uid)
        } else {
            uids.remove(&uid)
        };
        Ok(trusted)
    }

    /// The user was trusted at the last look into the account database. For limits only, where a look must not be waited for.
    pub(crate) fn were_trusted(&self, uid: u32) -> bool {
        lock(&self.uids).contains(&uid)
    }

    /// Looks all names up, at the start. A name service that takes longer than a second is not waited for: it may itself wait
    /// for this daemon.
    pub(crate) fn look_up(self: &Arc<Self>) {
        if let Some(looked_up) = self.look_up_in_background() {
            let _ = looked_up.recv_timeout(LOOK_UP_LIMIT);
        }
    }

    /// Looks all names up in a thread after a reload, for which no login waits. Until then, users count as trusted as they did
    /// before if the names are the same.
    pub(crate) fn look_up_again(self: &Arc<Self>, before: &Self) {
        if self.names == before.names {
            lock(&self.uids).clone_from(&lock(&before.uids));
        }
        self.look_up_in_background();
    }

    /// Looks all names up in a thread; `None` if there is none. The receiver gets the end.
    fn look_up_in_background(self: &Arc<Self>) -> Option<Receiver<()>> {
        if self.names.is_empty() {
            return None;
        }
        let (callers, (done, looked_up)) = (Arc::clone(self), channel());
        let run = move || {
            for name in &callers.names {
                if let Ok(Some(account)) = accounts::look_up(name, None, 0) {
                    lock(&callers.uids).insert(account.uid);
                }
            }
            // Fails when the caller has stopped waiting.
            let _ = done.send(());
        };
        // Without a thread, a user is trusted from its first login on.
        Builder::new().name("callers".into()).spawn(run).ok().map(|_| looked_up)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn users_of_the_configured_names_are_trusted_before_their_first_login() {
        let callers = Arc::new(TrustedCallers::new(&["daemon".to_owned(), "no-such-user".to_owned()]));
        assert!(!callers.were_trusted(1));
        callers.look_up();
        assert!(callers.were_trusted(1) && !callers.were_trusted(2));
        assert!(callers.contains(1).unwrap() && !callers.contains(2).unwrap());
        assert!(!callers.were_trusted(2));
    }

    #[test]
    fn users_stay_trusted_at_a_reload_only_if_the_names_are_the_same() {
        let new = |name: &str| Arc::new(TrustedCallers::new(&[name.to_owned()]));
        let before = new("no-such-user");
        lock(&before.uids).insert(4711);
        for (name, is_trusted) in [("no-such-user", true), ("other", false)] {
            let after = new(name);
            after.look_up_again(&before);
            assert_eq!(after.were_trusted(4711), is_trusted, "{name}");
        }
    }
}
