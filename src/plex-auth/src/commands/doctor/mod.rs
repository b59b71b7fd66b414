//! `plex-auth doctor`

mod accounts;
mod checks;
mod daemon;
mod fail2ban;
mod helpers;
mod lsm;
mod network;
mod repair;
mod samba;
mod settings;
mod shadow;
mod shares;
mod sshd;
mod stacks;

use std::process::ExitCode;

use clap::Args;
use config::Config;
use nix::unistd::geteuid;

use self::checks::Findings;
use self::stacks::Service;
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{self, Status};

/// What `--help` says at its end.
const CODES: &str = "Exit code: 0 when all is in order, 1 when something is broken (✗), 2 when something should be looked at (!). \
                     Notes (·) are no fault. What begins with \"run: \" is a command for root's shell.";

/// DoctorArgs of `plex-auth doctor`.
#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub(crate) struct DoctorArgs {
    /// For programs: JSON, a list of objects with check, mark (good, note, warning, bad), what and mend
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(context: &Context, args: &DoctorArgs) -> Result<ExitCode, Error> {
    let mut findings = Findings::default();
    {
        let _spinner = terminal::spinner("looking at everything");
        examine(context, geteuid().is_root(), &mut findings);
    }
    if args.json {
        findings.say_json()?;
    } else {
        findings.say();
    }
    Ok(ExitCode::from(match findings.worst() {
        Status::Ok | Status::Info => 0,
        Status::Error => 1,
        Status::Warning => 2,
    }))
}

/// Every check, in the order in which a login comes by.
fn examine(context: &Context, root: bool, findings: &mut Findings) {
    let config = if root { settings::check(context, findings) } else { None };
    let config = config.as_ref();
    let owner = config.and_then(|config| network::check(config, findings));
    daemon::check(context, config, root, findings);
    let services = stacks::check(context, config, findings);
    if let Some(config) = config {
        link(config, &services, findings);
    }
    let users = config.map(|config| accounts::check(config, owner.as_ref(), findings)).unwrap_or_default();
    if root {
        sshd::check(config, &users, findings);
        lsm::check(findings);
    }
    samba::check(&services, findings);
    if root {
        shares::check(context, config, findings);
    }
    fail2ban::check(findings);
    if !root {
        let what = "only root can look at the configuration, the token, plex.tv, the daemon's own word, the accounts, sshd, \
                    SELinux and AppArmor";
        findings.warn("not root", what, "run: sudo plex-auth doctor");
    }
}

/// Whether link sign-in can happen where it is offered.
fn link(config: &Config, services: &[Service], findings: &mut Findings) {
    if !config.link_sign_in {
        return;
    }
    let asks = |name: &String| services.iter().any(|service| service.name == *name && service.signs_in());
    let (can, cannot): (Vec<_>, Vec<_>) = config.link_services.iter().partition(|name| asks(name));
    for name in cannot {
        let what = format!("it is offered for {name}, whose stack does not ask pam_plex.so");
        let mend = format!("add `auth include plex-auth` and `account include plex-auth` to /etc/pam.d/{name}");
        if can.is_empty() {
            findings.warn("link sign-in", what, mend);
        } else {
            findings.note("link sign-in", what, mend);
        }
    }
}
