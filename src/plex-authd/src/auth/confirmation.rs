//! Checks after a sign-in: the identity and, where they are required, access to the server and the media server's opinion.

use std::time::Instant;

use config::Source;
use policy::{AttemptKey, PlexId, Reason, Sent, SignInTarget};

use crate::auth::media_server::ServerAnswer;
use crate::auth::outcome::Evidence;
use crate::auth::token_revoker::IssuedToken;
use crate::context::Context;

/// Confirms that the user who signed in is the target. Where the friend list does not prove it, also that they have access to the
/// server.
///
/// # Errors
/// [`Reason::WrongPerson`], [`Reason::NoAccess`], [`Reason::ServerRefuses`], or an outage.
pub(super) fn confirm(
    context: &Context,
    target: &SignInTarget,
    token: &IssuedToken,
    deadline: Instant,
) -> Result<(PlexId, Evidence), Reason> {
    let user = &token.signed_in.account;
    target.confirm(user)?;
    let server_token = || server_token(context, target, user.id, token, deadline);
    let confirmed = if target.needs_server() { Some(server_token()?) } else { None };
    let is_owner = target.is_owner(user.id);
    let Some(media_server) = context.plex_tv.media_server.as_ref().filter(|_| !is_owner) else {
        let evidence = if confirmed.is_some() { Evidence::PlexAndResources } else { Evidence::Plex };
        return Ok((user.id, evidence));
    };
    match media_server.accepts(token.client(), deadline, || confirmed.map_or_else(server_token, Ok))? {
        ServerAnswer::Accepts => Ok((user.id, Evidence::PlexAndServer)),
        ServerAnswer::Rejects => Err(Reason::ServerRefuses),
        ServerAnswer::NoOpinion(why) => Ok((user.id, Evidence::PlexAlone(why))),
    }
}

/// The user's access token for the server, after their resources have shown that they have access to it. `None` if there is no
/// token, or only the one of the sign-in, which plex.tv accepts and which is sent nowhere else (R72).
fn server_token(
    context: &Context,
    target: &SignInTarget,
    id: PlexId,
    token: &IssuedToken,
    deadline: Instant,
) -> Result<Option<plex::Token>, Reason> {
    let (machine_id, owner_id) = server(context, target).ok_or(Reason::NoAccess)?;
    context.limits.rate_limiter.count(Sent::List);
    let resources = token.client().resources(&token.signed_in.token, deadline);
    let resources = resources.map_err(|error| context.limits.rate_limiter.outage(error))?;
    let server = resources.into_iter().find_map(|resource| {
        let row = resource.server_row()?;
        policy::reaches(&machine_id, owner_id, id, &[row]).ok().map(|()| resource.access_token)
    });
    let own = &token.signed_in.token;
    server.map(|token| token.filter(|token| !token.is(own))).ok_or(Reason::NoAccess)
}

/// The configured server and its owner.
fn server(context: &Context, target: &SignInTarget) -> Option<(String, PlexId)> {
    let config = &context.settings.config;
    match &config.source {
        Source::Resources { machine_id, owner_id } => Some((machine_id.clone(), *owner_id)),
        Source::Token(_) => Some((config.machine_id.clone()?, target.owner_id()?)),
    }
}

/// Records a confirmed sign-in: the rate limit, the binding and, without a friend list, the account's latest sign-in.
pub(super) fn record(context: &Context, key: &AttemptKey, target: &SignInTarget, token: &IssuedToken) {
    context.limits.rate_limiter.record_success(key);
    let user = &token.signed_in.account;
    if context.friends.is_none() {
        context.identities.record_sign_in(&key.account, user.id);
    }
    context.identities.bind(&key.account, target.binding(user));
}
