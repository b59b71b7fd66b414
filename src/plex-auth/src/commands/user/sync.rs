//! `plex-auth user sync`: synchronises local accounts with the friend list.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use config::Config;
use policy::PlexId;
use protocol::KnownAccount;

use super::plan::{Action, Given, Plan, candidates, plan};
use super::{remove, sessions, smb};
use crate::accounts::earlier::Earlier;
use crate::accounts::expiry_locks::{self, AccountsLock, Lock, Locks};
use crate::accounts::local_accounts::Local;
use crate::accounts::make::{Wanted, make};
use crate::accounts::names::Availability;
use crate::accounts::people::People;
use crate::accounts::purpose::Purpose;
use crate::accounts::{created, ids, local_accounts, media, names, people, shadow_utils};
use crate::client::daemon;
use crate::client::friends::Friends;
use crate::client::known_binding::KnownBinding;
use crate::client::service_manager;
use crate::config_file::users::{self, UserEntry};
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{complain, confirm, is_interactive, say, warn};

/// Options of `plex-auth user sync`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub(crate) struct SyncArgs {
    /// Show what would change and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Make the changes without asking, even if more than half of the accounts would be locked
    ///
    /// This does not include new accounts: friends choose their own names, so you confirm each one once.
    #[arg(long)]
    yes: bool,
    /// Create new accounts without asking, under names that begin with this prefix
    ///
    /// The prefix ends with - or _, as in plex-: the friend alice gets the account plex-alice. Existing accounts keep
    /// their names.
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// Remove the accounts of former friends instead of locking them; homes are kept, readable only by root
    #[arg(long)]
    remove: bool,
    /// Do not end open sessions of accounts that are locked
    #[arg(long)]
    keep_sessions: bool,
    /// Use plex-authd's cached list, at most a few minutes old, and do not contact plex.tv
    #[arg(long)]
    ask_daemon: bool,
}

pub(crate) fn run(context: &Context, args: &SyncArgs) -> Result<(), Error> {
    args.prefix.as_deref().map(names::check_prefix).transpose().map_err(unchanged)?;
    let config = context.load().map_err(unchanged)?;
    let turn = if args.dry_run { None } else { Some(expiry_locks::lock_accounts()?) };
    if let Some(turn) = &turn {
        ids::note(turn)?;
    }
    let friends = if args.ask_daemon { Friends::from_daemon(context, &config) } else { Friends::read(&config) };
    let friends = friends.map_err(unchanged)?;
    if let Some(why) = friends.uncertainty() {
        return Err(unchanged(Error::new(why))
            .hint("check the list: plex-auth friends; and run this again when plex.tv answers as usual"));
    }
    let purpose = Purpose::recorded(&config).map_err(unchanged)?;
    let locks = expiry_locks::read()?;
    // Needed once accounts are locked; nothing is changed if it is damaged.
    created::read()?;
    let people = people::read()?;
    let given = Facts { friends: &friends, locks: &locks, people: &people, purpose: purpose.as_ref() };
    let mut plan = plan_of(context, &config, &given, args).map_err(unchanged)?;
    // The names are printed to standard output: who sends that elsewhere has not seen them.
    let asks = !args.yes && is_interactive() && std::io::stdout().is_terminal();
    let unchosen = if purpose.is_some() { Vec::new() } else { plan.take_new() };
    let waiting = if args.dry_run || asks { Vec::new() } else { plan.take_unseen() };
    for action in &plan.actions {
        say(action);
    }
    let notes = plan.notes.iter().cloned().chain(waiting.iter().filter_map(waits));
    for note in notes.chain(unchosen.iter().filter_map(waits_for_a_choice)) {
        say(note);
    }
    let Some(turn) = turn else {
        if plan.is_drastic() {
            warn(drastic(&plan));
        }
        say(if plan.actions.is_empty() && unchosen.is_empty() {
            "Accounts and friend list match; nothing to do."
        } else {
            "Nothing was changed."
        });
        return Ok(());
    };
    let nothing_to_do = plan.actions.is_empty();
    let mut unseen = waiting;
    if !nothing_to_do {
        agree(&plan, args)?;
        if asks && !agrees_to_names(&plan)? {
            // The other steps do not depend on them.
            unseen = plan.take_unseen();
        }
    }
    // The owner's agreement to a name outlives the wait for a choice.
    let unseen = unseen.iter().chain(unchosen.iter().filter(|action| action.is_unseen()));
    let waiting: Vec<_> = unseen.filter_map(new_account).collect();
    let seen: Vec<_> = plan.actions.iter().filter_map(new_account).collect();
    people::note_run(&turn, &seen, &plan.served, &waiting)?;
    if nothing_to_do && waiting.is_empty() {
        say("Accounts and friend list match; nothing to do.");
    }
    let work =
        Work { context, config: &config, turn: &turn, friends: &friends, purpose, keep_sessions: args.keep_sessions };
    let done = work.perform(&plan, locks);
    // An hourly run would complain again and again where nothing can be mounted.
    if !args.ask_daemon {
        media::apply_to_all(&config)?;
    }
    done
}

/// Asks about the new accounts, whose names the owner sees above the question. True if there are none.
fn agrees_to_names(plan: &Plan) -> Result<bool, Error> {
    let count = plan.actions.iter().filter(|action| matches!(action, Action::Add { seen: false, .. })).count();
    match count {
        0 => Ok(true),
        1 => confirm("Create this new account?", false),
        _ => confirm(&format!("Create these {count} new accounts?"), false),
    }
}

/// The note about a new account that waits for the owner.
fn waits(action: &Action) -> Option<String> {
    let Action::Add { local, plex, name, .. } = action else { return None };
    Some(format!(
        "waits for you: {local}: for {name} (Plex id {plex}), a name that you have not seen: plex-auth user sync at a terminal, \
         or plex-auth user add {local} --plex {plex}"
    ))
}

/// The note about a new account while the owner has not chosen what friends may do.
fn waits_for_a_choice(action: &Action) -> Option<String> {
    let Action::Add { local, plex, name, .. } = action else { return None };
    Some(format!(
        "waits for you: {local}: for {name} (Plex id {plex}): what friends may do on this machine has not been chosen: plex-auth \
         setup; or plex-auth user add {local} --plex {plex} --files, or --shell in its place"
    ))
}

fn new_account(action: &Action) -> Option<(PlexId, String)> {
    if let Action::Add { local, plex, .. } = action { Some((*plex, local.clone())) } else { None }
}

fn unchanged(failure: Error) -> Error {
    failure.nothing_changed()
}

fn drastic(plan: &Plan) -> String {
    let all = protocol::counted(plan.in_use(), "account", "accounts");
    format!("{} of {all} would be gone at once; is the friend list right?", plan.going())
}

/// Asks for confirmation of removals, and of a plan that is probably due to a wrong list.
fn agree(plan: &Plan, args: &SyncArgs) -> Result<(), Error> {
    let removing = plan.actions.iter().any(|action| matches!(action, Action::Remove { .. }));
    if args.yes || !(removing || plan.is_drastic()) {
        return Ok(());
    }
    let why = if plan.is_drastic() { drastic(plan) } else { "accounts would be removed".to_owned() };
    if is_interactive() {
        warn(&why);
        if confirm("Do it?", false)? {
            return Ok(());
        }
        return Err(unchanged(Error::new("cancelled")));
    }
    Err(unchanged(Error::new(why)).hint("look at it: plex-auth friends; then, to do it: plex-auth user sync --yes"))
}

/// Inputs of a run.
struct Facts<'a> {
    friends: &'a Friends,
    locks: &'a Locks,
    people: &'a People,
    /// Purpose of new accounts.
    purpose: Option<&'a Purpose>,
}

fn plan_of(context: &Context, config: &Config, facts: &Facts, args: &SyncArgs) -> Result<Plan, Error> {
    let &Facts { friends, locks, people, purpose } = facts;
    let locals = local_accounts::managed(config)?;
    let prefix = args.prefix.as_deref();
    let (mut taken, mut left) = (BTreeMap::new(), BTreeMap::new());
    for name in candidates(friends, &config.users, people, prefix) {
        match names::availability(&name, config.group.as_deref())? {
            Availability::Free => {
                left.extend(purpose.and_then(|purpose| left_behind(&name, purpose)).map(|why| (name, why)));
            }
            other => {
                taken.insert(name, other);
            }
        }
    }
    let known = daemon::known_accounts(&context.socket).inspect_err(|failure| warn(failure)).ok();
    let binding = |known: KnownAccount| (known.user.clone(), KnownBinding::of(&known));
    let bindings = known.map(|known| known.into_iter().map(binding).collect::<BTreeMap<_, _>>());
    Ok(plan(&Given {
        friends,
        users: &config.users,
        people,
        prefix,
        locals: &locals,
        taken: &taken,
        left: &left,
        bindings: bindings.as_ref(),
        locks,
        today: today(),
        remove: args.remove,
    }))
}

fn today() -> i64 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds / 86_400).unwrap_or(i64::MAX)
}

/// Leftovers of an earlier account of this name, because of which no account is created.
fn left_behind(name: &str, purpose: &Purpose) -> Option<String> {
    match Earlier::of(name, purpose) {
        Ok(earlier) => earlier.shown().map(|what| format!("an earlier account called {name} has left {what}")),
        Err(failure) => Some(failure.into_parts().0),
    }
}

/// Shared inputs of the steps.
struct Work<'a> {
    context: &'a Context,
    config: &'a Config,
    turn: &'a AccountsLock,
    friends: &'a Friends,
    /// Purpose of new accounts; the plan has none without it.
    purpose: Option<Purpose>,
    keep_sessions: bool,
}

impl Work<'_> {
    /// Performs all steps. A failure is printed and does not affect the others.
    fn perform(&self, plan: &Plan, mut locks: Locks) -> Result<(), Error> {
        let lines: Vec<_> = plan.actions.iter().filter_map(line).collect();
        // First: without its entry, a new account would map to any Plex account that has its name.
        let changed = !lines.is_empty() && users::link(&self.context.config, &lines)?.is_some();
        let mut failed = 0;
        for action in &plan.actions {
            if let Err(failure) = self.carry_out(action, &mut locks) {
                complain(&Error::new(format!("{action}: {failure}")));
                failed += 1;
            }
        }
        if changed {
            service_manager::restart();
        }
        if failed > 0 {
            return Err(Error::new(format!(
                "{failed} of {} failed",
                protocol::counted(plan.actions.len(), "step", "steps")
            ))
            .hint("fix the errors above, then run again: plex-auth user sync"));
        }
        Ok(())
    }

    fn carry_out(&self, action: &Action, locks: &mut Locks) -> Result<(), Error> {
        // An SMB entry that is not synchronised is left as it is, unless its account is removed.
        let follows = self.config.samba.sync_password;
        let socket = &self.context.socket;
        match action {
            Action::Add { local, plex, .. } => {
                let unchosen = || Error::new("what friends may do on this machine has not been chosen");
                let purpose = self.purpose.as_ref().ok_or_else(unchosen)?;
                let home = Earlier::of(local, purpose)?.settle(local, &plex.to_string(), false)?;
                let person = self.friends.get(&plex.to_string());
                let username = person.and_then(|person| person.username.as_deref());
                let group = self.config.group.as_deref();
                make(self.turn, &Wanted { local, plex: *plex, username, home: &home, group, purpose })?;
                people::note_account(self.turn, *plex, local)?;
                // Nothing is lost if the daemon does not answer: the log says at the first login what to do.
                let _ = daemon::forget(socket, local);
                Ok(())
            }
            Action::Lock { local, lock, .. } => {
                // Recorded first, since only recorded locks are removed again.
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
                for line in remove::remove(self.turn, socket, &account, false)? {
                    say(format!("{local}: {line}"));
                }
                remove::forget(socket, local);
                locks.remove(local);
                expiry_locks::keep(locks)
            }
        }
    }

    /// Ends the sessions of a locked account, if this command created it.
    fn end_sessions(&self, local: &str, lock: &Lock) -> Result<(), Error> {
        if self.keep_sessions || !created::is_ours(local, lock.uid)? {
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

fn line(action: &Action) -> Option<UserEntry> {
    match action {
        Action::Add { local, plex, name, .. } => {
            Some(UserEntry { local: local.clone(), plex: *plex, name: name.clone() })
        }
        _ => None,
    }
}
