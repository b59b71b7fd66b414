//! `plex-auth status`

use std::process::ExitCode;

use clap::Args;
use protocol::{AdminRequest, AdminResponse, FriendListStatus, Status};

use crate::client::daemon::{self, Daemon};
use crate::context::Context;
use crate::error::Error;
use crate::ui::json;
use crate::ui::terminal::{bold, print, say};
use crate::ui::time::span;

/// Options of `plex-auth status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// For programs: JSON
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(context: &Context, args: &StatusArgs) -> Result<ExitCode, Error> {
    let AdminResponse::Status(status) = Daemon::open(&context.socket)?.ask(AdminRequest::Status)? else {
        return Err(daemon::unexpected_reply());
    };
    if args.json {
        json::print(&status)?;
    } else {
        say(bold(format!("plex-authd {}, running for {}", status.version, span(status.uptime))));
        print(&shown(&status));
    }
    Ok(ExitCode::SUCCESS)
}

/// The status, a line for each part.
fn shown(status: &Status) -> String {
    let plex_tv = match &status.closed {
        None => "may be asked".to_owned(),
        Some((why, left)) => format!("left alone for {}: {why}", span(*left)),
    };
    let [accepted, denied, throttled, unavailable] = status.verdicts;
    let lines = [
        ("configuration", status.config.clone()),
        ("friend list", status.friends.as_ref().map_or_else(|| "none: there is no token".into(), friends)),
        ("plex.tv", plex_tv),
        ("rejected there", format!("{} of {} sign-ins within the hour", status.rejected, status.rejected_per_hour)),
        ("remembered", counted(status.remembered, "password", "passwords")),
        ("under way", counted(status.under_way, "login", "logins")),
        (
            "since the start",
            format!("{accepted} accepted, {denied} denied, {throttled} throttled, {unavailable} unavailable"),
        ),
    ];
    let line = |(name, value): &(&str, String)| format!("{name:<17}{}", protocol::printable(value, 600));
    lines.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn friends(list: &FriendListStatus) -> String {
    let part =
        |what: &str, why: &Option<String>| why.as_ref().map(|why| format!("; {what}: {why}")).unwrap_or_default();
    let failing = part("it cannot be read now", &list.failing);
    let doubt = part("it is in doubt", &list.doubt);
    let source = part("from the second source", &list.second_source);
    match (list.people, list.age) {
        (Some(people), Some(age)) => {
            format!("{}, read {} ago{source}{doubt}{failing}", counted(people, "person", "people"), span(age))
        }
        _ => format!("none yet{failing}"),
    }
}

fn counted(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
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
            remembered: 1,
            verdicts: [4, 3, 2, 1],
            ..Status::default()
        };
        let text = "configuration    /etc/plex-auth.toml\n\
                    friend list      1 person, read 1m 1s ago\n\
                    plex.tv          may be asked\n\
                    rejected there   2 of 30 sign-ins within the hour\n\
                    remembered       1 password\n\
                    under way        0 logins\n\
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
        assert!(text.contains("1m 1s ago; it cannot be read now: plex.tv:? no connection\n"), "{text}");
        assert!(text.contains("plex.tv          left alone for 30m: it has had enough\n"), "{text}");
        let second_source = Some("plex.tv: answered 404".to_owned());
        let second = FriendListStatus { second_source, doubt: Some("it lacks 2 of 3 people".into()), ..list.clone() };
        let text = shown(&Status { friends: Some(second), ..well.clone() });
        let expected =
            "1m 1s ago; from the second source: plex.tv: answered 404; it is in doubt: it lacks 2 of 3 people\n";
        assert!(text.contains(expected), "{text}");
        let none = FriendListStatus { people: None, age: None, failing, ..list.clone() };
        assert!(shown(&Status { friends: Some(none), ..well.clone() }).contains("none yet; it cannot be read now"));
        assert!(shown(&Status { friends: None, ..well }).contains("none: there is no token"));
    }
}
