//! Trace of the decision before a sign-in.

use std::time::Instant;

use policy::{BootTime, FriendList, Grounds, IdentityBinding, PlexRef, PlexUser, Reason, Resolution, Rules, Step};
use protocol::{Binding, MappedTo, PlexAccount, Standing, TraceStep};

use crate::auth::attempt::{self, Basis, Method};
use crate::context::Context;

/// The steps of the decision about a sign-in with a password, in a login that began at `began`.
pub(super) fn trace(context: &Context, user: &str, began: BootTime, deadline: Instant) -> Vec<TraceStep> {
    let group = context.settings.config.group.as_deref();
    let managed = context.settings.managed_accounts();
    let account = match managed.look_up(user) {
        Ok(account) => account,
        Err(error) => return vec![refused(&Reason::AccountsUnreadable(error.to_string()))],
    };
    let mut steps = vec![TraceStep::LocalAccount(account.as_ref().map(|account| account.uid))];
    match managed.resolve(account.as_ref()) {
        Ok(mapped_to) => {
            steps.push(TraceStep::MappedTo(reference(&mapped_to, group)));
            sign_in(context, user, &mapped_to, (began, deadline), &mut steps);
        }
        Err(Reason::NoLocalAccount) => {}
        Err(Reason::SystemAccount) => steps.push(TraceStep::SystemAccount),
        Err(_) => steps.push(TraceStep::NotManaged { group: group.map(str::to_owned) }),
    }
    steps
}

fn sign_in(
    context: &Context,
    user: &str,
    mapped_to: &PlexRef,
    (began, deadline): (BootTime, Instant),
    steps: &mut Vec<TraceStep>,
) {
    let Basis { list, no_list, decision } =
        match attempt::decision(context, user, mapped_to, Method::Password, began, deadline) {
            Ok(basis) => basis,
            Err(reason) => return steps.push(TraceStep::NoList(reason.to_string())),
        };
    let binding = context.identities.binding(user);
    for step in decision.steps() {
        match step {
            Step::NoToken => steps.push(TraceStep::NoToken),
            Step::NotFetched => steps.push(TraceStep::NoList(Reason::ListTooOld.to_string())),
            Step::Owner(id) => steps.push(TraceStep::OwnerWithoutList {
                plex_id: id.0,
                why: no_list.as_ref().map(ToString::to_string).unwrap_or_default(),
            }),
            Step::ListAge { .. } => steps.extend(list.as_deref().map(|list| from_list(&context.settings.rules, list))),
            Step::Resolution(resolution) => {
                steps.push(found(resolution, mapped_to, list.as_deref()));
            }
            Step::Standing(standing) => steps.push(TraceStep::Standing(judged(standing))),
            // Part of the binding, or of the decision.
            Step::Bound(_) | Step::ListedLogin(_) | Step::ConfiguredLogin(_) | Step::LastSignIn(_) => {}
        }
    }
    if list.is_some() || no_list.is_some() {
        let binding = binding.map(|binding| first_login(binding, mapped_to));
        let is_bound = binding.as_ref().is_some_and(|binding| binding.applies) || context.is_owners(user, mapped_to);
        steps.push(match (mapped_to, list) {
            (PlexRef::Member(_), Some(list)) if !is_bound => {
                let now = list.users().find(|person| mapped_to.matches(person)).map(|person| person.id.0);
                TraceStep::Unbound { decided: !context.identities.is_undecided(user), now }
            }
            _ => TraceStep::FirstLogin(binding),
        });
    }
    steps.push(match decision.result() {
        Ok(target) => TraceStep::Permitted(target.login),
        Err(reason) => refused(&reason),
    });
}

fn from_list(rules: &Rules, list: &FriendList) -> TraceStep {
    let second_source = list.second_source.as_ref().map(|why| protocol::printable(why, 512));
    TraceStep::List { owner: shown(&rules.named_owner(list)), people: list.people(), second_source }
}

fn refused(reason: &Reason) -> TraceStep {
    TraceStep::Refused { reason: reason.to_string(), renamed: matches!(reason, Reason::Renamed { .. }) }
}

fn reference(mapped_to: &PlexRef, group: Option<&str>) -> MappedTo {
    match mapped_to {
        PlexRef::Id(id) => MappedTo::Id(id.0),
        PlexRef::Name(name) => MappedTo::Name(name.clone()),
        PlexRef::Member(local) => {
            MappedTo::Member { local: local.clone(), group: group.unwrap_or_default().to_owned() }
        }
    }
}

fn shown(user: &PlexUser) -> PlexAccount {
    PlexAccount { plex_id: user.id.0, username: user.username.clone(), email: user.email.clone() }
}

fn found(resolution: &Resolution, mapped_to: &PlexRef, list: Option<&FriendList>) -> TraceStep {
    let id = match resolution.id() {
        Ok(id) => Some(id),
        Err(Reason::Ambiguous) => return TraceStep::Ambiguous,
        // The name's present owner.
        Err(_) => resolution.matches.first().copied(),
    };
    let user = list.zip(id).and_then(|(list, id)| list.users().find(|user| user.id == id)).map(shown);
    user.map_or_else(|| TraceStep::NotFound(mapped_to.to_string()), TraceStep::Found)
}

fn judged(standing: &policy::Standing) -> Standing {
    match (standing, standing.grounds()) {
        (policy::Standing::Owner { is_admin }, _) => Standing::Owner { is_admin: *is_admin },
        (_, Ok(Grounds::Relationship(relationship))) => Standing::Accepted(relationship.word().to_owned()),
        (_, Err(Reason::Pending)) => Standing::Pending,
        _ => Standing::NoAccess,
    }
}

fn first_login(binding: IdentityBinding, mapped_to: &PlexRef) -> Binding {
    let applies = binding.reference == mapped_to.to_string();
    Binding { plex_id: binding.id.0, reference: binding.reference, applies }
}
