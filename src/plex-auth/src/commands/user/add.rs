//! `plex-auth user add`

use clap::Args;

use crate::accounts::create::create;
use crate::context::Context;
use crate::error::Error;

/// Options of `plex-auth user add`.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The name of the new account
    name: String,
    /// The friend: a Plex username, e-mail address or id
    #[arg(long, value_name = "WHO", allow_hyphen_values = true)]
    plex: String,
}

pub(crate) fn run(context: &Context, args: &AddArgs) -> Result<(), Error> {
    create(context, &args.name, &args.plex, true)
}
