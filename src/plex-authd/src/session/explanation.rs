//! A login that `plex-auth test` explains: the trace of its decision, and the rate limits that would refuse it now.

use policy::{AttemptKey, Held, Origin, Reason};
use protocol::{LoginRequest, Phase, TraceStep};

use super::prompt::is_waited_out;
use super::trace::trace;
use super::{Session, Stop};
use crate::context::Context;

/// The most origins that are listed.
const MAX_HELD: usize = 8;

impl Session {
    /// The steps of the decision whether a user may sign in with a password. They are the same in each phase, and are sent
    /// with the account phase.
    pub(super) fn trace(&mut self, request: &LoginRequest) -> Result<Vec<TraceStep>, Stop> {
        if request.phase != Phase::Account {
            return Ok(Vec::new());
        }
        let (user, from, began) = (&request.user, self.explained.from.take(), self.began);
        let work = |context: &_, deadline| {
            let mut steps = trace(context, user, began, deadline);
            if matches!(steps.last(), Some(TraceStep::Permitted(_))) {
                steps.extend(held(context, user, from.as_deref()));
            }
            Ok::<_, Reason>(steps)
        };
        match self.run_with_deadline(work) {
            Err(Stop::Refused(reason)) => Ok(vec![TraceStep::NoList(reason.to_string())]),
            other => other,
        }
    }
}

/// Refusals of an account by rate limits: at this address, or else at any origin.
fn held(context: &Context, account: &str, from: Option<&str>) -> Vec<TraceStep> {
    let limiter = &context.limits.rate_limiter;
    let origins = from.map_or_else(|| limiter.origins(account), |from| vec![policy::origin_at(from)]);
    let step = |origin: Origin| {
        let key = AttemptKey { account: account.to_owned(), origin };
        let Held { reason, left } = limiter.held(&key)?;
        if reason == Reason::TooManyTries && is_waited_out(left, limiter.is_known(&key)) {
            return None;
        }
        let origin = protocol::printable(key.origin.as_str(), 128);
        let seconds = left.as_secs().max(1);
        Some(TraceStep::Held { origin, is_asked: from.is_some(), reason: reason.to_string(), seconds })
    };
    origins.into_iter().filter_map(step).take(MAX_HELD).collect()
}
