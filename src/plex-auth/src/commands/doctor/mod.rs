//! `plex-auth doctor`

mod accounts;
mod callers;
mod daemon;
mod decisions;
mod elsewhere;
mod fail2ban;
mod helpers;
mod listeners;
mod lsm;
mod media_server;
mod names;
mod network;
mod other_ssh;
mod plex;
mod repair;
mod samba;
mod service_names;
mod settings;
mod shadow;
mod shares;
mod sshd;
mod stacks;
mod token;
mod unbound;
mod uploads;
mod waiting;

use std::process::ExitCode;

use clap::Args;
use config::Config;
use nix::unistd::geteuid;
use protocol::counted;

use self::stacks::Service;
use crate::client::callers::Callers;
use crate::context::Context;
use crate::error::{Error, FAILED, WARNINGS};
use crate::ui::check::Checks;
use crate::ui::json;
use crate::ui::shell;
use crate::ui::terminal::{self, Status};

/// Last paragraph of `--help`.
const CODES: &str = "Exit code: 0 when all is in order, 1 when something is broken (✗), 2 when the command line is wrong, 3 when \
                     there are only warnings (!). Notes (·) are not problems. Text after \"run: \" is a command for a \
                         root shell.";

/// Options of `plex-auth doctor`.
#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub(crate) struct DoctorArgs {
    /// For programs: JSON, a list of objects with name, status (ok, info, warning, error), what and hint
    #[arg(long)]
    pub json: bool,

    /// Compare the answers of plex.tv and of the media server with what plex-auth expects, instead of the other checks
    ///
    /// The stored token is used, only to read, and each request is sent once. The report has names of fields, types and
    /// numbers of rows, and no value of a field, so that it can be shown to others.
    #[arg(long)]
    pub plex: bool,

    /// With --plex, compare sign-in, sign-out and link codes as well: asks for the owner's password
    ///
    /// Signs the owner in once, ends that sign-in, and creates one link code. plex.tv has no request that cancels a code:
    /// this one is forgotten, and expires unused.
    #[arg(long, requires = "plex")]
    pub sign_in: bool,
}

pub(crate) fn run(context: &Context, args: &DoctorArgs) -> Result<ExitCode, Error> {
    let mut checks = Checks::default();
    if args.plex {
        plex::compare(context, args.sign_in, &mut checks)?;
    } else {
        let _spinner = terminal::spinner("Checking everything");
        examine(context, geteuid().is_root(), &mut checks);
    }
    if args.json {
        json::print(&checks.all())?;
    } else {
        checks.print();
        terminal::say(summary(&checks));
    }
    Ok(ExitCode::from(match checks.worst() {
        Status::Ok | Status::Info => 0,
        Status::Error => FAILED,
        Status::Warning => WARNINGS,
    }))
}

fn summary(checks: &Checks) -> String {
    match (checks.count_of(Status::Error), checks.count_of(Status::Warning)) {
        (0, 0) => "Everything is in order.".to_owned(),
        (errors, warnings) => {
            format!("{}, {}.", counted(errors, "error", "errors"), counted(warnings, "warning", "warnings"))
        }
    }
}

/// Runs every check, in the order in which a login depends on them.
fn examine(context: &Context, root: bool, checks: &mut Checks) {
    // Everything else follows from it.
    if context.is_not_set_up() {
        return settings::not_set_up(context, checks);
    }
    let config = if root { settings::check(context, checks) } else { None };
    let config = config.as_ref();
    let owner = config.and_then(|config| network::check(config, checks));
    daemon::check(context, config, root, checks);
    let known = Callers::read(&context.socket);
    let services = stacks::check(context, config, &known, checks);
    if let Some(config) = config {
        callers::check(config, &context.config, &services, checks);
        link(config, &services, checks);
    }
    let users = config.map(|config| accounts::check(config, owner.as_ref(), checks)).unwrap_or_default();
    if let Some(config) = config {
        let unbound = unbound::check(context, config, owner.as_ref(), &users, checks);
        decisions::check(context, config, &users, &unbound, checks);
    }
    if root {
        waiting::check(checks);
        config.inspect(|config| uploads::check(config, checks));
        elsewhere::check(&services, &users, checks);
        sshd::check(config, &users, checks);
        other_ssh::check(&known, checks);
        lsm::check(checks);
    }
    samba::check(&services, checks);
    if root {
        shares::check(context, config, checks);
    }
    fail2ban::check(checks);
    if !root {
        let what = "only root can look at the configuration, the token, plex.tv, the daemon's own word, the accounts, sshd, \
                    SELinux and AppArmor";
        checks.warning("not root", what, "run: sudo plex-auth doctor");
    }
}

/// Checks that services which offer link sign-in use the module.
fn link(config: &Config, services: &[Service], checks: &mut Checks) {
    if !config.link_sign_in {
        return;
    }
    let asks = |name: &String| services.iter().any(|service| service.name == *name && service.signs_in());
    let (can, cannot): (Vec<_>, Vec<_>) = config.link_services.iter().partition(|name| asks(name));
    for name in cannot {
        let what = format!("it is offered for {name}, whose PAM stack does not use pam_plex.so");
        let hint = format!("add `auth include plex-auth` and `account include plex-auth` to /etc/pam.d/{name}");
        if can.is_empty() {
            checks.warning("link sign-in", what, hint);
        } else {
            checks.info("link sign-in", what, hint);
        }
    }
}
