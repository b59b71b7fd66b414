//! `plex-auth user add`

use std::path::PathBuf;

use clap::Args;

use crate::accounts::create::create;
use crate::accounts::purpose::{self, Purpose};
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::is_interactive;

/// Options of `plex-auth user add`.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The name of the new account
    name: String,
    /// The friend: a Plex username, e-mail address or id
    #[arg(long, value_name = "WHO", allow_hyphen_values = true)]
    plex: String,
    /// Create an account for files: SFTP with an upload folder of its own, no shell, no command and no forwarding
    #[arg(long, conflicts_with = "shell")]
    files: bool,
    /// Create an account with a login shell: the system's usual one, or PATH, which /etc/shells lists
    ///
    /// Without --files and --shell, the account has the purpose that was chosen in setup.
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "an option whose value is optional")]
    shell: Option<Option<PathBuf>>,
}

pub(crate) fn run(context: &Context, args: &AddArgs) -> Result<(), Error> {
    let purpose = purpose(context, args).map_err(Error::nothing_changed)?;
    create(context, &args.name, &args.plex, &purpose, true)
}

fn purpose(context: &Context, args: &AddArgs) -> Result<Purpose, Error> {
    let config = context.load()?;
    if args.files {
        return Ok(Purpose::files(&config));
    }
    match &args.shell {
        Some(Some(path)) => return Purpose::shell(Some(path)),
        Some(None) => return Purpose::configured_shell(&config),
        None => {}
    }
    if let Some(recorded) = Purpose::recorded(&config)? {
        return Ok(recorded);
    }
    if !is_interactive() {
        return Err(Error::new("what friends may do on this machine has not been chosen")
            .hint("add --files (SFTP and nothing else) or --shell; to choose for all new accounts: plex-auth setup"));
    }
    Purpose::of(purpose::ask(config::NewAccounts::Files)?, &config)
}
