//! `plex-auth test`: plex-authd's own decision about a user, step by step.

mod configuration;

use std::process::ExitCode;

use clap::Args;
use config::{Config, Source};
use nix::unistd::geteuid;
use policy::Reason;
use protocol::{Phase, TraceStep, Verdict, printable};
use serde::Serialize;

use crate::accounts::local_accounts::canonical_name;
use crate::client::callers::{self, Caller, Callers};
use crate::client::conversation::explain;
use crate::client::{origin, trace};
use crate::context::Context;
use crate::error::{Error, FAILED};
use crate::ui::check::{Check, Checks};
use crate::ui::json;
use crate::ui::terminal::{bold, say};

/// Options of `plex-auth test`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The local account
    pub user: String,

    /// Prompt for the password too, and let plex-authd check it
    #[arg(long)]
    pub password: bool,

    /// Test a login by this PAM service
    #[arg(long, value_name = "NAME", default_value = "plex-auth")]
    pub service: String,

    /// Show whether a rate limit would refuse a sign-in from this address now
    #[arg(long, value_name = "ADDRESS", value_parser = origin::parse)]
    pub from: Option<String>,

    /// For programs: JSON
    #[arg(long)]
    pub json: bool,
}

/// JSON output.
#[derive(Serialize)]
struct Report<'a> {
    user: &'a str,
    service: &'a str,
    password: bool,
    let_in: bool,
    checks: &'a [Check],
}

/// plex-authd's verdict on one phase, with its steps.
struct Decision {
    verdict: Verdict,
    steps: Vec<TraceStep>,
    reason: String,
}

pub(crate) fn run(context: &Context, args: &ExplainArgs) -> Result<ExitCode, Error> {
    let name = canonical_name(&args.user);
    let user = printable(&name, protocol::MAX_NAME);
    if !geteuid().is_root() {
        return Err(Error::new("only root can see the whole decision").hint(format!("run: sudo plex-auth test {user}")));
    }
    let mut checks = Checks::new(!args.json);
    let config = configuration::check(context, &mut checks);
    let caller = Callers::read(&context.socket).of(&args.service);
    if let Some(caller) = &caller {
        checks.ok("caller", format!("{} calls the module as {caller}", args.service));
    }
    let decide = |phase, from| decide(context, &name, &args.service, phase, from, caller.as_ref());
    let account = decide(Phase::Account, args.from.as_deref());
    let mut is_held = false;
    if let Ok(decision) = &account {
        is_held = decision.steps.iter().any(|step| matches!(step, TraceStep::Held { is_asked: true, .. }));
        for check in trace::checks(&decision.steps, &user, config.as_ref(), &context.config) {
            checks.add(check);
        }
    }
    let advice = caller.as_ref().map(|caller| callers::advice(caller, config.as_ref(), &context.config));
    let add = |decision, phase, checks: &mut _| add(decision, phase, config.as_ref(), advice.as_deref(), checks);
    let account = add(account, Phase::Account, &mut checks);
    let tried = args.password && account.is_some();
    let let_in = if tried {
        let decision = decide(Phase::Authenticate, None);
        let signed_in = add(decision, Phase::Authenticate, &mut checks);
        [account, signed_in] == [Some(Verdict::Success); 2] && !is_held
    } else {
        account.is_some() && checks.are_good()
    };
    if args.json {
        let ExplainArgs { service, password, .. } = args;
        json::print(&Report { user: &name, service, password: *password, let_in, checks: checks.all() })?;
    } else {
        say(bold(conclusion(&user, tried, let_in)));
    }
    Ok(if let_in { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn conclusion(user: &str, password: bool, let_in: bool) -> String {
    match (let_in, password) {
        (true, true) => format!("{user} would have been let in with this password."),
        (true, false) => format!("{user} would be let in with the right password."),
        (false, true) => format!("{user} would not have been let in."),
        (false, false) => format!("{user} would not be let in."),
    }
}

/// Lets plex-authd decide about a phase of a login. Its prompts are shown here.
fn decide(
    context: &Context,
    user: &str,
    service: &str,
    phase: Phase,
    from: Option<&str>,
    caller: Option<&Caller>,
) -> Result<Decision, Error> {
    let caller = caller.map(|caller| caller.user.uid.as_raw());
    let explained = explain(&context.socket, user, service, phase, from, caller);
    let (verdict, trace) = explained.map_err(|error| context.explain(error))?;
    let (steps, reason) = trace.map_or_else(Default::default, |trace| (trace.steps, trace.reason));
    Ok(Decision { verdict, steps, reason })
}

/// Adds the check of a phase; returns the verdict, unless plex-authd is not available.
fn add(
    decision: Result<Decision, Error>,
    phase: Phase,
    config: Option<&Config>,
    advice: Option<&str>,
    checks: &mut Checks,
) -> Option<Verdict> {
    let name = match phase {
        Phase::Account => "account phase",
        Phase::Password => "password phase",
        Phase::Authenticate => "sign-in",
    };
    match decision {
        Ok(Decision { verdict, reason, .. }) => {
            checks.add(phase_check(name, verdict, &reason, config, advice));
            Some(verdict)
        }
        Err(error) => {
            let (what, hint) = error.into_parts();
            // Where nothing is set up, the configuration is missing for plex-authd too.
            if checks.all().iter().any(|check| check.what() == what) {
                return None;
            }
            let check = Check::error(name, what);
            checks.add(match hint {
                Some(hint) => check.hint(hint),
                None => check,
            });
            None
        }
    }
}

/// `advice` is what makes plex-authd answer the program's user.
fn phase_check(name: &str, verdict: Verdict, reason: &str, config: Option<&Config>, advice: Option<&str>) -> Check {
    let without_list = config.is_some_and(|config| matches!(config.source, Source::Resources { .. }));
    let refused = |word: &str| Check::error(name, format!("{word}: {reason}"));
    match verdict {
        Verdict::Success => Check::ok(name, format!("accepted: {reason}")),
        // Without a token, the account phase relies on an earlier sign-in.
        Verdict::NotAllowed if without_list && reason == Reason::NoSignInYet.to_string() => {
            Check::warning(name, format!("refused before their first sign-in: {reason}"))
        }
        Verdict::NotManaged => refused("not managed"),
        Verdict::Throttled => refused("throttled").hint("see what happened: plex-auth logins"),
        Verdict::Unavailable => refused("unavailable").hint("run: plex-auth doctor"),
        _ => match advice.filter(|_| reason == Reason::NotYourAccount.to_string()) {
            Some(advice) => refused("denied").hint(advice),
            None => refused("denied"),
        },
    }
}
