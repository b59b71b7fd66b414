//! The offline cache: what it decides about a password that plex.tv did not judge.

use std::time::{Duration, Instant};

use policy::{Access, ListState, Reason, SignInTarget};

use crate::auth::password::{AFTER_DEADLINE, Attempt, AuthResult, Evidence};
use crate::clock;
use crate::context::Context;
use crate::limits::rate_limiter::Permit;
use crate::state::password_cache::Recalled;

impl Context {
    /// Lets the cache decide when plex.tv itself cannot be reached to give the list. The last known one still has its say.
    pub(crate) fn without_list(&self, attempt: &Attempt, why: Reason) -> AuthResult {
        if self.config.cache.offline.is_none() || !why.opens_offline_cache() {
            return AuthResult::No(why);
        }
        match self.limiter.ask(&attempt.key, Instant::now() + AFTER_DEADLINE) {
            Ok(permit) => self.offline(attempt, why, Recalled::Nothing, &permit),
            Err(why) => AuthResult::No(why),
        }
    }

    /// What comes of an attempt that plex.tv did not judge. `recalled` is what the cache has said about it already.
    pub(crate) fn offline(&self, attempt: &Attempt, why: Reason, recalled: Recalled, permit: &Permit) -> AuthResult {
        let limit = self.config.cache.offline.filter(|_| why.opens_offline_cache());
        let now = match limit.map(|limit| (limit, self.eligible_offline(attempt, limit))) {
            Some((_, Err(denial))) if !denial.is_outage() => return self.deny(&attempt.key, denial),
            Some((limit, Ok(who))) => {
                self.memory.recall(attempt.account(), &who, &attempt.password, Some(limit), permit)
            }
            _ => Recalled::Nothing,
        };
        if let Recalled::Same(id) = now {
            self.limiter.right(&attempt.key);
            return AuthResult::Yes(id, Evidence::Offline(why), None);
        }
        // Nobody can say that the password is wrong; but a guess at the cache must not be free.
        if [recalled, now].contains(&Recalled::Other) {
            permit.guessed_wrong();
        }
        AuthResult::No(why)
    }

    fn eligible_offline(&self, attempt: &Attempt, limit: Duration) -> Result<SignInTarget, Reason> {
        let known = self.friends.as_ref().map(|friends| friends.known());
        let (list, now) = match &known {
            None => (ListState::NoToken, clock::now()),
            Some(None) => (ListState::NotFetched, clock::now()),
            Some(Some(list)) => (ListState::Fetched(list), clock::now_for(list.fetched_at)),
        };
        // A list that is fresh enough for a sign-in does not grow too old by an outage.
        let max_age = limit.max(self.config.timeouts.friend_list);
        let access = Access { rules: &self.rules, list, now, max_age };
        access.sign_in(&attempt.whose, self.pin(attempt.account()).as_ref()).result()
    }
}
