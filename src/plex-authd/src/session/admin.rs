//! The owner's questions: what the `plex-auth` command asks beside logins. Only the superuser gets an answer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use policy::PlexUser;
use protocol::{
    AdminRequest, AdminResponse, Connection, Deadline, Error, KnownAccount, ListedFriend, LoginRequest, MAX_FRAME,
    Peer, Reply, Status,
};
use serde::Serialize;

use crate::context::Context;
use crate::lock::lock;
use crate::state::store::Change;

/// How long the command may take to receive an answer.
const COMMAND: Duration = Duration::from_secs(2);

/// Room in a frame for what stands around the items of a list.
const AROUND: usize = 64;

/// Answers a question; or gives back the login that is to be explained.
pub(crate) fn answer(
    context: &Context,
    connection: &mut Connection,
    peer: Peer,
    question: AdminRequest,
) -> Option<LoginRequest> {
    let question = if peer.uid == 0 { Some(question) } else { None };
    let answered = match question {
        None => send(connection, AdminResponse::NotYours),
        Some(AdminRequest::Explain(hello)) => return Some(hello),
        Some(AdminRequest::Status) => send(connection, AdminResponse::Status(Box::new(context.status()))),
        Some(AdminRequest::Logins(most)) => {
            let logins = context.audit_log.latest(usize::try_from(most).unwrap_or(usize::MAX));
            parts(logins).into_iter().try_for_each(|part| send(connection, AdminResponse::Logins(part)))
        }
        Some(AdminRequest::Accounts) => {
            parts(context.accounts()).into_iter().try_for_each(|part| send(connection, AdminResponse::Accounts(part)))
        }
        Some(AdminRequest::People) => match context.people() {
            Ok(people) => parts(people).into_iter().try_for_each(|part| send(connection, AdminResponse::People(part))),
            Err(why) => send(connection, AdminResponse::Failed(why)),
        },
        Some(AdminRequest::Forget(account)) => send(connection, context.forget(&account)),
    };
    if let Err(error) = answered {
        context.log.info(format!("the plex-auth command left before it had its answer: {error}"));
    }
    None
}

/// Says why a login ended as it did, to whoever asked for that.
///
/// # Errors
/// When nobody is there any more.
pub(crate) fn because(connection: &mut Connection, why: &str) -> Result<(), Error> {
    send(connection, AdminResponse::Because(protocol::printable(why, 512)))
}

fn send(connection: &mut Connection, answer: AdminResponse) -> Result<(), Error> {
    connection.send(&Reply::Admin(answer), Deadline::after(COMMAND))
}

/// A list in parts that fit into frames, the last of them empty.
fn parts<T: Serialize>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut parts = Vec::new();
    let (mut part, mut room) = (Vec::new(), MAX_FRAME - AROUND);
    for item in items {
        // Text and numbers can always be written.
        let size = serde_json::to_vec(&item).map_or(0, |text| text.len() + 1);
        if size > room {
            parts.push(std::mem::take(&mut part));
            room = MAX_FRAME - AROUND;
        }
        room = room.saturating_sub(size);
        part.push(item);
    }
    parts.extend([part, Vec::new()]);
    // A list without items would else end twice.
    parts.dedup_by(|next, before| next.is_empty() && before.is_empty());
    parts
}

impl Context {
    fn status(&self) -> Status {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let closed = self.limiter.closed();
        Status {
            version: env!("CARGO_PKG_VERSION").into(),
            uptime: self.audit_log.uptime().as_secs(),
            config: self.config_file.display().to_string(),
            config_age: self.read.elapsed().as_secs(),
            friends: self.friends.as_ref().map(|friends| friends.how()),
            closed: closed.map(|(why, left)| (why.to_string(), left.as_secs())),
            rejected: count(self.limiter.rejected()),
            rejected_per_hour: self.config.throttle.rejected_per_hour,
            remembered: count(self.memory.count()),
            // The one who asks is no login.
            under_way: count(self.limits.count().saturating_sub(1)),
            verdicts: self.audit_log.counts(),
        }
    }

    fn accounts(&self) -> Vec<KnownAccount> {
        let known =
            |user: &String| KnownAccount { user: user.clone(), plex_id: None, reference: None, last_login: None };
        let mut all: BTreeMap<String, KnownAccount> = BTreeMap::new();
        for (user, pin) in lock(&self.pins).iter() {
            let (plex_id, reference) = (Some(pin.id.0), Some(pin.reference.clone()));
            all.insert(user.clone(), KnownAccount { plex_id, reference, ..known(user) });
        }
        for (user, at) in self.audit_log.last_logins() {
            all.entry(user.clone()).or_insert_with(|| known(&user)).last_login = Some(at);
        }
        all.into_values().collect()
    }

    /// The list, as young as a sign-in wants it, the owner first.
    fn people(&self) -> Result<Vec<ListedFriend>, String> {
        let friends = self.friends.as_ref().ok_or("without the owner's token there is no friend list")?;
        let deadline = Instant::now() + self.config.timeouts.login;
        let circle = friends.fresh(deadline).map_err(|why| why.to_string())?;
        let others = circle.entries.iter().map(|entry| (&entry.person, entry.tie.word()));
        let listed = |(person, tie): (&PlexUser, &str)| ListedFriend {
            plex_id: person.id.0,
            username: person.username.clone(),
            email: person.email.clone(),
            tie: tie.to_owned(),
        };
        Ok(std::iter::once((&circle.owner, "owner")).chain(others).map(listed).collect())
    }

    /// Forgets what is known of an account, here and on the disk.
    fn forget(&self, account: &str) -> AdminResponse {
        // Each has its turn, whatever the others say.
        let forgotten = [
            lock(&self.pins).remove(account).is_some(),
            lock(&self.recent).remove(account).is_some(),
            self.memory.forget(account),
            self.limiter.forget(account),
            self.audit_log.forget(account),
        ];
        // Also what was never read into memory, because it was too old.
        self.store.write(Change::ForgetAccount(account.to_owned()));
        let user = protocol::printable(account, 128);
        self.log.notice(format!("all that was known of \"{user}\" is forgotten, as root asked"));
        if self.store.is_written() {
            AdminResponse::Forgotten(forgotten.contains(&true))
        } else {
            AdminResponse::Failed(format!("{user} is forgotten only until the next start: state.db cannot be written"))
        }
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
        Login { at, user, plex_id: None, service: Some(service), rhost: Some(rhost), phase, outcome, why: why.into() }
    }

    #[test]
    fn r10_a_list_of_any_length_goes_out_in_parts_that_fit_and_an_empty_one_ends_it() {
        for (count, why) in [(0, ""), (1, "x"), (50, "\"\\\u{1f642}"), (1000, "\"\\\u{1f642}")] {
            let all: Vec<Login> = (0..count).map(|number| login(number, &why.repeat(512))).collect();
            let parts = parts(all.clone());
            assert_eq!(parts.concat(), all);
            let (last, others) = parts.split_last().unwrap();
            assert!(last.is_empty() && others.iter().all(|part| !part.is_empty()), "{count}");
            for part in parts {
                assert!(protocol::encode(&Reply::Admin(AdminResponse::Logins(part))).is_ok(), "{count}");
            }
        }
    }
}
