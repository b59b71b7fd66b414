//! `plex-auth setup`: from an installed package to the first friend's login.

mod answers;
mod apply;
mod approval;
mod args;
mod authselect;
mod choice;
mod confirmation;
mod diff;
mod dry_run;
mod edit;
mod finish;
mod found;
mod holders;
mod link;
mod local_server;
mod named_server;
mod network;
mod owner;
mod pam;
mod password;
mod people;
mod plan;
mod plex_errors;
mod preflight;
mod proof;
mod purpose;
mod questions;
mod review;
mod rollback;
mod server;
mod server_url;
mod sign_in;
mod sshd_part;
mod superseded;
mod token_owner;

use std::process::ExitCode;

use crate::client::plex_tv::NewIdentifier;
use crate::config_file::existing::Existing;
use crate::context::Context;
use crate::error::{Error, FAILED};
use crate::ui::terminal::{self, say};

use answers::Answers;
pub(crate) use args::SetupArgs;
use found::Found;
use network::Network;
use plan::Plan;
use questions::Asking;
use review::Next;
use superseded::Superseded;

pub(crate) fn run(context: &Context, args: &SetupArgs) -> Result<ExitCode, Error> {
    let done = perform(context, args);
    rollback::give_up();
    done
}

fn perform(context: &Context, args: &SetupArgs) -> Result<ExitCode, Error> {
    let path = context.config.as_path();
    let interactive = !args.yes && terminal::is_interactive();
    if !args.yes && !interactive {
        return Err(Error::new("there is no terminal for questions").hint(
            "accept the defaults: plex-auth setup --yes; options for all other answers: plex-auth setup --help",
        ));
    }
    if !args.dry_run {
        preflight::check(path)?;
    }
    let existing = Existing::read(path)?;
    rollback::watch();
    let asking = Asking { args, existing: &existing, interactive };
    let place = Network::of(asking)?;
    let clients = place.clients(if args.dry_run { NewIdentifier::Passing } else { NewIdentifier::Stored })?;
    let found = Found::read(&clients, asking)?;
    let mut answers = Answers::ask(&clients, asking, &found)?;
    let way = pam::way();
    let plan = loop {
        let plan = Plan::of(context, asking, &found, &mut answers, &place, way)?;
        if args.dry_run {
            return dry_run::show(context, &existing, &plan, &answers, &found.owner.account)
                .map(|()| ExitCode::SUCCESS);
        }
        if !interactive {
            plan.sshd.notes.iter().for_each(terminal::warn);
            break plan;
        }
        match review::review(&plan, &answers)? {
            Next::Apply => break plan,
            Next::Stop => {
                say("Nothing was changed.");
                return Ok(ExitCode::from(FAILED));
            }
            Next::Change(item) => answers.change(item, &clients, asking, &found)?,
        }
    };
    say("");
    let owner = &found.owner;
    let superseded = plan.wanted.token.as_ref();
    let superseded = superseded.and_then(|token| Superseded::by(token, &existing, &clients, found.local.as_ref()));
    apply::apply(context, &existing, &plan, &answers, &owner.account, superseded.as_ref())?;
    finish::say_next(&existing, &answers, &plan);
    Ok(ExitCode::SUCCESS)
}
