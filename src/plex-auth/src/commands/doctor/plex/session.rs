//! The comparisons so far, and the end of all requests where plex.tv limits them.

use plex::Error;
use plex::shape::{Contract, Endpoint, Shape};

use super::shown::{found, in_words, name, unused};
use crate::ui::check::Checks;

/// plex.tv's code for an address with too many failed sign-ins.
const ADDRESS_BLOCKED: u32 = 1031;

/// plex.tv's code for a sign-in that lacks its verification code.
const VERIFICATION_CODE_REQUIRED: u32 = 1029;

/// plex.tv's code for too many requests.
const RATE_LIMITED: u32 = 1003;

/// The comparison so far.
pub(super) struct Session<'a> {
    checks: &'a mut Checks,
    /// Why nothing more is sent to plex.tv.
    stopped: Option<&'static str>,
}

impl<'a> Session<'a> {
    pub(super) fn new(checks: &'a mut Checks) -> Self {
        Self { checks, stopped: None }
    }

    /// True if nothing more may be sent to plex.tv; these requests are then added as not sent.
    pub(super) fn stopped_at(&mut self, endpoints: &[Endpoint]) -> bool {
        // A media server has no part in that.
        let plex_tv = |endpoint: &Endpoint| ![Endpoint::Identity, Endpoint::MediaServer].contains(endpoint);
        let Some(why) = self.stopped.filter(|_| endpoints.iter().all(plex_tv)) else { return false };
        for endpoint in endpoints {
            self.skip(endpoint.contract(), why);
        }
        true
    }

    /// Adds a request that is not sent.
    pub(super) fn skip(&mut self, contract: &Contract, why: &str) {
        self.checks.info(&name(contract), format!("not sent: {why}"), contract.otherwise);
    }

    /// Adds an answer, or its absence.
    pub(super) fn add(&mut self, contract: &'static Contract, shape: Result<Shape, Error>) {
        let name = name(contract);
        let shape = match shape {
            Ok(shape) => shape,
            Err(why) => {
                self.checks.warning(&name, format!("no answer: {why}"), "see: plex-auth doctor");
                return;
            }
        };
        if shape.status == 429 || shape.code.is_some_and(|code| [ADDRESS_BLOCKED, RATE_LIMITED].contains(&code)) {
            self.stopped = Some("plex.tv limits requests from this machine");
        }
        if let Some((why, hint)) = rejected(&shape) {
            self.checks.error(&name, format!("{why} ({}); there is nothing to compare", found(&shape)), hint);
            return;
        }
        let differences = shape.differences();
        let (found, unused) = (found(&shape), unused(&shape));
        if differences.is_empty() {
            self.checks.ok(&name, format!("as expected: {found}{unused}"));
            return;
        }
        let what = format!("differs: {}; {found}{unused}", in_words(&shape, &differences).join("; "));
        let hint = format!("{}; please attach this to an issue: plex-auth report --plex", contract.otherwise);
        if contract.replaceable || shape.is_partly_usable() || shape.status == 429 {
            self.checks.warning(&name, what, hint);
        } else {
            self.checks.error(&name, what, hint);
        }
    }
}

/// The reason and the fix for an answer that says nothing about shapes: plex.tv accepts neither the token nor the password.
fn rejected(shape: &Shape) -> Option<(&'static str, &'static str)> {
    match (shape.contract.endpoint, shape.status, shape.code) {
        (Endpoint::SignIn, 401, Some(VERIFICATION_CODE_REQUIRED)) => {
            Some(("plex.tv requires a verification code", "run it again and type the code at its prompt"))
        }
        (Endpoint::SignIn, 401, Some(code)) if code != ADDRESS_BLOCKED => {
            Some(("plex.tv rejects the name, the password or the code", "run it again; a wrong password counts there"))
        }
        (Endpoint::User | Endpoint::Users | Endpoint::SharedServers | Endpoint::Resources, 401 | 498, _) => {
            Some(("plex.tv no longer accepts the token", "run: plex-auth setup"))
        }
        _ => None,
    }
}
