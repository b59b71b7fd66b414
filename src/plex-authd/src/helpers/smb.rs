//! Keeps Samba in step, behind the logins' backs: a password that plex.tv has just accepted becomes the account's SMB
//! password, and the SMB entry of somebody who is no longer welcome is disabled until they are. `plex-auth-samba` does it,
//! as root; this is who asks it, from one thread, so that no login ever waits for Samba.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use config::Config;
use policy::{Access, FriendList, IdentityBinding, PlexRef, Rules};
use protocol::smb::{Fingerprint, SOCKET, SmbAction, SmbRequest, SmbResult};
use protocol::{Connection, Deadline, Secret};
use system::accounts::{self, ManagedAccounts};

use crate::log::Log;
use crate::worker;

/// How many jobs may wait: as many as there can be logins at once.
const QUEUE: usize = 256;

/// How long an order may take. The service gives smbpasswd ten seconds.
const ORDER: Duration = Duration::from_secs(15);

/// What to look at when the service cannot be asked.
const CHECK: &str = "is plex-auth-samba there? See: systemctl status plex-auth-samba.socket";

enum Job {
    /// plex.tv has just accepted this password.
    Accepted(String, Secret),
    /// There is a new list. These accounts have belonged to somebody since their first login.
    People(Arc<FriendList>, Vec<(String, IdentityBinding)>),
}

/// Where jobs go.
#[derive(Clone)]
pub(crate) struct Samba {
    queue: SyncSender<Job>,
    log: Log,
}

/// The thread that asks.
pub(crate) struct Worker(JoinHandle<()>);

impl Samba {
    /// Starts the thread. `kept` is the last list of an earlier run.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn start(
        config: &Config,
        rules: Rules,
        kept: Option<FriendList>,
        pins: Vec<(String, IdentityBinding)>,
        log: Log,
    ) -> std::io::Result<(Self, Worker)> {
        let (queue, jobs) = sync_channel(QUEUE);
        let books = SmbSync {
            config: config.clone(),
            uid_min: accounts::uid_min(),
            rules,
            key: RandomState::new(),
            in_step: HashMap::new(),
            disabled: HashSet::new(),
            were_gone: HashSet::new(),
            failing: HashMap::new(),
            log: log.clone(),
        };
        let work = move || books.run(kept, &pins, &jobs);
        let worker = std::thread::Builder::new().name("samba".into()).spawn(work)?;
        Ok((Self { queue, log }, Worker(worker)))
    }

    /// Has an account's SMB password brought in step with the one that plex.tv has just accepted.
    pub(crate) fn accepted(&self, account: &str, password: Secret) {
        if self.queue.try_send(Job::Accepted(account.to_owned(), password)).is_err() {
            self.log.warning(format!(
                "the SMB password of '{account}' could not be brought in step: too many wait for Samba; it is tried again \
                 at the next login with a password"
            ));
        }
    }

    /// Has the SMB entries follow a new list.
    pub(crate) fn people(&self, circle: &FriendList, pins: Vec<(String, IdentityBinding)>) {
        // If the queue is full, the next list says the same.
        let _ = self.queue.try_send(Job::People(Arc::new(circle.clone()), pins));
    }
}

impl Worker {
    /// Waits for what is still to be done, once nobody can add to it any more.
    pub(crate) fn finish(self) {
        worker::wait_for(&self.0);
    }
}

/// What the thread knows.
struct SmbSync {
    config: Config,
    uid_min: u32,
    rules: Rules,
    /// Made anew for each run and never written down.
    key: RandomState,
    /// Which password each account's entry has, as a keyed hash, and what Samba's file looked like then.
    in_step: HashMap<String, (u64, Fingerprint)>,
    /// Whose entry this run has disabled.
    disabled: HashSet<String>,
    /// Who was not welcome by the last list of an earlier run.
    were_gone: HashSet<String>,
    /// What each account's entry could last not be changed for, to be said once.
    failing: HashMap<String, String>,
    log: Log,
}

impl SmbSync {
    fn run(mut self, kept: Option<FriendList>, pins: &[(String, IdentityBinding)], jobs: &Receiver<Job>) {
        if let Some(circle) = kept {
            let gone = pins.iter().filter(|(account, pin)| self.welcome(account, pin, &circle) == Some(false));
            self.were_gone = gone.map(|(account, _)| account.clone()).collect();
        }
        for job in jobs {
            match job {
                Job::Accepted(account, password) => self.bring_in_step(&account, password),
                Job::People(circle, pins) => {
                    for (account, pin) in pins {
                        if let Some(welcome) = self.welcome(&account, &pin, &circle) {
                            self.follow(&account, welcome);
                        }
                    }
                }
            }
        }
    }

    fn bring_in_step(&mut self, account: &str, password: Secret) {
        let hash = self.key.hash_one((account, password.expose()));
        let known = self.in_step.get(account).filter(|(known, _)| *known == hash);
        let unless = known.map(|(_, mark)| *mark);
        match self.order(account, SmbAction::Password { password, unless }) {
            Ok(SmbResult::InStep) => {}
            Ok(SmbResult::Done { after: Some(mark), .. }) => {
                self.in_step.insert(account.to_owned(), (hash, mark));
            }
            Ok(SmbResult::Done { after: None, .. } | SmbResult::NoEntry) => {
                self.in_step.remove(account);
            }
            Ok(SmbResult::Failed(why)) | Err(why) => {
                self.in_step.remove(account);
                self.log.warning(format!("the SMB password of '{account}' could not be brought in step: {why}"));
            }
        }
    }

    /// Whether an account may be used by this list; nothing where that is not for us to say.
    fn welcome(&self, account: &str, pin: &IdentityBinding, circle: &FriendList) -> Option<bool> {
        let whose = self.resolve_account(account)?;
        match Access::of_any_age(&self.rules, circle).account(&whose, Some(pin), None).result() {
            Ok(_) => Some(true),
            Err(why) if why.is_outage() => None,
            Err(_) => Some(false),
        }
    }

    fn resolve_account(&self, account: &str) -> Option<PlexRef> {
        let managed = ManagedAccounts::new(self.config.group.as_deref(), &self.config.users, self.uid_min);
        let found = managed.look_up(account).ok()?;
        managed.resolve(found.as_ref()).ok()
    }

    /// Disables or enables an entry. One that the owner has disabled by hand is not enabled: only those are that were
    /// disabled for having gone.
    fn follow(&mut self, account: &str, welcome: bool) {
        let disabled = self.disabled.contains(account);
        let act = match welcome {
            false if !disabled => SmbAction::Disable,
            true if disabled || self.were_gone.contains(account) => SmbAction::Enable,
            _ => return,
        };
        match self.order(account, act) {
            Ok(SmbResult::Done { .. } | SmbResult::InStep | SmbResult::NoEntry) => {
                self.failing.remove(account);
                self.were_gone.remove(account);
                if welcome {
                    self.disabled.remove(account)
                } else {
                    self.disabled.insert(account.to_owned())
                };
            }
            Ok(SmbResult::Failed(why)) | Err(why) => {
                if self.failing.get(account) != Some(&why) {
                    let what = if welcome { "enabled again" } else { "disabled" };
                    self.log.warning(format!(
                        "the SMB entry of '{account}' could not be {what}, and is tried again with each new list: {why}"
                    ));
                    self.failing.insert(account.to_owned(), why);
                }
            }
        }
    }

    fn order(&mut self, user: &str, act: SmbAction) -> Result<SmbResult, String> {
        let order = SmbRequest { version: protocol::VERSION, user: user.to_owned(), act };
        let outcome = ask(&order).map_err(|error| format!("{SOCKET}: {error}; {CHECK}"))?;
        if let SmbResult::Done { before: Some(before), after: Some(after) } = &outcome {
            // What changed the file was this order, so the other entries are what they were.
            for (_, mark) in self.in_step.values_mut().filter(|(_, mark)| mark == before) {
                *mark = *after;
            }
        }
        Ok(outcome)
    }
}

fn ask(order: &SmbRequest) -> Result<SmbResult, protocol::Error> {
    let deadline = Deadline::after(ORDER);
    let mut connection = Connection::open(Path::new(SOCKET))?;
    connection.send(order, deadline)?;
    connection.receive(deadline)
}
