//! Synchronises SMB passwords in the background; no login waits for it. A password that plex.tv has accepted becomes the
//! account's SMB password, and the SMB entry of a user without access is disabled until they have access again. One thread
//! sends the requests to `plex-auth-samba`, which executes them as root.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use policy::{Access, FriendList, IdentityBinding};
use protocol::smb::{Fingerprint, SOCKET, SmbAction, SmbRequest, SmbResult};
use protocol::{Connection, Deadline, Secret};

use crate::log::Log;
use crate::settings::Settings;
use crate::worker::Worker;

/// The most jobs that wait: one for each session that can run at once.
const QUEUE: usize = 256;

/// Time limit of a request. The service gives smbpasswd ten seconds.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Fix for a service that cannot be reached.
const FIX: &str = "is plex-auth-samba there? See: systemctl status plex-auth-samba.socket";

type Bindings = Vec<(String, IdentityBinding)>;

enum Job {
    /// plex.tv has accepted this password for the account.
    Password(String, Secret),
    /// A new friend list, with the bindings of all accounts.
    FriendList(Arc<FriendList>, Bindings),
}

/// Queue of the thread, which ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct SmbQueue {
    jobs: SyncSender<Job>,
    log: Log,
}

impl SmbQueue {
    /// Starts the thread. `saved` is the last list of an earlier run.
    ///
    /// # Errors
    /// No thread can be created.
    pub(crate) fn start(
        settings: Arc<Settings>,
        saved: Option<FriendList>,
        bindings: Bindings,
        log: Log,
    ) -> std::io::Result<(Self, Worker)> {
        let (queue, jobs) = sync_channel(QUEUE);
        let sync = SmbSync {
            settings,
            key: RandomState::new(),
            synchronised: HashMap::new(),
            disabled: HashSet::new(),
            denied_before: HashSet::new(),
            failing: HashMap::new(),
            log: log.clone(),
        };
        let run = move || sync.run(saved, &bindings, &jobs);
        let worker = Worker::start("samba", run)?;
        Ok((Self { jobs: queue, log }, worker))
    }

    /// Queues a password that plex.tv has accepted.
    pub(crate) fn set_password(&self, account: &str, password: Secret) {
        if self.jobs.try_send(Job::Password(account.to_owned(), password)).is_err() {
            self.log.warning(format!(
                "the SMB password of '{account}' could not be set: too many requests wait for Samba; this is tried again \
                 at the next login with a password"
            ));
        }
    }

    /// Queues a new friend list.
    pub(crate) fn follow(&self, list: &FriendList, bindings: Bindings) {
        // If the queue is full, the next list has the same effect.
        let _ = self.jobs.try_send(Job::FriendList(Arc::new(list.clone()), bindings));
    }
}

/// State of the thread.
struct SmbSync {
    settings: Arc<Settings>,
    /// Random for each run and never written to disk.
    key: RandomState,
    /// Keyed hash of each account's SMB password, and the fingerprint of Samba's file when it was set.
    synchronised: HashMap<String, (u64, Fingerprint)>,
    /// Accounts whose entries this run has disabled.
    disabled: HashSet<String>,
    /// Accounts without access by the last list of an earlier run.
    denied_before: HashSet<String>,
    /// The last error of each account whose entry could not be changed, to log it once.
    failing: HashMap<String, String>,
    log: Log,
}

impl SmbSync {
    fn run(mut self, saved: Option<FriendList>, bindings: &Bindings, jobs: &Receiver<Job>) {
        if let Some(list) = saved {
            let denied =
                bindings.iter().filter(|(account, binding)| self.has_access(account, binding, &list) == Some(false));
            self.denied_before = denied.map(|(account, _)| account.clone()).collect();
        }
        for job in jobs {
            match job {
                Job::Password(account, password) => self.set_password(&account, password),
                Job::FriendList(list, bindings) => {
                    for (account, binding) in bindings {
                        if let Some(has_access) = self.has_access(&account, &binding, &list) {
                            self.set_enabled(&account, has_access);
                        }
                    }
                }
            }
        }
    }

    fn set_password(&mut self, account: &str, password: Secret) {
        let hash = self.key.hash_one((account, password.expose()));
        let same = self.synchronised.get(account).filter(|(known, _)| *known == hash);
        let unless = same.map(|(_, fingerprint)| *fingerprint);
        match self.request(account, SmbAction::Password { password, unless }) {
            SmbResult::InStep => {}
            SmbResult::Done { after: Some(fingerprint), .. } => {
                self.synchronised.insert(account.to_owned(), (hash, fingerprint));
            }
            SmbResult::Done { after: None, .. } | SmbResult::NoEntry => {
                self.synchronised.remove(account);
            }
            SmbResult::Failed(why) => {
                self.synchronised.remove(account);
                self.log.warning(format!("the SMB password of '{account}' could not be set: {why}"));
            }
        }
    }

    /// Access to an account by this list; `None` if the account is not managed or the list cannot tell.
    fn has_access(&self, account: &str, binding: &IdentityBinding, list: &FriendList) -> Option<bool> {
        let managed = self.settings.managed_accounts();
        let found = managed.look_up(account).ok()?.filter(|found| found.name == account);
        let mapped_to = managed.resolve(found.as_ref()).ok()?;
        match Access::of_any_age(&self.settings.rules, list).account(&mapped_to, Some(binding), None).result() {
            Ok(_) => Some(true),
            Err(reason) if reason.is_outage() => None,
            Err(_) => Some(false),
        }
    }

    /// Enables or disables an entry. Only an entry that was disabled for lack of access is enabled again, not one that the
    /// administrator has disabled.
    fn set_enabled(&mut self, account: &str, enabled: bool) {
        let disabled = self.disabled.contains(account);
        let action = match enabled {
            false if !disabled => SmbAction::Disable,
            true if disabled || self.denied_before.contains(account) => SmbAction::Enable,
            _ => return,
        };
        if let SmbResult::Failed(why) = self.request(account, action) {
            if self.failing.get(account) != Some(&why) {
                let what = if enabled { "enabled again" } else { "disabled" };
                self.log.warning(format!(
                    "the SMB entry of '{account}' could not be {what}, and is tried again with each new list: {why}"
                ));
                self.failing.insert(account.to_owned(), why);
            }
            return;
        }
        self.failing.remove(account);
        self.denied_before.remove(account);
        if enabled {
            self.disabled.remove(account);
        } else {
            self.disabled.insert(account.to_owned());
        }
    }

    fn request(&mut self, user: &str, action: SmbAction) -> SmbResult {
        let request = SmbRequest { version: protocol::VERSION, user: user.to_owned(), act: action };
        let result = send(&request).unwrap_or_else(|error| SmbResult::Failed(format!("{SOCKET}: {error}; {FIX}")));
        if let SmbResult::Done { before: Some(before), after: Some(after) } = &result {
            // Only this request changed the file, so the other entries are still synchronised.
            for (_, fingerprint) in self.synchronised.values_mut().filter(|(_, fingerprint)| fingerprint == before) {
                *fingerprint = *after;
            }
        }
        result
    }
}

fn send(request: &SmbRequest) -> Result<SmbResult, protocol::Error> {
    let deadline = Deadline::after(TIMEOUT);
    let mut connection = Connection::open(Path::new(SOCKET))?;
    connection.send(request, deadline)?;
    connection.receive(deadline)
}
