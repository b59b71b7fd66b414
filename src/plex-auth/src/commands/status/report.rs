//! JSON output of `plex-auth status`: every value has a name.

use protocol::{FriendListStatus, SentCounts, Status};
use serde::Serialize;

/// Status of the daemon. Durations are in seconds.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    version: &'a str,
    uptime: u64,
    configuration: Configuration<'a>,
    /// `None` without a token.
    friend_list: Option<FriendList<'a>>,
    plex_tv: Service<'a>,
    link_codes: Service<'a>,
    failed_sign_ins: FailedSignIns,
    requests_last_hour: &'a SentCounts,
    cached_passwords: u32,
    logins_in_progress: u32,
    verdicts: Verdicts,
    /// Local names of the friends whose new account the owner has not confirmed.
    waiting: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Configuration<'a> {
    file: &'a str,
    age: u64,
}

#[derive(Debug, Serialize)]
struct FriendList<'a> {
    /// `None` while there is no list.
    people: Option<u32>,
    age: Option<u64>,
    /// Why the last attempt to read it failed.
    error: Option<&'a str>,
    /// Why it is from the second source.
    second_source: Option<&'a str>,
    /// Why it is in doubt.
    doubt: Option<&'a str>,
}

/// Something that plex.tv provides, and that a circuit breaker can pause.
#[derive(Debug, Serialize)]
struct Service<'a> {
    available: bool,
    paused: Option<Pause<'a>>,
}

#[derive(Debug, Serialize)]
struct Pause<'a> {
    reason: &'a str,
    seconds_left: u64,
}

/// Sign-ins of the last hour that plex.tv rejected.
#[derive(Debug, Serialize)]
struct FailedSignIns {
    last_hour: u32,
    limit: u32,
}

/// Requests decided since the start, by outcome.
#[derive(Debug, Serialize)]
struct Verdicts {
    accepted: u64,
    denied: u64,
    throttled: u64,
    unavailable: u64,
}

impl<'a> Report<'a> {
    pub(super) fn of(status: &'a Status, waiting: Vec<String>) -> Self {
        let [accepted, denied, throttled, unavailable] = status.verdicts;
        Self {
            version: &status.version,
            uptime: status.uptime,
            configuration: Configuration { file: &status.config, age: status.config_age },
            friend_list: status.friends.as_ref().map(FriendList::of),
            plex_tv: Service::of(status.closed.as_ref()),
            // While plex.tv is not contacted at all, no link code is requested either.
            link_codes: Service::of(status.closed.as_ref().or(status.link_closed.as_ref())),
            failed_sign_ins: FailedSignIns { last_hour: status.rejected, limit: status.rejected_per_hour },
            requests_last_hour: &status.sent,
            cached_passwords: status.remembered,
            logins_in_progress: status.under_way,
            verdicts: Verdicts { accepted, denied, throttled, unavailable },
            waiting,
        }
    }
}

impl<'a> FriendList<'a> {
    fn of(list: &'a FriendListStatus) -> Self {
        let FriendListStatus { people, age, failing, second_source, doubt } = list;
        let [error, second_source, doubt] = [failing, second_source, doubt].map(Option::as_deref);
        Self { people: *people, age: *age, error, second_source, doubt }
    }
}

impl<'a> Service<'a> {
    fn of(breaker: Option<&'a (String, u64)>) -> Self {
        let paused = breaker.map(|(reason, seconds_left)| Pause { reason, seconds_left: *seconds_left });
        Self { available: paused.is_none(), paused }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn every_value_of_the_report_has_a_name() {
        let list = FriendListStatus {
            people: Some(4),
            age: Some(3),
            failing: None,
            second_source: None,
            doubt: Some("it lacks 2 of 3 people".into()),
        };
        let status = Status {
            version: "1".into(),
            config: "/etc/plex-auth.toml".into(),
            friends: Some(list),
            link_closed: Some(("too many codes".into(), 60)),
            verdicts: [4, 3, 2, 1],
            ..Status::default()
        };
        let shown = serde_json::to_value(Report::of(&status, vec!["frank".into()])).unwrap();
        let expected = serde_json::json!({
            "version": "1",
            "uptime": 0,
            "configuration": {"file": "/etc/plex-auth.toml", "age": 0},
            "friend_list":
                {"people": 4, "age": 3, "error": null, "second_source": null, "doubt": "it lacks 2 of 3 people"},
            "plex_tv": {"available": true, "paused": null},
            "link_codes": {"available": false, "paused": {"reason": "too many codes", "seconds_left": 60}},
            "failed_sign_ins": {"last_hour": 0, "limit": 0},
            "requests_last_hour": {
                "accepted": 0, "rejected": 0, "code_required": 0, "undecided": 0,
                "link_codes": 0, "polls": 0, "revocations": 0, "lists": 0,
            },
            "cached_passwords": 0,
            "logins_in_progress": 0,
            "verdicts": {"accepted": 4, "denied": 3, "throttled": 2, "unavailable": 1},
            "waiting": ["frank"],
        });
        assert_eq!(shown, expected);
    }
}
