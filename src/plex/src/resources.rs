//! The servers and other devices of an account, by its own token.

use std::time::Instant;

use policy::{PlexId, ServerRow};
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde::Deserialize;

use crate::body::json;
use crate::client::{send, with_token};
use crate::de::Object;
use crate::{Client, Error, Token, de};

/// A device that an account owns or shares. All fields but the owner's come from the user who registered it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// A server's machine id.
    #[serde(default, deserialize_with = "de::text")]
    pub client_identifier: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "de::text")]
    pub name: Option<String>,
    /// A list with commas, such as `server` or `client,player`.
    #[serde(default, deserialize_with = "de::text")]
    pub provides: Option<String>,
    /// True if the account owns it.
    #[serde(default, deserialize_with = "de::bool")]
    pub owned: bool,
    /// The owner's account, if it is shared.
    #[serde(default, deserialize_with = "de::number")]
    pub owner_id: Option<u64>,
    /// The account's own token for this server.
    #[serde(default)]
    pub access_token: Option<Token>,
}

impl Resource {
    /// True if it is a server.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.provides.as_deref().is_some_and(|list| list.split(',').any(|one| one.trim() == "server"))
    }
}

impl Resource {
    /// The fields that [`policy::reaches`] judges, if the device has an identifier.
    #[must_use]
    pub fn server_row(&self) -> Option<ServerRow> {
        Some(ServerRow {
            machine_id: self.client_identifier.clone()?,
            is_server: self.is_server(),
            owned: self.owned,
            owner_id: self.owner_id.map(PlexId),
        })
    }
}

impl Client {
    /// The devices of the token's account.
    ///
    /// # Errors
    /// [`Error::Refused`] if the token is not valid.
    pub fn resources(&self, token: &Token, deadline: Instant) -> Result<Vec<Resource>, Error> {
        resources(&send(self.resources_request(token)?, deadline)?.success()?)
    }

    pub(crate) fn resources_request(&self, token: &Token) -> Result<RequestBuilder, Error> {
        with_token(self.request(Method::GET, "/api/v2/resources").query(&[("includeHttps", "1")]), token)
    }
}

/// Parses the list of devices.
///
/// # Errors
/// [`Error::Unavailable`]
pub fn resources(body: &[u8]) -> Result<Vec<Resource>, Error> {
    let rows: Vec<Object<Resource>> = json(body, "the answer is no list of devices")?;
    Ok(rows.into_iter().map(|Object(row)| row).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn owner_fields_of_resources_are_parsed_in_every_spelling_and_never_guessed() {
        let text = r#"[
            {"name":"Den","clientIdentifier":"a","provides":"server","owned":true,"ownerId":null,"accessToken":"t"},
            {"clientIdentifier":"b","provides":"server,sync-target","owned":"0","ownerId":"11"},
            {"clientIdentifier":"c","provides":"client,player","owned":1,"ownerId":11},
            {"clientIdentifier":"d","provides":"servers","owned":"yes"},
            {}
        ]"#;
        let rows = resources(text.as_bytes()).unwrap();
        let read: Vec<_> = rows.iter().map(|row| (row.is_server(), row.owned, row.owner_id)).collect();
        let expected = [
            (true, true, None),
            (true, false, Some(11)),
            (false, true, Some(11)),
            (false, false, None),
            (false, false, None),
        ];
        assert_eq!(read, expected);
        let names: Vec<_> = rows.iter().map(|row| row.name.as_deref()).collect();
        assert_eq!(names, [Some("Den"), None, None, None, None]);
    }

    #[test]
    fn r36_resource_rows_without_field_names_are_ignored() {
        assert!(resources(br#"[["a","server",true,11,"t"]]"#).is_err());
    }
}
