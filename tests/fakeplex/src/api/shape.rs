//! The two lists of people, in the shape that a test has set.

use super::failure;
use super::xml::{self, Element};
use crate::command::ListShape;
use crate::http::{Request, Response};

/// Character that marks the place of a byte that is not UTF-8, until the document is written.
const NO_UTF8: char = '\u{e000}';

/// Names in the rows of a list.
pub(super) struct Names {
    /// Attribute with the person's number.
    pub id: &'static str,
    /// Attribute with a name that no client identifies the person by.
    pub label: &'static str,
    /// Name of a row after it was renamed.
    pub renamed: &'static str,
}

/// A list of these rows.
pub(super) fn list(
    request: &Request,
    shape: ListShape,
    names: &Names,
    machine_id: &str,
    rows: Vec<Element>,
) -> Response {
    if let Some(refusal) = refusal(request, shape) {
        return refusal;
    }
    let rows = reshaped(shape, names, rows);
    let size = rows.len() + usize::from(shape == ListShape::ShortOfSize);
    let container = Element::new("MediaContainer")
        .with("friendlyName", "myPlex")
        .with("identifier", "com.plexapp.plugins.myplex")
        .with("machineIdentifier", machine_id)
        .with("totalSize", size)
        .with("size", size);
    let mut response = xml::document(200, &container.children(rows));
    if shape == ListShape::OddBytes {
        response.body = without_utf8(&response.body);
    }
    response
}

/// The answer in place of a list. Old endpoints are XML whatever the client requested.
fn refusal(request: &Request, shape: ListShape) -> Option<Response> {
    let error = |status: u16, code: u32, message: &str| {
        let error = Element::new("error").with("code", code).with("message", message).with("status", status);
        xml::document(status, &Element::new("errors").child(&error))
    };
    match shape {
        ListShape::Forbidden => Some(failure(request, 403, 403, "Forbidden")),
        ListShape::Forbidden1080 => Some(error(403, 1080, "Forbidden")),
        ListShape::NotFound => Some(error(404, 1002, "Not Found")),
        ListShape::Gone => Some(failure(request, 410, 410, "Gone")),
        ListShape::Page => Some(Response::html(200, "Prove that you are human")),
        _ => None,
    }
}

fn reshaped(shape: ListShape, names: &Names, rows: Vec<Element>) -> Vec<Element> {
    let each = |change: &dyn Fn(Element) -> Element| rows.iter().cloned().map(change).collect();
    match shape {
        ListShape::NoAccessToken => each(&|row| row.without("accessToken")),
        ListShape::NoAcceptedAt => each(&|row| row.without("acceptedAt").without("pending")),
        ListShape::RenamedId => each(&|row| row.change(names.id, |name, _| "invitedId".clone_into(name))),
        ListShape::RenamedRow => each(&|row| row.named(names.renamed)),
        ListShape::Empty => Vec::new(),
        ListShape::OddBytes => odd_name(names, rows),
        ListShape::OddRow => odd_row(names, rows),
        _ => rows,
    }
}

fn odd_name(names: &Names, mut rows: Vec<Element>) -> Vec<Element> {
    if let Some(first) = rows.first_mut() {
        *first = first.clone().change(names.label, |_, value| value.extend([NO_UTF8, '\u{1}']));
    }
    rows
}

/// A row as the others, without a number, and with names of its own.
fn odd_row(names: &Names, mut rows: Vec<Element>) -> Vec<Element> {
    let odd = rows.first().cloned().map(|row| {
        let row = row.without(names.id);
        row.change("username", |_, value| "odd".clone_into(value)).change("email", |_, value| value.clear())
    });
    rows.extend(odd);
    rows
}

fn without_utf8(body: &[u8]) -> Vec<u8> {
    let mut mark = [0; 4];
    let mark = NO_UTF8.encode_utf8(&mut mark).as_bytes();
    let mut bytes = Vec::new();
    let mut rest = body;
    while let Some(byte) = rest.first() {
        let marked = rest.strip_prefix(mark);
        bytes.push(if marked.is_some() { 0xff } else { *byte });
        rest = marked.unwrap_or(&rest[1..]);
    }
    bytes
}
