//! Fuzzes the parsers for JSON responses of plex.tv and a media server, and for errors in JSON or XML.
//!
//! If the first line of the input is a number, it is the status of an error response; otherwise the input is the body
//! of a success.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use plex::{Error, parse};
use policy::PlexUser;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let status = parts.next().and_then(|line| std::str::from_utf8(line).ok()).and_then(|line| line.parse().ok());
    match status {
        Some(status) => failure(status, parts.next().unwrap_or_default()),
        None => success(input),
    }
});

fn success(body: &[u8]) {
    let signed_in = parse_whole(body, parse::signed_in);
    let account = parse_whole(body, parse::account);
    let server = parse_whole(body, parse::server_identity);
    let rows = parse_whole(body, parse::resources);
    let link = parse_whole(body, parse::link_code);
    let approval = parse_whole(body, parse::approval);
    // Parsed a second time, without this project's types. This parser also rejects bytes in ignored fields: those that
    // are not UTF-8, which are replaced here, and numbers out of range, which cannot be.
    let Ok(value) = serde_json::from_str::<Value>(&String::from_utf8_lossy(body)) else { return };
    if let Some(answer) = signed_in {
        assert_account_is_in(&answer.account, &value);
        let token = value["authToken"].as_str().unwrap_or_default();
        assert!(!token.is_empty(), "nobody signs in without a token");
        assert_hidden(&answer.token, token);
    }
    if let Some(account) = account {
        assert_account_is_in(&account, &value);
    }
    if let Some(server) = server {
        let shown = &value["MediaContainer"];
        assert_eq!(shown["machineIdentifier"].as_str(), Some(server.machine_identifier.as_str()));
        assert!(!server.claimed || is_true(&shown["claimed"]));
    }
    if let Some(link) = link {
        assert_eq!(value["code"].as_str(), Some(link.code()));
        assert!(link.code().bytes().all(|byte| byte.is_ascii_alphanumeric()), "a code that cannot be shown");
        assert_eq!(format!("{link:?}"), "LinkCode(…)");
    }
    if let Some(approval) = approval {
        let token = value["authToken"].as_str().unwrap_or_default();
        assert_eq!(approval.is_some(), !token.is_empty(), "only a token is an approval");
        assert_hidden(&approval, token);
    }
    if let Some(rows) = rows {
        let shown = value.as_array().unwrap();
        assert_eq!(rows.len(), shown.len());
        for (row, shown) in rows.iter().zip(shown) {
            assert!(!row.is_server() || shown["provides"].as_str().is_some_and(|list| list.contains("server")));
            assert!(!row.owned || is_true(&shown["owned"]), "{row:?} is not said to be owned");
            assert!(row.owner_id.is_none() || row.owner_id == number(&shown["ownerId"]), "{row:?}");
            assert_eq!(row.access_token.is_some(), shown["accessToken"].is_string());
            assert_hidden(&row.access_token, shown["accessToken"].as_str().unwrap_or_default());
        }
    }
}

/// Parses a body, and asserts that no truncated body parses and no error quotes the body.
fn parse_whole<T>(body: &[u8], read: fn(&[u8]) -> Result<T, Error>) -> Option<T> {
    match read(body) {
        Ok(answer) => {
            let end = body.trim_ascii_end().len();
            for cut in [0, end / 2, end - 1] {
                assert!(read(&body[..cut]).is_err(), "a part of the answer passes for the whole");
            }
            Some(answer)
        }
        Err(error) => {
            assert!(matches!(&error, Error::Unavailable(why) if why.starts_with("the answer is no ")), "{error:?}");
            None
        }
    }
}

fn assert_account_is_in(account: &PlexUser, value: &Value) {
    assert!(account.id.0 > 0 && number(&value["id"]) == Some(account.id.0), "{account:?} is not in the answer");
    for (name, key) in [(&account.username, "username"), (&account.email, "email")] {
        let shown = &value[key];
        let shown = shown.as_str().map(str::to_owned).or_else(|| shown.as_u64().map(|number| number.to_string()));
        assert!(name.is_none() || *name == shown.filter(|text| !text.is_empty()), "{account:?}");
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true) || value.as_u64() == Some(1) || matches!(value.as_str(), Some("1" | "true"))
}

fn assert_hidden(shown: &impl Debug, token: &str) {
    assert!(token.len() < 8 || !format!("{shown:?}").contains(token), "a token is shown");
}

fn failure(status: u16, body: &[u8]) {
    let error = parse::failure(status, None, body);
    let code = match code(body) {
        Known::Code(code) => Some(code),
        Known::None => None,
        Known::Unclear => {
            return assert!(!is_verdict(&error) || [401, 403, 422, 498].contains(&status), "{error:?}");
        }
    };
    let expected = match (status, code) {
        (429, _) | (_, Some(1003)) => Error::RateLimited(None),
        (401, Some(1028)) => Error::WrongCode,
        (401, Some(1029)) => Error::CodeWanted,
        (401, Some(1030)) => Error::EmailOnly,
        (401, Some(1031)) => Error::AddressBlocked,
        (401 | 422, Some(_)) | (498, _) => Error::Refused,
        (403, Some(code)) => Error::Forbidden(code),
        (404, Some(1020)) => Error::UnknownCode,
        _ => {
            assert!(!is_verdict(&error), "an outage passes for a verdict: {status} {code:?} {error:?}");
            // R69: only an error of plex.tv's own servers says that it cannot be reached.
            assert_eq!(matches!(error, Error::Unreachable(_)), (500..=599).contains(&status), "{status}: {error:?}");
            let said = error.to_string();
            return assert!(said.is_ascii() && said.len() < 100, "{said}");
        }
    };
    assert_eq!(error, expected, "{status} {code:?}");
}

fn is_verdict(error: &Error) -> bool {
    !matches!(error, Error::Unreachable(_) | Error::Unavailable(_) | Error::RateLimited(_) | Error::UnknownCode)
}

/// The error code in a body, according to a second parser.
enum Known {
    Code(u32),
    None,
    /// Not JSON for this parser, although it seems to contain a code, or a key occurs twice.
    Unclear,
}

fn code(body: &[u8]) -> Known {
    let text = String::from_utf8_lossy(body);
    let Ok(value) = serde_json::from_str::<Value>(&text) else {
        // Characters that XML forbids are dropped, so one in the middle of a name changes nothing.
        let is_odd = |c: char| c == '\\' || c.is_control() || c >= '\u{fffd}';
        return if text.contains("code") || text.contains(is_odd) { Known::Unclear } else { Known::None };
    };
    let Some(errors) = value["errors"].as_array() else { return Known::None };
    let clear = ["\"errors\"", "\"code\""].iter().all(|key| text.matches(key).count() == 1) && !text.contains('\\');
    match errors.as_slice() {
        [error] if clear && std::str::from_utf8(body).is_ok() => {
            number(&error["code"]).and_then(|code| u32::try_from(code).ok()).map_or(Known::None, Known::Code)
        }
        [] => Known::None,
        _ => Known::Unclear,
    }
}
