//! Access to a local account: the entry points of the policy.

use std::time::Duration;

use crate::decision::{NotFetched, Refused, Trace};
use crate::{BootTime, Decision, FriendList, IdentityBinding, LastSignIn, PlexId, PlexRef, Rules, SignInTarget, Step};

/// The friend list, as far as there is one. "Not yet" and "not needed" are two states, so that a list that could not be
/// fetched never counts as one that nobody asked for.
#[derive(Debug, Clone, Copy)]
pub enum ListState<'a> {
    /// The last one that was fetched with the owner's token, of any age.
    Fetched(&'a FriendList),
    /// There is an owner's token, but no list has been fetched with it.
    NotFetched,
    /// There is no owner's token. The user's own token shows after the sign-in whether they reach the server.
    NoToken,
}

/// All that a decision depends on, the local account aside.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The owner's rules.
    pub rules: &'a Rules,
    /// The friend list.
    pub list: ListState<'a>,
    /// The time of the decision.
    pub now: BootTime,
    /// The age up to which the list counts; without a token, the age up to which a sign-in does.
    pub max_age: Duration,
}

impl<'a> Access<'a> {
    /// Access by this list, whatever its age.
    #[must_use]
    pub fn of_any_age(rules: &'a Rules, list: &'a FriendList) -> Self {
        Self { rules, list: ListState::Fetched(list), now: list.fetched_at, max_age: Duration::MAX }
    }

    /// Sign-in with a password: decided before plex.tv receives one.
    pub fn sign_in(&self, reference: &PlexRef, binding: Option<&IdentityBinding>) -> Decision<SignInTarget> {
        Decision::trace(|trace| {
            let target = self.target(reference, binding, trace)?;
            let login = Some(target.login.clone()).filter(|login| !login.is_empty());
            trace.pass(match self.list {
                ListState::NoToken => Step::ConfiguredLogin(reference.login().map(str::to_owned)),
                ListState::Fetched(_) | ListState::NotFetched => Step::ListedLogin(login),
            })?;
            Ok(target)
        })
    }

    /// Sign-in with a link code, which needs no name to send: managed members of a Home have none.
    pub fn sign_in_by_link(&self, reference: &PlexRef, binding: Option<&IdentityBinding>) -> Decision<SignInTarget> {
        Decision::trace(|trace| self.target(reference, binding, trace))
    }

    /// Use of the account today, however it was authenticated: the Plex account that has access to it. `last_sign_in` is the
    /// last one to the local account. It decides where there is no token, since it has shown that the user reaches the
    /// server.
    pub fn account(
        &self,
        reference: &PlexRef,
        binding: Option<&IdentityBinding>,
        last_sign_in: Option<(PlexId, BootTime)>,
    ) -> Decision<PlexId> {
        Decision::trace(|trace| {
            if let Some(list) = self.young_list(trace)? {
                return self.permitted(list, reference, binding, trace);
            }
            let last = last_sign_in.map(|(id, at)| (id, self.now.since(at)));
            let bound = IdentityBinding::applied(binding, reference);
            trace.pass(LastSignIn { last, bound, max_age: self.max_age })
        })
    }

    fn target(
        &self,
        reference: &PlexRef,
        binding: Option<&IdentityBinding>,
        trace: &mut Trace,
    ) -> Result<SignInTarget, Refused> {
        let reference = reference.clone();
        if let Some(list) = self.young_list(trace)? {
            let id = self.permitted(list, &reference, binding, trace)?;
            let login = self.rules.login(list, id).unwrap_or_default().to_owned();
            let needs_server = list.second_source.is_some() && id != list.owner.id;
            return Ok(SignInTarget { login, id: Some(id), reference, owner_id: Some(list.owner.id), needs_server });
        }
        let id = IdentityBinding::applied(binding, &reference);
        trace.pass(Step::Bound(id))?;
        let login = reference.login().unwrap_or_default().to_owned();
        Ok(SignInTarget { login, id, reference, owner_id: self.rules.owner_id, needs_server: true })
    }

    /// The list, if it is young enough; `None` where there is no token.
    fn young_list(&self, trace: &mut Trace) -> Result<Option<&'a FriendList>, Refused> {
        match self.list {
            ListState::Fetched(list) => {
                trace.pass(Step::ListAge { age: list.age(self.now), max_age: self.max_age })?;
                Ok(Some(list))
            }
            ListState::NotFetched => match trace.pass(NotFetched)? {},
            ListState::NoToken => trace.pass(Step::NoToken).map(|()| None),
        }
    }

    /// The account on the list that the local account maps to, if the rules give it access.
    fn permitted(
        &self,
        list: &FriendList,
        reference: &PlexRef,
        binding: Option<&IdentityBinding>,
        trace: &mut Trace,
    ) -> Result<PlexId, Refused> {
        let id = trace.pass(self.rules.resolve(list, reference, binding))?;
        trace.pass(Step::Standing(self.rules.standing(list, id)))?;
        Ok(id)
    }
}
