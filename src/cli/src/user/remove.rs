//! `plex-auth user remove`

use clap::Args;

use super::running::process_of;
use super::sync::forget;
use super::{locals, locks, tools};
use crate::context::Context;
use crate::edit;
use crate::failure::Failure;
use crate::setup::service;
use crate::terminal::{Mark, say};

/// How it is done.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The local account
    name: String,
    /// Delete the home with everything in it too
    #[arg(long)]
    delete_home: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<(), Failure> {
    let config = context.load()?;
    let local = locals::one(&config, &options.name)?;
    let name = local.name.as_str();
    let other = |why: &str| {
        Failure::new(format!("'{name}' was not made for Plex alone: {why}"))
            .so("nothing was changed")
            .mend(format!("take Plex from it: plex-auth user unlink {name}; or remove it all the same: userdel {name}"))
    };
    match &local.shadow {
        None => return Err(other("it is not kept on this machine")),
        Some(shadow) if shadow.password => return Err(other("it has a local password")),
        Some(_) => {}
    }
    // userdel would say so only when the SMB entry is gone already.
    if let Some(process) = process_of(local.uid) {
        return Err(Failure::new(format!("{name} is still here: {process} runs as this account"))
            .so("nothing was changed")
            .mend(format!(
                "end all that {name} runs, then again: loginctl terminate-user {name}, or pkill -u {name}"
            )));
    }
    let _turn = locks::take_turn()?;
    tools::remove(name, options.delete_home)
        .map_err(|failure| Failure::new(format!("{name} cannot be removed: {failure}")))?;
    let home = if options.delete_home { "with its home" } else { "; its home stays" };
    say(format!("{} {name} is removed {home}", Mark::Good.shown()).replace(" ;", ";"));
    let mut locks = locks::read();
    if locks.remove(name).is_some() {
        locks::keep(&locks)?;
    }
    let changed = edit::unlink(&context.config, name)?.is_some();
    forget(&context.socket, name);
    if changed {
        service::restart();
    }
    Ok(())
}
