//! The table agrees with the parsers, and a shape keeps no value.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

use std::fmt::Write as _;
use std::time::Duration;

use policy::Relationship;
use serde_json::{Map, Value, json};
use url::Url;

use super::compare::{Difference, Shape};
use super::node::ValueType;
use super::table::{Contract, Endpoint, Field, Format, Kind, Need, Rows};
use crate::{Client, Settings, Token, link, parse};

/// Rows of each kind in a sample. Booleans and what may be null differ between them.
const ROWS: usize = 2;

/// Number of useful rows that the parsers find in an answer.
fn useful(endpoint: Endpoint, body: &str) -> usize {
    let body = body.as_bytes();
    match endpoint {
        Endpoint::User => usize::from(parse::account(body).is_ok()),
        Endpoint::Users => parse::users(body, Some("SECRET1")).map_or(0, |rows| rows.len()),
        Endpoint::SharedServers => parse::shared_servers(body)
            .map_or(0, |rows| rows.iter().filter(|row| row.relationship == Relationship::Shared).count()),
        Endpoint::Resources => parse::resources(body).map_or(0, |rows| {
            let rows = rows.iter().filter_map(crate::Resource::server_row);
            rows.filter(|row| row.is_server && (row.owned || row.owner_id.is_some())).count()
        }),
        Endpoint::SignIn => usize::from(parse::signed_in(body).is_ok()),
        Endpoint::LinkCode => usize::from(parse::link_code(body).is_ok()),
        Endpoint::Approval => usize::from(parse::approval(body).is_ok_and(|token| token.is_some())),
        Endpoint::Identity => usize::from(parse::server_identity(body).is_ok_and(|server| server.claimed)),
        Endpoint::Revocation | Endpoint::MediaServer => 0,
    }
}

/// The text of a field in a row, and whether JSON needs quotes around it.
fn text(field: &Field, row: usize) -> (String, bool) {
    match field.kind {
        Kind::Number if ["size", "totalSize"].contains(&field.name) => (ROWS.to_string(), false),
        Kind::Number => ((1_700_000_000 + row).to_string(), false),
        Kind::NumberOrNull if row.is_multiple_of(2) => ("null".into(), false),
        Kind::NumberOrNull => ("11".into(), false),
        Kind::Text | Kind::TextOrEmpty if field.name == "provides" => ("server".into(), true),
        Kind::Boolean => (row.is_multiple_of(2).to_string(), false),
        Kind::Text | Kind::TextOrEmpty | Kind::Token | Kind::TokenOrNull => (format!("SECRET{row}"), true),
    }
}

/// An answer as plex-auth expects it, without one field.
fn sample(contract: &Contract, without: Option<(&Rows, &Field)>) -> String {
    let fields = |rows: &'static Rows, row: usize| {
        let kept = rows.fields.iter().filter(move |field| without.is_none_or(|(of, not)| of != rows || not != *field));
        kept.map(move |field| (field.name, text(field, row)))
    };
    match contract.format {
        Format::Any => String::new(),
        Format::Xml => {
            fn element(
                contract: &Contract,
                path: &[&str],
                row: usize,
                attributes: &dyn Fn(&'static Rows, usize) -> String,
            ) -> String {
                let rows = contract.rows.iter().find(|rows| rows.path == path).unwrap();
                let name = path.last().unwrap();
                let below = contract
                    .rows
                    .iter()
                    .filter(|other| other.path.split_last().is_some_and(|(_, above)| above == path));
                let children =
                    below.flat_map(|below| (0..ROWS).map(|row| element(contract, below.path, row, attributes)));
                format!("<{name}{}>{}</{name}>", attributes(rows, row), children.collect::<String>())
            }
            let attributes = |rows: &'static Rows, row: usize| {
                // In XML a false boolean is 0, and the first row of a list is one that counts: pending="0".
                fields(rows, row + 1).fold(String::new(), |mut all, (name, (text, _))| {
                    write!(all, " {name}=\"{text}\"").unwrap();
                    all
                })
            };
            element(contract, &["MediaContainer"], 0, &attributes)
        }
        Format::Json => {
            let rows = contract.rows.iter().find(|rows| !rows.fields.is_empty()).unwrap();
            let object = |row: usize| -> Value {
                let value = |(text, quoted): (String, bool)| {
                    if quoted { json!(text) } else { serde_json::from_str(&text).unwrap() }
                };
                fields(rows, row).map(|(name, text)| (name.to_owned(), value(text))).collect::<Map<_, _>>().into()
            };
            match rows.path {
                [] => object(0),
                ["[]"] => (0..ROWS).map(object).collect(),
                [name] => json!({ *name: object(0) }),
                other => panic!("no sample for {other:?}"),
            }
            .to_string()
        }
    }
}

fn shape(endpoint: Endpoint, status: u16, body: &str) -> Shape {
    Shape::of(endpoint.contract(), status, Some("text/xml; charset=utf-8"), body.as_bytes())
}

#[test]
fn each_endpoint_has_its_own_contract() {
    for endpoint in Endpoint::ALL {
        assert_eq!(endpoint.contract().endpoint, endpoint);
    }
}

/// Issue 15 point 10: the table cannot say more, or less, than the parsers rely on.
#[test]
fn the_parsers_need_the_required_fields_of_the_table_and_no_other() {
    let mut removed = 0;
    for endpoint in Endpoint::ALL {
        let contract = endpoint.contract();
        let whole = sample(contract, None);
        let all = useful(endpoint, &whole);
        assert!(all > 0 || contract.rows.is_empty(), "{endpoint:?}: {whole}");
        assert_eq!(shape(endpoint, *contract.status.start(), &whole).differences(), [], "{whole}");
        for (rows, field) in contract.rows.iter().flat_map(|rows| rows.fields.iter().map(move |field| (rows, field))) {
            let body = sample(contract, Some((rows, field)));
            let left = useful(endpoint, &body);
            let needed = left < all;
            assert_eq!(field.need != Need::Optional, needed, "{endpoint:?} {}: {left} of {all} in {body}", field.name);
            let differs = !shape(endpoint, 200, &body).differences().is_empty();
            assert_eq!(differs, needed, "{endpoint:?} {}: {body}", field.name);
            removed += 1;
        }
    }
    assert!(removed > 25, "{removed} fields");
}

#[test]
fn fields_and_rows_of_the_table_are_known_and_all_others_are_named() {
    for endpoint in Endpoint::ALL {
        let whole = shape(endpoint, 200, &sample(endpoint.contract(), None));
        for row in &whole.rows {
            assert!(row.unknown.is_empty() && row.unnamed == 0, "{endpoint:?} {:?}", row.unknown);
        }
    }
    let list = r#"<MediaContainer new="1"><User id="2" odd="x"><Server name="n"/><Device/></User></MediaContainer>"#;
    let rows = shape(Endpoint::Users, 200, list).rows;
    let unknown: Vec<_> = rows.iter().flat_map(|row| row.unknown.iter().map(String::as_str)).collect();
    assert_eq!(unknown, ["new", "Device", "odd", "name"]);
}

/// The parsers leave out a row without a field that it needs, and read the others.
#[test]
fn an_answer_is_partly_usable_while_a_row_has_each_field_that_is_needed() {
    let usable = |status, rows: &str| {
        let body = format!("<MediaContainer size=\"2\">{rows}</MediaContainer>");
        shape(Endpoint::SharedServers, status, &body).is_partly_usable()
    };
    let row = r#"<SharedServer userID="2" username="a" email="a@example.org" acceptedAt="1700000000"/>"#;
    let whole = format!("{row}{row}");
    assert!(usable(200, &whole));
    assert!(usable(200, &format!("{row}{}", row.replace("userID", "uid"))));
    assert!(usable(200, &whole.replace("email", "mail")), "a field that is not needed");
    assert!(!usable(200, &whole.replace("userID", "uid")));
    assert!(!usable(200, &whole.replace("acceptedAt", "at")));
    assert!(!usable(403, &whole));
    assert!(!usable(200, "<SharedServer"), "cannot be read");
}

#[test]
fn r41_a_shape_has_no_value_of_an_answer() {
    for endpoint in Endpoint::ALL {
        let whole = sample(endpoint.contract(), None);
        let shown = format!("{:?}", shape(endpoint, 200, &whole));
        assert!(!shown.contains("SECRET") && !shown.contains("1700000001"), "{shown}");
    }
}

#[test]
fn names_that_may_be_content_are_counted_and_not_shown() {
    let body = r#"{"id":1,"authToken":"t","abcd1234efgh":{},"olga@example.org":1,"a very long name that goes on":2,"_private":1,"1st":1,
        "new_field":{"alice":1},"uuid":"x"}"#;
    let row = shape(Endpoint::SignIn, 200, body).rows.remove(0);
    assert_eq!(row.unknown.iter().map(String::as_str).collect::<Vec<_>>(), ["_private", "new_field", "uuid"]);
    assert_eq!(row.unnamed, 4);
    let body = r#"<MediaContainer><SharedServer userID="2" abcd1234="x" efgh5678="y"><ijkl9012/><mnop3456/><a1/></SharedServer>
        </MediaContainer>"#;
    let row = shape(Endpoint::SharedServers, 200, body).rows.remove(1);
    assert_eq!((row.unknown.iter().map(String::as_str).collect(), row.unnamed), (vec!["a1"], 4));
}

#[test]
fn values_of_other_types_are_counted_and_their_types_are_named() {
    let row = |accepted: &str| format!(r#"<SharedServer userID="2" username="" acceptedAt="{accepted}"/>"#);
    let body: String = ["", "soon", "true", "1700000000", "-1"].map(row).concat();
    let rows = shape(Endpoint::SharedServers, 200, &format!("<MediaContainer>{body}</MediaContainer>")).rows;
    let field = |name: &str| rows[1].fields.iter().find(|field| field.field.name == name).unwrap();
    let (accepted, username) = (field("acceptedAt"), field("username"));
    assert_eq!((accepted.present, accepted.other), (1, 4));
    let types: Vec<_> = accepted.other_types.iter().map(|other| other.as_str()).collect();
    assert_eq!(types, ["empty text", "boolean as text", "text"]);
    assert_eq!((username.present, username.other), (5, 0), "a name may be empty");
}

#[test]
fn each_type_has_its_words() {
    use ValueType as T;
    for (value, words) in [
        (T::Null, "null"),
        (T::Boolean, "boolean"),
        (T::Number, "number"),
        (T::OtherNumber, "negative or broken number"),
        (T::EmptyText, "empty text"),
        (T::NumberAsText, "number as text"),
        (T::BooleanAsText, "boolean as text"),
        (T::Text, "text"),
        (T::List, "list"),
        (T::Object, "object"),
    ] {
        assert_eq!(value.as_str(), words);
    }
    for (kind, words) in [
        (Kind::Number, "number"),
        (Kind::NumberOrNull, "number or null"),
        (Kind::Text, "text"),
        (Kind::TextOrEmpty, "text"),
        (Kind::Boolean, "boolean"),
        (Kind::Token, "token"),
        (Kind::TokenOrNull, "token or null"),
    ] {
        assert_eq!(kind.as_str(), words);
    }
}

#[test]
fn a_content_type_is_kept_only_if_it_is_plainly_one() {
    let of = |header: &str| Shape::of(Endpoint::User.contract(), 200, Some(header), b"{}").content_type;
    let longest = "x".repeat(64);
    for kept in ["text/xml", "application/vnd.plex+json", "a-b", &longest] {
        assert_eq!(of(kept).as_deref(), Some(kept));
        assert_eq!(of(&format!(" {kept} ; charset=utf-8")).as_deref(), Some(kept));
    }
    for dropped in ["", ";", " ; charset=utf-8", "text/html5", "text html", "alice@example", "ä", &"x".repeat(65)] {
        assert_eq!(of(dropped), None, "{dropped:?}");
    }
}

#[test]
fn each_changed_shape_of_the_list_of_shares_is_a_difference() {
    let of = |body: &str| shape(Endpoint::SharedServers, 200, body).differences();
    let row = r#"<SharedServer userID="2" username="a" acceptedAt="1700000000"/>"#;
    let list = |size: u32, rows: &str| format!("<MediaContainer size=\"{size}\">{rows}</MediaContainer>");
    assert_eq!(of(&list(1, row)), []);
    assert_eq!(of(&list(0, "")), []);
    assert_eq!(of(&list(2, row)), [Difference::Count]);
    assert_eq!(of(&list(1, &row.replace("SharedServer", "Share"))), [Difference::Count]);
    assert_eq!(of(&list(1, &row.replace("userID", "uid"))), [Difference::Missing("userID", 1)]);
    assert_eq!(of(&list(1, &row.replace("userID=\"2\"", "userID=\"x\""))), [Difference::Missing("userID", 1)]);
    assert_eq!(of(&list(1, &row.replace("acceptedAt", "at"))), [Difference::Missing("acceptedAt", 1)]);
    let nameless = row.replace("username", "name");
    assert_eq!(of(&list(1, &nameless)), [Difference::NoneOf(&["username", "email"])]);
    assert!(parse::shared_servers(list(1, &nameless).as_bytes()).is_err());
    assert_eq!(of(&list(0, &row.replace("SharedServer", "Share"))), [Difference::OtherRows("SharedServer")]);
    assert_eq!(of("<html><body/></html>"), [Difference::NoRoot("MediaContainer")]);
    assert_eq!(of("<html>"), [Difference::Unreadable]);
    let pending = row.replace("acceptedAt", "at");
    assert_eq!(of(&list(2, &format!("{row}{pending}"))), [], "an invitation is to be expected");
    for status in [403, 404, 410] {
        assert_eq!(shape(Endpoint::SharedServers, status, "").differences(), [Difference::Status]);
    }
    let forbidden = shape(Endpoint::SharedServers, 403, r#"<errors><error code="1080"/></errors>"#);
    assert_eq!((forbidden.status, forbidden.code), (403, Some(1080)));
    assert_eq!(forbidden.content_type.as_deref(), Some("text/xml"));
}

/// Each endpoint's request, and the one that the table describes, with example values.
#[test]
fn requests_have_the_method_and_path_of_the_table() {
    let settings = Settings {
        base: Url::parse("https://plex.tv/").unwrap(),
        ca_file: None,
        connect_timeout: Duration::from_secs(1),
        client_id: "client".into(),
        device_name: "device".into(),
    };
    let client = Client::new(&settings).unwrap();
    let (token, server) = (Token::invalid(), Url::parse("http://127.0.0.1:32400").unwrap());
    let code = link::link_code(br#"{"id": 7, "code": "ABCD"}"#).unwrap();
    for endpoint in Endpoint::ALL {
        let request = match endpoint {
            Endpoint::User => client.account_request(&token).unwrap(),
            Endpoint::Users => client.users_request(&token).unwrap(),
            Endpoint::SharedServers => client.shared_servers_request(&token, "M1").unwrap(),
            Endpoint::Resources => client.resources_request(&token).unwrap(),
            Endpoint::SignIn => client.sign_in_request("alice", "password", None),
            Endpoint::Revocation => client.sign_out_request(&token).unwrap(),
            Endpoint::LinkCode => client.link_code_request(),
            Endpoint::Approval => client.approval_request(&code),
            Endpoint::Identity => client.identity_request(&server),
            Endpoint::MediaServer => client.front_page_request(&server, &token).unwrap(),
        };
        let request = request.build().unwrap();
        let contract = endpoint.contract();
        assert_eq!(request.method(), contract.method);
        assert_eq!(request.url().path(), contract.path.replace("{machine_id}", "M1").replace("{id}", "7"));
    }
}
