//! The owner's friends, and the users with whom one server is shared. plex.tv sends both lists as XML only.

use std::time::Instant;

use policy::{FriendRecord, PlexId, PlexUser, Relationship};
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use zeroize::Zeroizing;

use crate::client::with_token;
use crate::de::{is_true, non_empty};
use crate::people::{Form, MACHINE, OWNED, PENDING, People, Row};
use crate::xml::Fields;
use crate::{Changed, Client, Error, ListError, Token};

/// Rows of `/api/users`.
const USERS: Form = Form { row: "User", id: "id", attributes: &["id", "username", "email", "home"] };

/// Rows of `shared_servers`.
const SHARES: Form =
    Form { row: "SharedServer", id: "userID", attributes: &["userID", "username", "email", "acceptedAt", PENDING] };

impl Client {
    /// The owner's friends and Home members (`/api/users`), and the users who are invited. The owner is not among them. With
    /// a machine id, the users who have access to this server are [`Relationship::Shared`], and those who are only invited to
    /// it [`Relationship::Pending`].
    ///
    /// # Errors
    /// [`ListError`], with [`Error::Refused`] if the token is no longer valid.
    pub fn users(
        &self,
        token: &Token,
        machine_id: Option<&str>,
        deadline: Instant,
    ) -> Result<Vec<FriendRecord>, ListError> {
        users(&self.list(self.users_request(token)?, deadline)?, machine_id)
    }

    /// As [`Self::users`] with a machine id, for a list that is to overrule another: one that shows this machine id, but no
    /// server with it that is the owner's, does not say who has access to the owner's.
    ///
    /// # Errors
    /// As [`Self::users`], and [`crate::Changed::NoOwner`].
    pub fn users_of_own_server(
        &self,
        token: &Token,
        machine_id: &str,
        deadline: Instant,
    ) -> Result<Vec<FriendRecord>, ListError> {
        users_of_own_server(&self.list(self.users_request(token)?, deadline)?, machine_id)
    }

    /// The users with whom this server is shared, or to whom that was offered.
    ///
    /// # Errors
    /// [`ListError`], with [`Error::Refused`] if the token is no longer valid; [`ListError::Gone`] also when the server is
    /// not the token's.
    pub fn shared_servers(
        &self,
        token: &Token,
        machine_id: &str,
        deadline: Instant,
    ) -> Result<Vec<FriendRecord>, ListError> {
        shared_servers(&self.list(self.shared_servers_request(token, machine_id)?, deadline)?)
    }

    pub(crate) fn users_request(&self, token: &Token) -> Result<RequestBuilder, Error> {
        with_token(self.request(Method::GET, "/api/users"), token)
    }

    pub(crate) fn shared_servers_request(&self, token: &Token, machine_id: &str) -> Result<RequestBuilder, Error> {
        with_token(self.request(Method::GET, &format!("/api/servers/{machine_id}/shared_servers")), token)
    }

    fn list(&self, request: RequestBuilder, deadline: Instant) -> Result<Zeroizing<Vec<u8>>, ListError> {
        let answer = self.send(request, deadline)?;
        let status = answer.status;
        answer.success().map_err(|error| ListError::of(status, error))
    }
}

/// The answer to [`Client::users`].
///
/// # Errors
/// [`ListError::Changed`]
pub fn users(body: &[u8], machine_id: Option<&str>) -> Result<Vec<FriendRecord>, ListError> {
    let list = People::read(body, &USERS)?;
    list.describes_servers(machine_id.is_some())?;
    let ours = machine_id.map(|machine_id| Ours::of(machine_id, &list));
    Ok(friends(&list, ours.as_ref()))
}

/// The answer to [`Client::users_of_own_server`].
///
/// # Errors
/// [`ListError::Changed`]
pub fn users_of_own_server(body: &[u8], machine_id: &str) -> Result<Vec<FriendRecord>, ListError> {
    let list = People::read(body, &USERS)?;
    list.describes_servers(true)?;
    let ours = Ours::of(machine_id, &list);
    if ours.may_all_be_copies(&list) { Err(Changed::NoOwner.into()) } else { Ok(friends(&list, Some(&ours))) }
}

/// The answer to [`Client::shared_servers`].
///
/// # Errors
/// [`ListError::Changed`]
pub fn shared_servers(body: &[u8]) -> Result<Vec<FriendRecord>, ListError> {
    let list = People::read(body, &SHARES)?;
    list.names_anybody()?;
    Ok(list.rows.iter().map(|(id, row)| share(*id, &row.fields)).collect())
}

fn user(row: &Fields, id: PlexId) -> PlexUser {
    let text = |name| row.get(name).and_then(non_empty).map(str::to_owned);
    PlexUser { id, username: text("username"), email: text("email") }
}

/// False only for a row that is clearly not pending: an odd value gives nobody access.
fn is_pending(row: &Fields) -> bool {
    row.has(PENDING) && !matches!(row.get(PENDING), Some("" | "0" | "false"))
}

/// Rows of the owner's server in a list of friends. A friend can share a server with a copied machine id, but plex.tv says whose
/// server a row is. It has not always said so: where no row is the owner's, all of them count while there is no other list
/// ([`Client::users_of_own_server`]), and each sign-in is confirmed by the user's own resources.
struct Ours<'a> {
    machine_id: &'a str,
    says_owned: bool,
}

impl<'a> Ours<'a> {
    fn of(machine_id: &'a str, list: &People) -> Self {
        let any = Self { machine_id, says_owned: false };
        Self { says_owned: list.servers().any(|server| any.is(server) && is_owned(server)), ..any }
    }

    /// True if there are rows, none of them the owner's. Without any, the list says that nobody has access.
    fn may_all_be_copies(&self, list: &People) -> bool {
        !self.says_owned && list.servers().any(|server| self.is(server))
    }

    fn is(&self, server: &Fields) -> bool {
        server.get(MACHINE) == Some(self.machine_id) && (is_owned(server) || !self.says_owned)
    }
}

fn is_owned(server: &Fields) -> bool {
    server.get(OWNED).is_some_and(is_true)
}

fn friends(list: &People, ours: Option<&Ours>) -> Vec<FriendRecord> {
    list.rows.iter().map(|(id, row)| friend(*id, row, ours)).collect()
}

/// A friend, a Home member, a user who only shares with the owner, or one whose invitations are all pending.
fn friend(id: PlexId, row: &Row, ours: Option<&Ours>) -> FriendRecord {
    let servers = &row.servers;
    let mut of_this_server = servers.iter().filter(|server| ours.is_some_and(|ours| ours.is(server)));
    let relationship = if let Some(server) = of_this_server.next() {
        let is_shared = !is_pending(server) || of_this_server.any(|server| !is_pending(server));
        if is_shared { Relationship::Shared } else { Relationship::Pending }
    } else if row.fields.get("home").is_some_and(is_true) {
        Relationship::Home
    } else if !servers.is_empty() && servers.iter().all(is_pending) {
        Relationship::Pending
    } else {
        Relationship::Friend
    };
    FriendRecord { person: user(&row.fields, id), relationship }
}

fn share(id: PlexId, row: &Fields) -> FriendRecord {
    let accepted = row.get("acceptedAt").and_then(non_empty).is_some_and(|at| at != "0");
    let relationship = if accepted && !is_pending(row) { Relationship::Shared } else { Relationship::Pending };
    FriendRecord { person: user(row, id), relationship }
}

#[cfg(test)]
mod tests;
