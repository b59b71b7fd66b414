//! `plex-auth status`

mod report;

use std::process::ExitCode;

use clap::Args;
use protocol::{AdminRequest, AdminResponse, FriendListStatus, SentCounts, Status, counted};

use self::report::Report;
use crate::accounts::people;
use crate::client::daemon::{self, Daemon};
use crate::context::Context;
use crate::error::Error;
use crate::ui::json;
use crate::ui::terminal::{bold, say};
use crate::ui::time::span;

/// Options of `plex-auth status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Print JSON, for programs
    ///
    /// Times are in seconds. `friend_list` is null without a token; `error`, `second_source`, `doubt` and `paused` are
    /// null unless they apply. `requests_last_hour` counts what was sent to plex.tv, `verdicts` the requests decided
    /// since the start, `waiting` the local names of new friends to be confirmed with `plex-auth user sync`.
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(context: &Context, args: &StatusArgs) -> Result<ExitCode, Error> {
    let AdminResponse::Status(status) = Daemon::open(&context.socket)?.ask(AdminRequest::Status)? else {
        return Err(daemon::unexpected_reply());
    };
    // Only root can read who waits, as only root gets the status.
    let waiting: Vec<_> = people::waiting().unwrap_or_default().into_iter().map(|(local, _)| local).collect();
    if args.json {
        json::print(&Report::of(&status, waiting))?;
    } else {
        say(bold(format!("plex-authd {}, running for {}", status.version, span(status.uptime))));
        say(shown(&status).trim_end());
        if let count @ 1.. = u32::try_from(waiting.len()).unwrap_or(u32::MAX) {
            let what = counted(count, "friend waits", "friends wait");
            say(format!("{:<17}{what} for you to confirm the name: plex-auth user sync", "new accounts"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The status, a line for each part.
fn shown(status: &Status) -> String {
    let [accepted, denied, throttled, unavailable] = status.verdicts;
    let before = [
        ("configuration", status.config.clone()),
        ("friend list", status.friends.as_ref().map_or_else(|| "none: there is no token".into(), friends)),
        ("plex.tv", status.closed.as_ref().map_or_else(|| "available".to_owned(), paused)),
    ];
    // While plex.tv is not contacted at all, no link code is requested either.
    let link_codes = status.link_closed.as_ref().filter(|_| status.closed.is_none());
    let link_codes = link_codes.map(|closed| ("link codes", paused(closed)));
    let after = [
        ("failed sign-ins", format!("{} of {} allowed per hour", status.rejected, status.rejected_per_hour)),
        ("sign-ins sent", sign_ins(&status.sent)),
        ("also sent", others(&status.sent)),
        ("cached", counted(status.remembered, "password", "passwords")),
        ("in progress", counted(status.under_way, "login", "logins")),
        (
            "since the start",
            format!("{accepted} accepted, {denied} denied, {throttled} throttled, {unavailable} unavailable"),
        ),
    ];
    let line = |(name, value): (&str, String)| format!("{name:<17}{}\n", protocol::printable(&value, 600));
    before.into_iter().chain(link_codes).chain(after).map(line).collect()
}

/// An open circuit breaker: the reason, and the seconds that are left.
fn paused((why, left): &(String, u64)) -> String {
    format!("paused for {}: {why}", span(*left))
}

fn friends(list: &FriendListStatus) -> String {
    let part =
        |what: &str, why: &Option<String>| why.as_ref().map(|why| format!("; {what}: {why}")).unwrap_or_default();
    let failing = part("it cannot be read at the moment", &list.failing);
    let doubt = part("it is in doubt", &list.doubt);
    let source = part("from the second source", &list.second_source);
    match (list.people, list.age) {
        (Some(people), Some(age)) => {
            format!("{}, read {} ago{source}{doubt}{failing}", counted(people, "person", "people"), span(age))
        }
        _ => format!("none yet{failing}"),
    }
}

/// The sign-ins of the last hour, by plex.tv's answer.
fn sign_ins(sent: &SentCounts) -> String {
    let SentCounts { accepted, rejected, code_required, undecided, .. } = sent;
    let all =
        [accepted, rejected, code_required, undecided].into_iter().fold(0_u32, |sum, one| sum.saturating_add(*one));
    format!(
        "{all} in the last hour: {accepted} accepted, {rejected} rejected, {code_required} without a code, {undecided} \
         without a verdict"
    )
}

/// The other requests of the last hour.
fn others(sent: &SentCounts) -> String {
    let SentCounts { link_codes, polls, revocations, lists, .. } = sent;
    let [link_codes, polls, sign_outs, lists] = [
        counted(*link_codes, "link code", "link codes"),
        counted(*polls, "poll", "polls"),
        counted(*revocations, "sign-out", "sign-outs"),
        counted(*lists, "read of a list", "reads of lists"),
    ];
    format!("{link_codes}, {polls}, {sign_outs}, {lists}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_shown_in_lines_with_the_problems() {
        let list = FriendListStatus { people: Some(1), age: Some(61), failing: None, second_source: None, doubt: None };
        let well = Status {
            config: "/etc/plex-auth.toml".into(),
            friends: Some(list.clone()),
            rejected: 2,
            rejected_per_hour: 30,
            sent: SentCounts {
                accepted: 1,
                rejected: 2,
                code_required: 3,
                undecided: 4,
                link_codes: 1,
                polls: 6,
                revocations: 1,
                lists: 8,
            },
            remembered: 1,
            verdicts: [4, 3, 2, 1],
            ..Status::default()
        };
        let text = "configuration    /etc/plex-auth.toml\n\
                    friend list      1 person, read 1m 1s ago\n\
                    plex.tv          available\n\
                    failed sign-ins  2 of 30 allowed per hour\n\
                    sign-ins sent    10 in the last hour: 1 accepted, 2 rejected, 3 without a code, 4 without a verdict\n\
                    also sent        1 link code, 6 polls, 1 sign-out, 8 reads of lists\n\
                    cached           1 password\n\
                    in progress      0 logins\n\
                    since the start  4 accepted, 3 denied, 2 throttled, 1 unavailable\n";
        assert_eq!(shown(&well), text);
        let failing = Some("plex.tv:\u{1b} no connection".to_owned());
        let closed = Some(("it has had enough".to_owned(), 1800));
        let ill = Status {
            friends: Some(FriendListStatus { failing: failing.clone(), ..list.clone() }),
            closed,
            ..well.clone()
        };
        let text = shown(&ill);
        assert!(text.contains("1m 1s ago; it cannot be read at the moment: plex.tv:? no connection\n"), "{text}");
        assert!(text.contains("plex.tv          paused for 30m: it has had enough\n"), "{text}");
        let link_closed = Some(("too many codes".to_owned(), 60));
        assert!(!shown(&Status { link_closed: link_closed.clone(), ..ill }).contains("link codes "));
        let text = shown(&Status { link_closed, ..well.clone() });
        assert!(
            text.contains("plex.tv          available\nlink codes       paused for 1m: too many codes\n"),
            "{text}"
        );
        let second_source = Some("plex.tv: answered 404".to_owned());
        let second = FriendListStatus { second_source, doubt: Some("it lacks 2 of 3 people".into()), ..list.clone() };
        let text = shown(&Status { friends: Some(second), ..well.clone() });
        let expected =
            "1m 1s ago; from the second source: plex.tv: answered 404; it is in doubt: it lacks 2 of 3 people\n";
        assert!(text.contains(expected), "{text}");
        let none = FriendListStatus { people: None, age: None, failing, ..list.clone() };
        assert!(
            shown(&Status { friends: Some(none), ..well.clone() })
                .contains("none yet; it cannot be read at the moment")
        );
        assert!(shown(&Status { friends: None, ..well }).contains("none: there is no token"));
    }
}
