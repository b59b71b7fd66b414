//! `plex-auth test`

mod decision;
mod people;
mod steps;
mod who;

use std::process::ExitCode;

use clap::Args;
use config::{Config, Source};
use nix::unistd::geteuid;
use policy::Reason;
use protocol::{AdminRequest, KnownAccount, Phase, Verdict, printable};
use serde::Serialize;

use self::steps::{Step, Steps};
use crate::client::daemon::Daemon;
use crate::context::Context;
use crate::error::{Error, FAILED};
use crate::ui::json;
use crate::ui::terminal;
use crate::ui::terminal::bold;

/// ExplainArgs of `plex-auth test`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The local account
    pub user: String,

    /// Ask for the password too, and let plex-authd judge it
    #[arg(long)]
    pub password: bool,

    /// Test a login by this PAM service
    #[arg(long, value_name = "NAME", default_value = "plex-auth")]
    pub service: String,

    /// For programs: JSON
    #[arg(long)]
    pub json: bool,
}

/// What a program gets to read.
#[derive(Serialize)]
struct Outcome<'a> {
    user: &'a str,
    service: &'a str,
    password: bool,
    let_in: bool,
    steps: Vec<Step>,
}

pub(crate) fn run(context: &Context, args: &ExplainArgs) -> Result<ExitCode, Error> {
    let user = printable(&args.user, protocol::MAX_NAME);
    if !geteuid().is_root() {
        return Err(Error::new("only root can see the whole decision").hint(format!("sudo plex-auth test {user}")));
    }
    let mut steps = Steps::new(args.json);
    let config = who::configuration(&context.config, &mut steps);
    let whose = who::account(&args.user, config.as_ref(), &context.config, &mut steps);
    if let (Some(config), Some(whose)) = (&config, whose) {
        let known = known(context, &args.user);
        people::look(&user, config, &whose, known.as_ref(), &mut steps)?;
    }
    let account = ask(context, args, Phase::Account, config.as_ref(), &mut steps);
    let tried = args.password && account.is_some();
    let let_in = if tried {
        let signed_in = ask(context, args, Phase::Authenticate, config.as_ref(), &mut steps);
        [account, signed_in] == [Some(Verdict::Success); 2]
    } else {
        account.is_some() && steps.are_good()
    };
    if args.json {
        let ExplainArgs { user, service, password, .. } = args;
        json::print(&Outcome { user, service, password: *password, let_in, steps: steps.done })?;
    } else {
        terminal::say(bold(conclusion(&user, tried, let_in)));
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

/// What the daemon knows of an account. An account of which it knows nothing is known, too.
fn known(context: &Context, user: &str) -> Option<KnownAccount> {
    let all: Vec<KnownAccount> = Daemon::open(&context.socket).ok()?.list(AdminRequest::Accounts).ok()?;
    let nothing = || KnownAccount { user: user.to_owned(), plex_id: None, reference: None, last_login: None };
    Some(all.into_iter().find(|known| known.user == user).unwrap_or_else(nothing))
}

/// Has the daemon decide. Nothing when it cannot be asked.
fn ask(
    context: &Context,
    args: &ExplainArgs,
    phase: Phase,
    config: Option<&Config>,
    steps: &mut Steps,
) -> Option<Verdict> {
    let check = match phase {
        Phase::Account => "account phase",
        Phase::Password => "password phase",
        Phase::Authenticate => "sign-in",
    };
    let so_far = steps.are_good();
    match decision::explain(&context.socket, &args.user, &args.service, phase) {
        Ok((verdict, why)) => {
            let without_list = config.is_some_and(|config| matches!(config.source, Source::Resources { .. }));
            steps.add(match verdict {
                Verdict::Success => Step::good(check, format!("accepted: {why}")),
                // Without a token the account phase goes by an earlier sign-in.
                Verdict::NotAllowed if without_list && why == Reason::NoSignInYet.to_string() => {
                    Step::warning(check, format!("refused before their first sign-in: {why}"))
                }
                _ => refused(check, verdict, &why, so_far, phase),
            });
            Some(verdict)
        }
        Err(failure) => {
            let (found, mend) = failure.into_parts();
            let step = Step::bad(check, found);
            steps.add(match mend {
                Some(mend) => step.mend(mend),
                None => step,
            });
            None
        }
    }
}

fn refused(check: &'static str, verdict: Verdict, why: &str, so_far: bool, phase: Phase) -> Step {
    // The log's words.
    let word = match verdict {
        Verdict::NotManaged => "not managed",
        Verdict::Throttled => "throttled",
        Verdict::Unavailable => "unavailable",
        _ => "denied",
    };
    let step = Step::bad(check, format!("{word}: {why}"));
    match (verdict, phase) {
        // What was read just now says yes, so the daemon goes by something older.
        (Verdict::NotAllowed | Verdict::NotManaged, _) if so_far => {
            step.mend("if something was changed just now: systemctl restart plex-authd, or wait for some minutes")
        }
        (Verdict::Unavailable, _) => step.mend("plex-auth doctor"),
        (Verdict::Throttled, _) => step.mend("see what happened: plex-auth logins"),
        _ => step,
    }
}
