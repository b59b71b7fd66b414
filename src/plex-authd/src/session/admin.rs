//! Answers the `plex-auth` command's requests, from root only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{FriendList, PlexUser, Reason, SentLastHour};
use protocol::{
    AdminReply, AdminRequest, AdminResponse, Connection, Deadline, Error, FriendListStatus, KnownAccount, ListedFriend,
    LoginRequest, MAX_FRAME, Peer, SentCounts, Status, Trace, TraceStep,
};
use serde::Serialize;

use crate::context::Context;
use crate::session::decisions;
use crate::session::explained::Explained;

/// Time limit for the command to receive a response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes of a frame around the items of a list.
const FRAME_OVERHEAD: usize = 64;

/// Response to a request for the list in a configuration without `token`.
const NO_LIST: &str = "without the owner's token there is no friend list";

/// Answers a request; returns the login if it is one to be explained, and where it would come from.
pub(crate) fn answer(
    context: &Context,
    connection: &mut Connection,
    peer: Peer,
    request: AdminRequest,
) -> Option<(LoginRequest, Explained)> {
    let request = if peer.uid == 0 { Some(request) } else { None };
    let sent = match request {
        None => send(connection, AdminResponse::NotYours),
        Some(AdminRequest::Explain { login, from, caller }) => return Some((login, Explained { from, caller })),
        Some(AdminRequest::Status) => send(connection, AdminResponse::Status(Box::new(status(context)))),
        Some(AdminRequest::Logins(limit)) => {
            let logins = context.audit_log.latest(usize::try_from(limit).unwrap_or(usize::MAX));
            send_list(connection, logins, AdminResponse::Logins)
        }
        Some(AdminRequest::Accounts) => send_list(connection, accounts(context), AdminResponse::Accounts),
        Some(AdminRequest::FriendList) => match fresh_list(context) {
            None => send(connection, AdminResponse::Failed(NO_LIST.into())),
            Some(Err(reason)) => send(connection, AdminResponse::Failed(reason.to_string())),
            Some(Ok((list, status))) => send(connection, AdminResponse::ListStatus(status))
                .and_then(|()| send_list(connection, listed(&list), AdminResponse::FriendList)),
        },
        Some(AdminRequest::Forget(account)) => send(connection, forget(context, &account)),
        Some(AdminRequest::Pardon { user, from }) => send(connection, pardon(context, user.as_deref(), &from)),
        Some(AdminRequest::Decisions) => match decisions::all(context) {
            Ok(all) => send_list(connection, all, AdminResponse::Decisions),
            Err(reason) => send(connection, AdminResponse::Failed(reason.to_string())),
        },
    };
    if let Err(error) = sent {
        context.log.info(format!("the plex-auth command disconnected before it had its answer: {error}"));
    }
    None
}

/// Refuses a request of another user than root, without waiting for the process.
pub(crate) fn deny(connection: &mut Connection) {
    // A process that has disconnected needs no answer.
    let _ =
        connection.send(&AdminReply::Response { managed: AdminResponse::NotYours }, Deadline::after(Duration::ZERO));
}

/// Sends the steps and the reason of a decision, before its verdict.
///
/// # Errors
/// The command has disconnected.
pub(crate) fn explain(connection: &mut Connection, steps: Vec<TraceStep>, reason: &str) -> Result<(), Error> {
    send(connection, AdminResponse::Trace(Trace { steps, reason: protocol::printable(reason, 512) }))
}

fn send(connection: &mut Connection, response: AdminResponse) -> Result<(), Error> {
    connection.send(&AdminReply::Response { managed: response }, Deadline::after(RESPONSE_TIMEOUT))
}

fn send_list<T: Serialize>(
    connection: &mut Connection,
    items: Vec<T>,
    response: fn(Vec<T>) -> AdminResponse,
) -> Result<(), Error> {
    parts(items).into_iter().try_for_each(|part| send(connection, response(part)))
}

/// Splits a list into parts that fit into frames. The last part is empty.
fn parts<T: Serialize>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut parts = Vec::new();
    let (mut part, mut room) = (Vec::new(), MAX_FRAME - FRAME_OVERHEAD);
    for item in items {
        // Text and numbers always serialise.
        let size = serde_json::to_vec(&item).map_or(0, |text| text.len() + 1);
        if size > room {
            parts.push(std::mem::take(&mut part));
            room = MAX_FRAME - FRAME_OVERHEAD;
        }
        room = room.saturating_sub(size);
        part.push(item);
    }
    parts.extend([part, Vec::new()]);
    // An empty list would otherwise have two empty parts.
    parts.dedup_by(|next, before| next.is_empty() && before.is_empty());
    parts
}

fn status(context: &Context) -> Status {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let Context { settings, limits, audit_log, .. } = context;
    let closed =
        |breaker: Option<(Reason, Duration)>| breaker.map(|(reason, left)| (reason.to_string(), left.as_secs()));
    Status {
        version: env!("CARGO_PKG_VERSION").into(),
        uptime: audit_log.uptime().as_secs(),
        config: settings.file.display().to_string(),
        config_age: settings.read_at.elapsed().as_secs(),
        friends: context.friends.as_ref().map(|friends| friends.status()),
        closed: closed(limits.rate_limiter.breaker()),
        link_closed: closed(limits.rate_limiter.link_breaker()),
        rejected: count(limits.rate_limiter.rejected_last_hour()),
        rejected_per_hour: settings.config.throttle.rejected_here(),
        sent: sent(limits.rate_limiter.sent_last_hour()),
        remembered: count(context.passwords.count()),
        // The command's own connection is no login.
        under_way: count(limits.connections.count().saturating_sub(1)),
        verdicts: audit_log.counts(),
    }
}

fn sent(sent: SentLastHour) -> SentCounts {
    let SentLastHour { accepted, rejected, code_required, undecided, link_codes, polls, revocations, lists } = sent;
    SentCounts { accepted, rejected, code_required, undecided, link_codes, polls, revocations, lists }
}

fn accounts(context: &Context) -> Vec<KnownAccount> {
    let known = |user: &String| KnownAccount { user: user.clone(), plex_id: None, reference: None, last_login: None };
    let mut all: BTreeMap<String, KnownAccount> = BTreeMap::new();
    for (user, binding) in context.identities.bindings() {
        let (plex_id, reference) = (Some(binding.id.0), Some(binding.reference));
        all.insert(user.clone(), KnownAccount { plex_id, reference, ..known(&user) });
    }
    // An entry in `[users]` outranks that.
    let has_entry = |user: &String| context.settings.config.users.contains_key(user);
    for user in context.identities.unbound().into_iter().filter(|user| !has_entry(user)) {
        all.insert(user.clone(), KnownAccount { reference: Some(user.clone()), ..known(&user) });
    }
    for (user, at) in context.audit_log.last_logins() {
        all.entry(user.clone()).or_insert_with(|| known(&user)).last_login = Some(at);
    }
    all.into_values().collect()
}

/// A friend list as fresh as a sign-in needs it, and its status; `None` without an owner's token.
fn fresh_list(context: &Context) -> Option<Result<(Arc<FriendList>, FriendListStatus), Reason>> {
    let deadline = Instant::now() + context.settings.config.timeouts.login;
    let friends = context.friends.as_ref()?;
    Some(friends.fresh_with_status(deadline))
}

/// Everyone on the friend list, the owner first.
fn listed(list: &FriendList) -> Vec<ListedFriend> {
    let others = list.entries.iter().map(|entry| (&entry.person, entry.relationship.word()));
    let listed = |(user, relationship): (&PlexUser, &str)| ListedFriend {
        plex_id: user.id.0,
        username: user.username.clone(),
        email: user.email.clone(),
        relationship: relationship.to_owned(),
    };
    std::iter::once((&list.owner, "owner")).chain(others).map(listed).collect()
}

fn forget(context: &Context, account: &str) -> AdminResponse {
    let forgotten = context.forget(account);
    let user = protocol::printable(account, 128);
    context.log.notice(format!("all stored data about \"{user}\" is deleted, as requested by root"));
    if context.store.is_written() {
        AdminResponse::Forgotten(forgotten)
    } else {
        AdminResponse::Failed(format!(
            "the data about {user} is deleted only until the next start, because state.db cannot be written"
        ))
    }
}

/// Clears what is held against an address, of one account or of all.
fn pardon(context: &Context, user: Option<&str>, from: &str) -> AdminResponse {
    let origin = policy::origin_at(from);
    let any = context.limits.rate_limiter.pardon(user, &origin);
    let of = user.map_or_else(String::new, |user| format!(" of \"{}\"", protocol::printable(user, 128)));
    let from = protocol::printable(origin.as_str(), 128);
    context.log.notice(format!("the rate limits{of} at {from} are cleared, as requested by root"));
    if context.store.is_written() {
        AdminResponse::Forgotten(any)
    } else {
        AdminResponse::Failed(
            "the rate limits are cleared only until the next start, because state.db cannot be written".into(),
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use protocol::Login;

    use super::*;

    fn login(number: usize, why: &str) -> Login {
        let [user, service, rhost] = ["alice", "sshd", "192.0.2.1"].map(str::to_owned);
        let (phase, outcome) = ("auth".to_owned(), "denied".to_owned());
        let at = i64::try_from(number).unwrap();
        let (plex_id, service, rhost, why) = (None, Some(service), Some(rhost), why.into());
        Login { at, user, plex_id, service, rhost, phase, outcome, why, test: false, caller: None, number: at }
    }

    #[test]
    fn r10_a_list_of_any_length_is_split_into_frames_and_ended_by_an_empty_part() {
        for (count, why) in [(0, ""), (1, "x"), (50, "\"\\\u{1f642}"), (1000, "\"\\\u{1f642}")] {
            let all: Vec<Login> = (0..count).map(|number| login(number, &why.repeat(512))).collect();
            let parts = parts(all.clone());
            assert_eq!(parts.concat(), all);
            let (last, others) = parts.split_last().unwrap();
            assert!(last.is_empty() && others.iter().all(|part| !part.is_empty()), "{count}");
            for part in parts {
                assert!(
                    protocol::encode(&AdminReply::Response { managed: AdminResponse::Logins(part) }).is_ok(),
                    "{count}"
                );
            }
        }
    }
}
