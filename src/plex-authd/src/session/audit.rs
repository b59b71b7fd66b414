//! The line that a verdict leaves in the log: what an administrator reads and what fail2ban matches.

use std::fmt;
use std::time::Duration;

use policy::{Outcome, Phase, PlexId, Reason};
use protocol::{Login, LoginRequest, printable};

use crate::auth::password::Evidence;
use crate::clock;
use crate::log::Log;

/// The longest item of a login that is listed, in characters, and its longest sentence.
const LONGEST_ITEM: usize = 128;
const LONGEST_WHY: usize = 512;

/// How a question ended. The Plex account is not known where the configuration alone says that it is the owner's.
pub(crate) type LoginResult = Result<(Option<PlexId>, Evidence), Reason>;

/// The outcome of a question.
pub(crate) fn outcome(ended: &LoginResult, phase: protocol::Phase) -> Outcome {
    let phase = match phase {
        protocol::Phase::Authenticate => Phase::Authenticate,
        protocol::Phase::Account => Phase::Account,
        protocol::Phase::Password => Phase::Password,
    };
    ended.as_ref().map_or_else(|why| why.outcome(phase), |_| Outcome::Success)
}

/// Everything that stands in the line beside the outcome.
pub(crate) struct Report<'a> {
    pub hello: &'a LoginRequest,
    /// The Plex account that the local one seems to belong to.
    pub id: Option<PlexId>,
    /// The asking process's user.
    pub caller: u32,
    /// Whether that process may be believed about where the login comes from. Anybody can ask about themselves and claim to
    /// come from elsewhere, and whoever reads these lines to shut hosts out must not be led to the wrong one.
    pub believed: bool,
    pub took: Duration,
}

impl Report<'_> {
    /// Writes the line. Accounts that are not managed are not this daemon's business, and its log would fill with every sudo
    /// of theirs.
    pub(crate) fn write(&self, ended: &LoginResult, log: &Log) {
        match ended {
            Ok((id, by)) => log.info(self.line("accepted", *id, by)),
            Err(why) => match outcome(ended, self.hello.phase) {
                Outcome::NotManaged => log.debug(self.line("not-managed", None, why)),
                Outcome::LocalFirst => log.debug(self.line("local-first", self.id, why)),
                Outcome::Unavailable => log.warning(self.line("unavailable", self.id, why)),
                Outcome::Throttled => log.notice(self.line("throttled", self.id, why)),
                _ => log.notice(self.line("denied", self.id, why)),
            },
        }
    }

    /// The same for the owner's list of logins.
    pub(crate) fn login(&self, ended: &LoginResult) -> Option<Login> {
        let (outcome, id) = match ended {
            Ok((id, _)) => ("accepted", *id),
            Err(_) => (word(outcome(ended, self.hello.phase))?, self.id),
        };
        let text = |item: Option<&str>| item.map(|item| printable(item, LONGEST_ITEM));
        let hello = self.hello;
        Some(Login {
            at: clock::to_wall_clock(clock::now()) / 1000,
            user: printable(&hello.user, protocol::MAX_NAME),
            plex_id: id.map(|id| id.0),
            service: text(hello.service.as_deref()),
            rhost: text(self.rhost()),
            phase: phase(hello).into(),
            outcome: outcome.into(),
            why: printable(&why(ended), LONGEST_WHY),
        })
    }

    fn line(&self, verdict: &str, id: Option<PlexId>, why: &dyn fmt::Display) -> String {
        let Self { hello, caller, took, .. } = self;
        let phase = phase(hello);
        let id = id.map_or_else(|| "-".to_owned(), |id| id.to_string());
        format!(
            "{verdict} user={} plex_id={id} service={} rhost={} phase={phase} caller={caller} ms={}: {why}",
            quoted(Some(&hello.user)),
            quoted(hello.service.as_deref()),
            quoted(self.rhost()),
            took.as_millis()
        )
    }

    fn rhost(&self) -> Option<&str> {
        self.hello.rhost.as_deref().filter(|_| self.believed)
    }
}

fn phase(hello: &LoginRequest) -> &'static str {
    match hello.phase {
        protocol::Phase::Authenticate => "auth",
        protocol::Phase::Account => "account",
        protocol::Phase::Password => "password",
    }
}

/// The log's word for what is no success, and nothing for what is none of this daemon's business.
fn word(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::NotManaged | Outcome::LocalFirst => None,
        Outcome::Unavailable => Some("unavailable"),
        Outcome::Throttled => Some("throttled"),
        _ => Some("denied"),
    }
}

/// The sentence that says why.
pub(crate) fn why(ended: &LoginResult) -> String {
    match ended {
        Ok((_, by)) => by.to_string(),
        Err(why) => why.to_string(),
    }
}

/// A value of the log, which cannot pass for anything but one value.
fn quoted(value: Option<&str>) -> String {
    format!("\"{}\"", protocol::printable(value.unwrap_or("-"), 128).replace(['"', '\\'], "?"))
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plex => f.write_str("plex.tv says yes"),
            Self::PlexAndServer => f.write_str("plex.tv and the media server say yes"),
            Self::PlexAlone(why) => write!(f, "plex.tv alone says yes; {why}"),
            Self::List => f.write_str("on the list"),
            Self::Owner => f.write_str("the owner's own account, which needs no list"),
            Self::CachedPassword => f.write_str("remembered"),
            Self::Offline(why) => write!(f, "remembered, since plex.tv could not be asked; {why}"),
        }
    }
}
