//! Effects of faults on a response before it is sent.

use serde_json::{Value, json};

use crate::api;
use crate::fault::Fault;
use crate::http::{Request, Response};

/// Fields that every client needs in any response.
const NEEDED: [&str; 9] =
    ["id", "authToken", "errors", "code", "clientIdentifier", "provides", "owned", "ownerId", "accessToken"];

/// The response under a fault. `right` performs the request and returns the regular response; most faults do not call
/// it.
pub(crate) fn answer(fault: Option<&Fault>, request: &Request, right: impl FnOnce() -> Response) -> Response {
    match fault {
        Some(Fault::Status(status, body)) => Response::new(*status, "text/html", body.as_str()),
        Some(Fault::Api(status, code)) => api::error(request, *status, *code, "Asked for by a test"),
        Some(Fault::TooMany(after)) => {
            let headers = after.map(|seconds| ("Retry-After", seconds.to_string())).into_iter().collect();
            Response { status: 429, headers, body: Vec::new() }
        }
        Some(Fault::Redirect(to)) => redirect(302, to),
        Some(Fault::RedirectAs(status, to)) => redirect(*status, to),
        Some(Fault::Gone) => api::failure(request, 410, 1999, "Gone"),
        Some(Fault::Captcha) => Response::html(200, "Prove that you are human"),
        Some(Fault::Huge(megabytes)) => Response::new(200, "application/json", vec![b' '; megabytes << 20]),
        Some(Fault::Garbage) => Response::new(200, "application/json", [0xff, 0xfe, 0x00, 0x80].repeat(64)),
        Some(Fault::Silence | Fault::Reset) => Response::empty(200),
        Some(Fault::OddShape) => reshaped(right(), odd),
        Some(Fault::Bare) => reshaped(right(), bare),
        Some(Fault::Truncated) => {
            let mut whole = right();
            whole.body.truncate(whole.body.len() * 2 / 3);
            whole
        }
        Some(Fault::Delay(_) | Fault::Drip | Fault::Cut) | None => right(),
    }
}

fn redirect(status: u16, to: &str) -> Response {
    Response { status, headers: vec![("Location", to.to_owned())], body: Vec::new() }
}

/// The same response in another format that plex.tv has been seen to use.
fn reshaped(mut response: Response, shape: fn(Value) -> Value) -> Response {
    if response.status == 201 {
        response.status = 200;
    }
    if let Ok(value) = serde_json::from_slice(&response.body) {
        response.body = shape(value).to_string().into_bytes();
    }
    response
}

/// Numbers as text, booleans in all their spellings, nulls, and an unknown field. Codes stay numbers.
fn odd(value: Value) -> Value {
    let Value::Object(fields) = value else { return each_row(value, odd) };
    let mut odd_fields = serde_json::Map::new();
    for (place, (name, value)) in fields.into_iter().enumerate() {
        let value = match value {
            Value::Array(_) if name == "errors" => each_row(value, errors_without_status),
            Value::Bool(truth) if place % 2 == 0 => u8::from(truth).into(),
            Value::Bool(truth) => u8::from(truth).to_string().into(),
            Value::Number(number) => number.to_string().into(),
            Value::Object(_) | Value::Array(_) => Value::Null,
            Value::String(text) if text.is_empty() => Value::Null,
            other => other,
        };
        odd_fields.insert(name, value);
    }
    odd_fields.insert("brandNewField".into(), json!({"nested": [1, null]}));
    odd_fields.into()
}

/// Only the needed fields.
fn bare(value: Value) -> Value {
    let Value::Object(mut fields) = value else { return each_row(value, bare) };
    fields.retain(|name, _| NEEDED.contains(&name.as_str()));
    for value in fields.values_mut().filter(|value| value.is_array()) {
        *value = each_row(value.take(), bare);
    }
    fields.into()
}

fn errors_without_status(mut error: Value) -> Value {
    error.as_object_mut().and_then(|fields| fields.remove("status"));
    error
}

fn each_row(value: Value, shape: fn(Value) -> Value) -> Value {
    match value {
        Value::Array(rows) => rows.into_iter().map(shape).collect(),
        other => other,
    }
}
