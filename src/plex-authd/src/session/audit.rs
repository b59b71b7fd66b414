//! The log line of a login, which fail2ban matches, and its entry in the audit log.

use std::fmt;
use std::time::Duration;

use policy::{Origin, Outcome, Phase, PlexId};
use protocol::{Login, LoginRequest, Severity, printable};

use crate::auth::outcome::LoginResult;
use crate::clock;
use crate::log::{Log, Share};

/// The longest value of a log line, in characters.
const MAX_VALUE: usize = 128;

/// The longest sentence in the audit log, in characters.
const MAX_SENTENCE: usize = 512;

/// The outcome of a request in its phase.
pub(crate) fn outcome(result: &LoginResult, phase: protocol::Phase) -> Outcome {
    let phase = match phase {
        protocol::Phase::Authenticate => Phase::Authenticate,
        protocol::Phase::Account => Phase::Account,
        protocol::Phase::Password => Phase::Password,
    };
    result.as_ref().map_or_else(|reason| reason.outcome(phase), |_| Outcome::Success)
}

/// Content of a log line, without the result.
pub(crate) struct Report<'a> {
    pub request: &'a LoginRequest,
    /// The Plex account that the local one is mapped to, if it is known.
    pub id: Option<PlexId>,
    /// The user of the calling process.
    pub caller: u32,
    /// The caller is trusted to name the remote host. Any user can send a request about themselves with a false host,
    /// and fail2ban must not ban it.
    pub is_trusted: bool,
    /// The decision is only explained, by `plex-auth test`.
    pub is_explained: bool,
    pub took: Duration,
}

impl Report<'_> {
    /// Writes the log line, within the share of the login's origin. For an account that is not managed it is a debug line: every
    /// sudo of such a user causes one.
    pub(crate) fn write(&self, result: &LoginResult, origin: &Origin, log: &Log) {
        let reason = match result {
            Ok((id, evidence)) => {
                let share = Share::Accepted { account: self.request.user.clone(), origin: origin.to_string() };
                return log.limited(share, Severity::Info, || self.line("accepted", *id, evidence));
            }
            Err(reason) => reason,
        };
        let outcome = outcome(result, self.request.phase);
        let (severity, id) = match outcome {
            Outcome::NotManaged => (Severity::Debug, None),
            Outcome::LocalFirst => (Severity::Debug, self.id),
            Outcome::Unavailable => (Severity::Warning, self.id),
            _ => (Severity::Notice, self.id),
        };
        log.limited(self.share(outcome, origin), severity, || self.line(outcome.as_str(), id, reason));
    }

    /// The share of a refusal's line.
    fn share(&self, outcome: Outcome, origin: &Origin) -> Share {
        if self.caller != 0 && !self.is_trusted {
            return Share::Caller(self.caller);
        }
        match outcome {
            Outcome::WrongSecret | Outcome::NotAllowed | Outcome::Throttled => Share::WrongGuess(origin.to_string()),
            _ => Share::Refused(origin.to_string()),
        }
    }

    /// Entry of the audit log; `None` if the login is not this daemon's.
    pub(crate) fn login(&self, result: &LoginResult) -> Option<Login> {
        let (outcome, id) = match result {
            Ok((id, _)) => ("accepted", *id),
            Err(_) => (name(outcome(result, self.request.phase))?, self.id),
        };
        let text = |item: Option<&str>| item.map(|item| printable(item, MAX_VALUE));
        let request = self.request;
        Some(Login {
            at: clock::to_wall_clock(clock::now()) / 1000,
            user: printable(&request.user, protocol::MAX_NAME),
            plex_id: id.map(|id| id.0),
            service: text(request.service.as_deref()),
            rhost: text(self.rhost()),
            phase: phase(request).into(),
            outcome: outcome.into(),
            why: printable(&sentence(result), MAX_SENTENCE),
            test: self.is_explained,
            caller: Some(self.caller),
            // Given by the audit log.
            number: 0,
        })
    }

    fn line(&self, verdict: &str, id: Option<PlexId>, why: &dyn fmt::Display) -> String {
        let Self { request, caller, took, .. } = self;
        let phase = phase(request);
        let id = id.map_or_else(|| "-".to_owned(), |id| id.to_string());
        format!(
            "{verdict} user={} plex_id={id} service={} rhost={} phase={phase} caller={caller} ms={}: {why}",
            quoted(Some(&request.user)),
            quoted(request.service.as_deref()),
            quoted(self.rhost()),
            took.as_millis()
        )
    }

    fn rhost(&self) -> Option<&str> {
        self.request.rhost.as_deref().filter(|_| self.is_trusted)
    }
}

fn phase(request: &LoginRequest) -> &'static str {
    match request.phase {
        protocol::Phase::Authenticate => "auth",
        protocol::Phase::Account => "account",
        protocol::Phase::Password => "password",
    }
}

/// Name of an outcome other than success; `None` if the login is not this daemon's.
fn name(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::NotManaged | Outcome::LocalFirst => None,
        refused => Some(refused.as_str()),
    }
}

/// Why a login was accepted or refused, as in the log.
pub(crate) fn sentence(result: &LoginResult) -> String {
    match result {
        Ok((_, evidence)) => evidence.to_string(),
        Err(reason) => reason.to_string(),
    }
}

/// A quoted value, without characters that could end the quotes.
fn quoted(value: Option<&str>) -> String {
    format!("\"{}\"", printable(value.unwrap_or("-"), MAX_VALUE).replace(['"', '\\'], "?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r70_lines_that_fail2ban_counts_draw_on_a_share_that_no_other_line_does() {
        let request = LoginRequest {
            version: protocol::VERSION,
            phase: protocol::Phase::Authenticate,
            user: "alice".into(),
            service: Some("sshd".into()),
            tty: None,
            rhost: Some("192.0.2.1".into()),
            ruser: None,
            link: false,
            plex_only: false,
            one_prompt: false,
            terminal: false,
            screen: None,
        };
        let report = |caller, is_trusted| {
            let took = Duration::ZERO;
            Report { request: &request, id: None, caller, is_trusted, is_explained: false, took }
        };
        let origin = Origin::from("192.0.2.1");
        let (guess, other) = (Share::WrongGuess(origin.to_string()), Share::Refused(origin.to_string()));
        let cases = [
            (Outcome::WrongSecret, &guess),
            (Outcome::NotAllowed, &guess),
            (Outcome::Throttled, &guess),
            (Outcome::NotManaged, &other),
            (Outcome::LocalFirst, &other),
            (Outcome::Unavailable, &other),
            (Outcome::ConversationFailed, &other),
        ];
        for (outcome, share) in cases {
            assert_eq!(report(0, true).share(outcome, &origin), *share, "{outcome:?}");
            assert_eq!(report(33, true).share(outcome, &origin), *share, "{outcome:?}");
            assert_eq!(report(1000, false).share(outcome, &origin), Share::Caller(1000), "{outcome:?}");
        }
    }
}
