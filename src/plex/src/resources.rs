//! The servers and other devices of an account, by its own token.

use std::time::Instant;

use policy::{PlexId, ServerRow};
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde::{Deserialize, Deserializer};

use crate::body::json;
use crate::client::with_token;
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
    /// The account's own token for this server. For the owner it is the token of the account itself.
    #[serde(default)]
    pub access_token: Option<Token>,
    /// Addresses of a server, as it has told plex.tv.
    #[serde(default, deserialize_with = "connections")]
    connections: Vec<Connection>,
}

/// An address of a server.
#[derive(Debug, Clone, Deserialize)]
struct Connection {
    #[serde(default, deserialize_with = "de::text")]
    uri: Option<String>,
    #[serde(default, deserialize_with = "de::bool")]
    local: bool,
    /// Plex's own machine, which forwards to the server.
    #[serde(default, deserialize_with = "de::bool")]
    relay: bool,
}

/// Reads the addresses. They are only shown, so that a list of another shape is an empty one.
fn connections<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Connection>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(rows.iter().filter_map(|row| Object::deserialize(row).ok()).map(|Object(row)| row).collect())
}

impl Resource {
    /// The server's own https addresses, those on the local network first. Texts of the server's: nothing in them is checked.
    pub fn secure_addresses(&self) -> impl Iterator<Item = &str> {
        let own = self.connections.iter().filter(|connection| !connection.relay);
        let (local, remote): (Vec<_>, Vec<_>) = own.partition(|connection| connection.local);
        let uris = local.into_iter().chain(remote).filter_map(|connection| connection.uri.as_deref());
        uris.filter(|uri| uri.starts_with("https://"))
    }

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
        resources(&self.send(self.resources_request(token)?, deadline)?.success()?)
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
    fn secure_addresses_are_the_servers_own_and_local_ones_come_first() {
        let text = r#"[
            {"connections":[
                {"uri":"https://203-0-113-5.aa.plex.direct:32400","local":false,"relay":false},
                {"uri":"http://192.0.2.7:32400","local":true},
                {"uri":"https://192-0-2-7.aa.plex.direct:32400","local":"1","relay":0},
                {"uri":"https://relay.aa.plex.direct:443","local":false,"relay":true},
                {"uri":null}, 7, ["https://x"]
            ]},
            {"connections":null}, {"connections":"x"}, {}
        ]"#;
        let rows = resources(text.as_bytes()).unwrap();
        let found: Vec<Vec<_>> = rows.iter().map(|row| row.secure_addresses().collect()).collect();
        let expected = vec!["https://192-0-2-7.aa.plex.direct:32400", "https://203-0-113-5.aa.plex.direct:32400"];
        assert_eq!(found, [expected, vec![], vec![], vec![]]);
    }

    #[test]
    fn r36_resource_rows_without_field_names_are_ignored() {
        assert!(resources(br#"[["a","server",true,11,"t"]]"#).is_err());
    }
}
