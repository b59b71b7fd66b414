//! `plex-auth user`: local accounts for friends, by the system's own tools.

pub(crate) mod add;
mod created;
mod directory;
mod earlier;
mod expiry_locks;
mod home;
mod ids;
mod link;
pub(crate) mod local_accounts;
pub(crate) mod membership;
mod names;
mod plan;
mod processes;
mod remove;
mod sessions;
mod shadow_utils;
mod smb;
mod spool;
mod sync;

use std::process::ExitCode;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Error;

/// What about them.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Create a local account for a friend: without a local password, for them alone
    Add(add::Options),
    /// Say whose a local account is that there is already
    Link {
        /// The local account
        name: String,
        /// The friend: a Plex username, e-mail address or id
        #[arg(value_name = "WHO", allow_hyphen_values = true)]
        who: String,
    },
    /// Take that back
    Unlink {
        /// The local account
        name: String,
    },
    /// Remove a friend's local account and end its sessions; the home is kept for root
    Remove(remove::Options),
    /// Bring the local accounts in step with the friend list: create what is missing, lock whose friend is gone
    Sync(sync::Options),
}

pub(crate) fn run(context: &Context, task: &Task) -> Result<ExitCode, Error> {
    let command = match task {
        Task::Add(_) => "plex-auth user add",
        Task::Link { .. } => "plex-auth user link",
        Task::Unlink { .. } => "plex-auth user unlink",
        Task::Remove(_) => "plex-auth user remove",
        Task::Sync(_) => "plex-auth user sync",
    };
    Context::must_be_root(command)?;
    match task {
        Task::Add(options) => add::run(context, options),
        Task::Link { name, who } => link::link(context, name, who),
        Task::Unlink { name } => link::unlink(context, name),
        Task::Remove(options) => remove::run(context, options),
        Task::Sync(options) => sync::run(context, options),
    }
    .map(|()| ExitCode::SUCCESS)
}
