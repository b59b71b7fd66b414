//! `plex-auth user sync`: the local accounts brought in step with the friend list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use config::Config;
use policy::{IdentityBinding, PlexId};
use protocol::{AdminRequest, KnownAccount};

use super::earlier::Earlier;
use super::expiry_locks::{self, Lock, Locks, Turn};
use super::local_accounts::Local;
use super::plan::{Action, Given, Plan, candidates, plan};
use super::{created, ids, local_accounts, names, remove, sessions, shadow_utils, smb};
use crate::client::daemon::Daemon;
use crate::commands::setup::service;
use crate::config_file::edit::{self, Entry};
use crate::context::Context;
use crate::error::Error;
use crate::people::People;
use crate::ui::terminal::{complain, confirm, is_interactive, say, warn};

/// How it is done.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub(crate) struct Options {
    /// Show what would change and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do it even if more than half of the accounts would be locked, and without asking
    #[arg(long)]
    yes: bool,
    /// Remove accounts whose friend is gone, in place of locking them; their homes are kept for root
    #[arg(long)]
    remove: bool,
    /// Leave open sessions of accounts that are locked alone
    #[arg(long)]
    keep_sessions: bool,
    /// Go by plex-authd's list, which is some minutes old at most, and ask plex.tv for nothing
    #[arg(long)]
    ask_daemon: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<(), Error> {
    let config = context.load().map_err(unchanged)?;
    let turn = if options.dry_run { None } else { Some(expiry_locks::take_turn()?) };
    if let Some(turn) = &turn {
        ids::note(turn)?;
    }
    let people = if options.ask_daemon { People::ask(context, &config) } else { People::read(&config) };
    let people = people.map_err(unchanged)?;
    let locks = expiry_locks::read();
    let plan = make(context, &config, &people, &locks, options.remove).map_err(unchanged)?;
    for action in &plan.actions {
        say(action);
    }
    for note in &plan.notes {
        say(note);
    }
    if plan.actions.is_empty() {
        say("Everything is in step.");
        return Ok(());
    }
    let Some(turn) = turn else {
        if plan.is_drastic() {
            warn(drastic(&plan));
        }
        say("Nothing was changed.");
        return Ok(());
    };
    agree(&plan, options)?;
    Work { context, config: &config, turn: &turn, keep_sessions: options.keep_sessions }.perform(&plan, locks)
}

fn unchanged(failure: Error) -> Error {
    failure.so("nothing was changed")
}

fn drastic(plan: &Plan) -> String {
    format!("{} of {} accounts would be gone at once; is the friend list right?", plan.going(), plan.in_use())
}

/// Makes sure that somebody means what cannot be taken back, or is rather a broken list than a decision.
fn agree(plan: &Plan, options: &Options) -> Result<(), Error> {
    let removing = plan.actions.iter().any(|action| matches!(action, Action::Remove { .. }));
    if options.yes || !(removing || plan.is_drastic()) {
        return Ok(());
    }
    let why = if plan.is_drastic() { drastic(plan) } else { "accounts would be removed".to_owned() };
    if is_interactive() {
        warn(&why);
        if confirm("Do it?", false)? {
            return Ok(());
        }
        return Err(unchanged(Error::new("not done")));
    }
    Err(unchanged(Error::new(why)).mend("look at it: plex-auth friends; then, to do it: plex-auth user sync --yes"))
}

fn make(context: &Context, config: &Config, people: &People, locks: &Locks, remove: bool) -> Result<Plan, Error> {
    let locals = local_accounts::managed(config)?;
    let (mut taken, mut left) = (BTreeSet::new(), BTreeMap::new());
    for name in candidates(people, &config.users) {
        if names::is_taken(&name)? {
            taken.insert(name);
        } else if let Some(why) = left_behind(&name) {
            left.insert(name, why);
        }
    }
    let known = Daemon::open(&context.socket)
        .and_then(|mut daemon| daemon.list::<protocol::KnownAccount>(protocol::AdminRequest::Accounts));
    let known = known.inspect_err(|failure| warn(failure)).ok();
    let pins = known.map(|known| known.into_iter().filter_map(pin).collect::<BTreeMap<_, _>>());
    Ok(plan(&Given {
        people,
        users: &config.users,
        group: config.group.is_some(),
        locals: &locals,
        taken: &taken,
        left: &left,
        pins: pins.as_ref(),
        locks,
        today: today(),
        remove,
    }))
}

fn pin(known: KnownAccount) -> Option<(String, IdentityBinding)> {
    let (id, reference) = (PlexId(known.plex_id?), known.reference?);
    Some((known.user, IdentityBinding { id, reference }))
}

fn today() -> i64 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds / 86_400).unwrap_or(i64::MAX)
}

/// Why a name cannot have a new account although nobody has it: of an earlier one of that name there is something left.
fn left_behind(name: &str) -> Option<String> {
    match Earlier::of(name) {
        Ok(earlier) => earlier.shown().map(|what| format!("an earlier account called {name} has left {what}")),
        Err(failure) => Some(failure.into_parts().0),
    }
}

/// What the steps have in common.
struct Work<'a> {
    context: &'a Context,
    config: &'a Config,
    turn: &'a Turn,
    keep_sessions: bool,
}

impl Work<'_> {
    /// Does it, each step by itself: what fails is said, and the rest is done.
    fn perform(&self, plan: &Plan, mut locks: Locks) -> Result<(), Error> {
        let lines: Vec<_> = plan.actions.iter().filter_map(line).collect();
        // First: an account without its line would be taken for somebody else's the next time, a line without its account not.
        let changed = !lines.is_empty() && edit::link(&self.context.config, &lines)?.is_some();
        let mut failed = 0;
        for action in &plan.actions {
            if let Err(failure) = self.carry_out(action, &mut locks) {
                complain(&Error::new(format!("{action}: {failure}")));
                failed += 1;
            }
        }
        if changed {
            service::restart();
        }
        if failed > 0 {
            return Err(Error::new(format!("{failed} of {} steps failed", plan.actions.len()))
                .mend("mend what is said above and run this again: plex-auth user sync"));
        }
        Ok(())
    }

    fn carry_out(&self, action: &Action, locks: &mut Locks) -> Result<(), Error> {
        // An SMB entry that does not follow Plex is none of our business, unless its account goes.
        let follows = self.config.samba.sync_password;
        let socket = &self.context.socket;
        match action {
            Action::Add { local, plex, .. } => {
                let home = Earlier::of(local)?.settle(local, &plex.to_string(), false)?;
                shadow_utils::add(self.turn, local, &home, self.config.group.as_deref(), *plex)?;
                forget_earlier(socket, local);
                Ok(())
            }
            Action::Lock { local, lock, .. } => {
                // First, since what is not written down is never unlocked.
                locks.insert(local.clone(), lock.clone());
                expiry_locks::keep(locks)?;
                shadow_utils::lock(local)?;
                let disabled = if follows { smb::disable(local) } else { Ok(()) };
                self.end_sessions(local, lock).and(disabled)
            }
            Action::Unlock { local, lock } => {
                shadow_utils::unlock(local, lock.expires)?;
                if follows {
                    smb::enable(local)?;
                }
                locks.remove(local);
                expiry_locks::keep(locks)
            }
            Action::Remove { local, .. } => {
                let account: Local = local_accounts::one(self.config, local)?;
                for line in remove::remove(self.turn, &account, false)? {
                    say(format!("{local}: {line}"));
                }
                forget(socket, local);
                locks.remove(local);
                expiry_locks::keep(locks)
            }
        }
    }

    /// Ends the sessions of an account that was locked, if this command has created it.
    fn end_sessions(&self, local: &str, lock: &Lock) -> Result<(), Error> {
        if self.keep_sessions || !created::is_ours(local, lock.uid) {
            return Ok(());
        }
        if let Some(ended) = sessions::end(local, lock.uid)?.shown() {
            say(format!("{local}: {ended}"));
        }
        if let Some(others) = sessions::left_alone(lock.uid) {
            warn(format!("{local}: {others}"));
        }
        Ok(())
    }
}

fn line(action: &Action) -> Option<Entry> {
    match action {
        Action::Add { local, plex, name, line: true } => {
            Some(Entry { local: local.clone(), plex: *plex, name: name.clone() })
        }
        _ => None,
    }
}

/// Lets plex-authd forget whom an account belonged to: the next one of that name is another.
pub(crate) fn forget(socket: &Path, local: &str) {
    if let Err(failure) = ask_to_forget(socket, local) {
        warn(format!("{failure}\n  what plex-authd knows of {local} is still there; then: plex-auth forget {local}"));
    }
}

/// The same for a new account, in case there was one of its name before. Nothing is lost when plex-authd does not answer:
/// at the first login the log says what to do.
pub(crate) fn forget_earlier(socket: &Path, local: &str) {
    let _ = ask_to_forget(socket, local);
}

fn ask_to_forget(socket: &Path, local: &str) -> Result<(), Error> {
    Daemon::open(socket)?.ask(AdminRequest::Forget(local.to_owned())).map(|_| ())
}
