//! A decision with the steps that led to it. A refusal is computed from the facts in the last step and from nothing else,
//! so that a decision and its trace cannot disagree.

use std::convert::Infallible;
use std::time::Duration;

use crate::{PlexId, Reason, Resolution, Standing};

/// The facts that one step of a decision looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is an owner's token, but no friend list has been fetched with it.
    NotFetched,
    /// There is no owner's token, and so no friend list.
    NoToken,
    /// The Plex account that the local account is bound to. Without a list, it is the one that has to sign in.
    Bound(Option<PlexId>),
    /// The local account is the owner's own, and so this Plex account may sign in whatever the list says.
    Owner(PlexId),
    /// There is a friend list.
    ListAge {
        /// Its age.
        age: Duration,
        /// The age up to which it counts.
        max_age: Duration,
    },
    /// Search of the list for the account that the configuration refers to.
    Resolution(Resolution),
    /// The rules, applied to that account.
    Standing(Standing),
    /// The name to send with a password, as the list shows it.
    ListedLogin(Option<String>),
    /// The name to send with a password, as the configuration has it.
    ConfiguredLogin(Option<String>),
    /// The last sign-in to the local account, which gives access where there is no list.
    LastSignIn(LastSignIn),
}

/// The last sign-in to a local account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSignIn {
    /// The Plex account that signed in, and how long ago.
    pub last: Option<(PlexId, Duration)>,
    /// The Plex account that the local account is bound to.
    pub bound: Option<PlexId>,
    /// The age up to which a sign-in counts.
    pub max_age: Duration,
}

impl LastSignIn {
    /// The Plex account that signed in, if it is the one that the local account is bound to today.
    ///
    /// # Errors
    /// [`Reason::NoSignInYet`]
    pub fn id(&self) -> Result<PlexId, Reason> {
        let (id, _) = self.last.filter(|(_, age)| *age <= self.max_age).ok_or(Reason::NoSignInYet)?;
        if self.bound == Some(id) { Ok(id) } else { Err(Reason::NoSignInYet) }
    }
}

impl Step {
    /// The refusal that these facts amount to, or `None` where the decision goes on.
    #[must_use]
    pub fn refusal(&self) -> Option<Reason> {
        match self {
            Self::NoToken | Self::Bound(_) | Self::Owner(_) => None,
            Self::NotFetched => NotFetched.conclude().err(),
            Self::ListAge { age, max_age } => (age > max_age).then_some(Reason::ListTooOld),
            Self::Resolution(resolution) => resolution.id().err(),
            Self::Standing(standing) => standing.grounds().err(),
            Self::ListedLogin(login) => login.is_none().then_some(Reason::NotOnList),
            Self::ConfiguredLogin(login) => login.is_none().then_some(Reason::NoLoginName),
            Self::LastSignIn(last_sign_in) => last_sign_in.id().err(),
        }
    }
}

/// A decision and its trace. Only the last step of a trace can be a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Decision<T> {
    result: Result<T, Reason>,
    steps: Vec<Step>,
}

impl<T> Decision<T> {
    /// Runs a decision that records each fact in the trace before it relies on it.
    pub(crate) fn trace(decide: impl FnOnce(&mut Trace) -> Result<T, Refused>) -> Self {
        let mut trace = Trace(Vec::new());
        let result = decide(&mut trace).map_err(|Refused(reason)| reason);
        Self { result, steps: trace.0 }
    }

    /// The steps, in the order in which they were taken.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The refusal of the last step, if it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Reason> {
        self.result.as_ref().err()
    }

    /// The decision alone.
    ///
    /// # Errors
    /// The refusal of the last step.
    pub fn result(self) -> Result<T, Reason> {
        self.result
    }
}

/// Facts that a decision draws a conclusion from, or a refusal.
pub(crate) trait Fact {
    type Conclusion;
    fn conclude(&self) -> Result<Self::Conclusion, Reason>;
    fn step(self) -> Step;
}

impl Fact for Step {
    type Conclusion = ();

    fn conclude(&self) -> Result<(), Reason> {
        self.refusal().map_or(Ok(()), Err)
    }

    fn step(self) -> Step {
        self
    }
}

/// There is a token and no list: never a reason to go on.
pub(crate) struct NotFetched;

impl Fact for NotFetched {
    type Conclusion = Infallible;

    fn conclude(&self) -> Result<Infallible, Reason> {
        Err(Reason::ListTooOld)
    }

    fn step(self) -> Step {
        Step::NotFetched
    }
}

impl Fact for Resolution {
    type Conclusion = PlexId;

    fn conclude(&self) -> Result<PlexId, Reason> {
        self.id()
    }

    fn step(self) -> Step {
        Step::Resolution(self)
    }
}

impl Fact for LastSignIn {
    type Conclusion = PlexId;

    fn conclude(&self) -> Result<PlexId, Reason> {
        self.id()
    }

    fn step(self) -> Step {
        Step::LastSignIn(self)
    }
}

/// A refusal that is in the trace. Only [`Trace::pass`] makes one.
pub(crate) struct Refused(Reason);

/// The steps of a decision so far.
pub(crate) struct Trace(Vec<Step>);

impl Trace {
    /// Records facts, and returns the conclusion from them. A refusal ends the decision.
    pub(crate) fn pass<F: Fact>(&mut self, fact: F) -> Result<F::Conclusion, Refused> {
        let conclusion = fact.conclude().map_err(Refused);
        self.0.push(fact.step());
        conclusion
    }
}
