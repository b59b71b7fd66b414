//! `plex-auth user`: local accounts for friends, by the system's own tools.

mod add;
mod link;
mod plan;
mod processes;
mod remove;
mod sessions;
mod smb;
mod sync;

use std::process::ExitCode;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Error;

/// Subcommands of `plex-auth user`.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Create a local account for a friend, without a local password
    Add(add::AddArgs),
    /// Map an existing local account to a Plex account
    Link {
        /// The local account
        name: String,
        /// The friend: a Plex username, e-mail address or id
        #[arg(value_name = "WHO", allow_hyphen_values = true)]
        who: String,
    },
    /// Remove the mapping of a local account to a Plex account
    Unlink {
        /// The local account
        name: String,
    },
    /// Remove a friend's local account and end its sessions; the home is kept, readable only by root
    Remove(remove::RemoveArgs),
    /// Synchronise local accounts with the friend list: create missing ones, lock those of former friends
    Sync(sync::SyncArgs),
}

pub(crate) fn run(context: &Context, subcommand: &UserCommand) -> Result<ExitCode, Error> {
    let command = match subcommand {
        UserCommand::Add(_) => "plex-auth user add",
        UserCommand::Link { .. } => "plex-auth user link",
        UserCommand::Unlink { .. } => "plex-auth user unlink",
        UserCommand::Remove(_) => "plex-auth user remove",
        UserCommand::Sync(_) => "plex-auth user sync",
    };
    Context::require_root(command)?;
    match subcommand {
        UserCommand::Add(args) => add::run(context, args),
        UserCommand::Link { name, who } => link::link(context, name, who),
        UserCommand::Unlink { name } => link::unlink(context, name),
        UserCommand::Remove(args) => remove::run(context, args),
        UserCommand::Sync(args) => sync::run(context, args),
    }
    .map(|()| ExitCode::SUCCESS)
}
