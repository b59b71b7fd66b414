//! The owner's friends, and the users with whom one server is shared. plex.tv sends both lists as XML only.

use std::time::Instant;

use policy::{FriendRecord, PlexId, PlexUser, Relationship};
use reqwest::Method;
use roxmltree::{Document, Node};
use zeroize::Zeroizing;

use crate::client::{send, with_token};
use crate::de::{self, is_true, non_empty};
use crate::{Changed, Client, ListError, Token};

impl Client {
    /// The owner's friends and Home members (`/api/users`), and the users who are invited. The owner is not among them. With
    /// a machine id, the users who have access to this server are [`Relationship::Shared`], and those who are only invited to
    /// it [`Relationship::Pending`].
    ///
    /// # Errors
    /// [`ListError`], with [`crate::Error::Refused`] if the token is no longer valid.
    pub fn users(
        &self,
        token: &Token,
        machine_id: Option<&str>,
        deadline: Instant,
    ) -> Result<Vec<FriendRecord>, ListError> {
        users(&self.list("/api/users", token, deadline)?, machine_id)
    }

    /// The users with whom this server is shared, or to whom that was offered.
    ///
    /// # Errors
    /// [`ListError`], with [`crate::Error::Refused`] if the token is no longer valid; [`ListError::Gone`] also when the server is
    /// not the token's.
    pub fn shared_servers(
        &self,
        token: &Token,
        machine_id: &str,
        deadline: Instant,
    ) -> Result<Vec<FriendRecord>, ListError> {
        let path = format!("/api/servers/{machine_id}/shared_servers");
        shared_servers(&self.list(&path, token, deadline)?)
    }

    fn list(&self, path: &str, token: &Token, deadline: Instant) -> Result<Zeroizing<Vec<u8>>, ListError> {
        let answer = send(with_token(self.request(Method::GET, path), token)?, deadline)?;
        let status = answer.status;
        answer.success().map_err(|error| ListError::of(status, error))
    }
}

/// The answer to [`Client::users`].
///
/// # Errors
/// [`ListError::Changed`]
pub fn users(body: &[u8], machine_id: Option<&str>) -> Result<Vec<FriendRecord>, ListError> {
    list(body, |container| rows(container, "User").filter_map(|row| friend(row, machine_id)).collect())
}

/// The answer to [`Client::shared_servers`].
///
/// # Errors
/// [`ListError::Changed`]
pub fn shared_servers(body: &[u8]) -> Result<Vec<FriendRecord>, ListError> {
    list(body, |container| rows(container, "SharedServer").filter_map(share).collect())
}

fn list<T>(body: &[u8], read: impl FnOnce(Node) -> Vec<T>) -> Result<Vec<T>, ListError> {
    let no_list = || ListError::Changed(Changed::NoList);
    let text = de::xml(body).ok_or_else(no_list)?;
    let document = text.parse().ok_or_else(no_list)?;
    container(&document).map(read).ok_or_else(no_list)
}

/// The list's root. A page of HTML that happens to be well-formed must not pass for a list without friends.
fn container<'a>(document: &'a Document) -> Option<Node<'a, 'a>> {
    Some(document.root_element()).filter(|root| root.has_tag_name("MediaContainer"))
}

fn rows<'a>(container: Node<'a, 'a>, tag: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    container.children().filter(move |node| node.has_tag_name(tag))
}

fn user(row: Node, id: &str) -> Option<PlexUser> {
    let text = |name| row.attribute(name).and_then(non_empty).map(str::to_owned);
    let id = row.attribute(id)?.parse().ok().filter(|id| *id > 0)?;
    Some(PlexUser { id: PlexId(id), username: text("username"), email: text("email") })
}

fn flag(row: Node, name: &str) -> bool {
    row.attribute(name).is_some_and(is_true)
}

/// A friend, a Home member, a user who only shares with the owner, or one whose invitations are all pending.
fn friend(row: Node, machine_id: Option<&str>) -> Option<FriendRecord> {
    let servers = || rows(row, "Server");
    let of_this_server = || servers().filter(|server| server.attribute("machineIdentifier") == machine_id);
    let invited_only = servers().next().is_some() && servers().all(|server| flag(server, "pending"));
    let relationship = if machine_id.is_some() && of_this_server().any(|server| !flag(server, "pending")) {
        Relationship::Shared
    } else if machine_id.is_some() && of_this_server().next().is_some() {
        Relationship::Pending
    } else if flag(row, "home") {
        Relationship::Home
    } else if invited_only {
        Relationship::Pending
    } else {
        Relationship::Friend
    };
    Some(FriendRecord { person: user(row, "id")?, relationship })
}

fn share(row: Node) -> Option<FriendRecord> {
    let accepted = row.attribute("acceptedAt").and_then(non_empty).is_some_and(|at| at != "0");
    let pending = !accepted || flag(row, "pending");
    let relationship = if pending { Relationship::Pending } else { Relationship::Shared };
    Some(FriendRecord { person: user(row, "userID")?, relationship })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn friends_are_parsed_with_their_relationships() {
        let text = r#"<MediaContainer size="6">
            <User id="2" username="alice" email="a@example.org" home="0"><Server id="5" pending="0"/></User>
            <User id="3" username="bob" email="" home="0"/>
            <User id="4" username="carol" home="0"><Server pending="1"/><Server pending="1"/></User>
            <User id="5" username="dora" home="0"><Server pending="1"/><Server pending="0"/></User>
            <User id="6" title="Kid" home="1" restricted="1"><Server pending="1"/></User>
            <User username="nobody"/><User id="x" username="nobody"/><Other id="7"/>
        </MediaContainer>"#;
        let found: Vec<_> =
            users(text.as_bytes(), None).unwrap().into_iter().map(|f| (f.person.id.0, f.relationship)).collect();
        let expected = [
            (2, Relationship::Friend),
            (3, Relationship::Friend),
            (4, Relationship::Pending),
            (5, Relationship::Friend),
            (6, Relationship::Home),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_share_gives_access_only_when_accepted() {
        let text = r#"<MediaContainer>
            <SharedServer id="1" userID="2" username="alice" email="a@example.org" acceptedAt="1700000000"/>
            <SharedServer id="2" userID="3" username="bob"/>
            <SharedServer id="3" userID="4" acceptedAt=""/>
            <SharedServer id="4" userID="5" acceptedAt="0"/>
            <SharedServer id="5" userID="6" acceptedAt="1700000000" pending="1"/>
            <SharedServer id="6" username="nobody" acceptedAt="1700000000"/>
        </MediaContainer>"#;
        let found: Vec<_> =
            shared_servers(text.as_bytes()).unwrap().into_iter().map(|s| (s.person.id.0, s.relationship)).collect();
        let expected = [(2, Relationship::Shared), (3, Relationship::Pending), (4, Relationship::Pending)];
        assert_eq!(found, [&expected[..], &[(5, Relationship::Pending), (6, Relationship::Pending)]].concat());
    }

    #[test]
    fn an_html_page_is_not_an_empty_friend_list() {
        let page = b"<html><body>Please wait</body></html>";
        assert!(users(page, None).is_err());
        assert!(shared_servers(page).is_err());
    }

    #[test]
    fn xml_with_expanding_entities_is_rejected() {
        let bomb = br#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><MediaContainer>&b;</MediaContainer>"#;
        assert!(users(bomb, None).is_err());
    }
}
