//! A shape in words. Nothing but names, types and numbers is in them.

use plex::shape::{Contract, Difference, FieldShape, Format, Need, RowShape, Shape};

/// Longest list of names, in characters.
const MAX_NAMES: usize = 300;

/// Name of a request: method and path.
pub(super) fn name(contract: &Contract) -> String {
    format!("{} {}", contract.method, contract.path)
}

/// Status, content type, rows and fields of an answer.
pub(super) fn found(shape: &Shape) -> String {
    let code = shape.code.map(|code| format!(", code {code}")).unwrap_or_default();
    let content_type = shape.content_type.as_deref().unwrap_or("no content type");
    let rows = shape.rows.iter().map(|rows| format!("; {}", rows_in_words(rows)));
    format!("status {}{code}, {content_type}{}", shape.status, rows.collect::<String>())
}

fn rows_in_words(row: &RowShape) -> String {
    let name = match row.rows.path.last() {
        None => "object",
        Some(&"[]") => "rows",
        Some(name) => name,
    };
    let fields: Vec<_> = row.fields.iter().filter_map(|field| field_in_words(field, row.count)).collect();
    let fields = if fields.is_empty() { String::new() } else { format!(": {}", fields.join(", ")) };
    format!("{} {name}{fields}", row.count)
}

/// A field and the rows that have it; `None` without rows.
fn field_in_words(shape: &FieldShape, rows: usize) -> Option<String> {
    let (name, kind) = (shape.field.name, shape.field.kind.as_str());
    let of = |count: usize| match count {
        _ if rows == 1 => String::new(),
        count if count == rows => " in all".to_owned(),
        count => format!(" in {count} of {rows}"),
    };
    let types: Vec<_> = shape.other_types.iter().map(|of| of.as_str()).collect();
    match (rows, shape.present, shape.other) {
        (0, ..) => None,
        (_, 0, 0) => Some(format!("no {name}")),
        (_, present, 0) => Some(format!("{name} ({kind}){}", of(present))),
        (_, 0, other) => Some(format!("{name} ({}, not {kind}){}", types.join(" or "), of(other))),
        (_, present, other) => Some(format!("{name} ({kind}){}, ({}){}", of(present), types.join(" or "), of(other))),
    }
}

/// Names that plex-auth does not read.
pub(super) fn unused(shape: &Shape) -> String {
    let mut shown = String::new();
    let names = shape.rows.iter().flat_map(|row| &row.unknown);
    let (mut more, unnamed) = (0, shape.rows.iter().map(|row| row.unnamed).sum::<usize>());
    for name in names {
        if shown.len() + name.len() > MAX_NAMES {
            more += 1;
        } else {
            let comma = if shown.is_empty() { "" } else { ", " };
            shown = format!("{shown}{comma}{name}");
        }
    }
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let unnamed = if unnamed == 0 { String::new() } else { format!("; names not shown: {unnamed}") };
    if shown.is_empty() { unnamed } else { format!("; not used: {shown}{more}{unnamed}") }
}

/// Each difference in words.
pub(super) fn in_words(shape: &Shape, found: &[Difference]) -> Vec<String> {
    let row_of = |field: &str| {
        shape
            .rows
            .iter()
            .find(|row| row.fields.iter().any(|shape| shape.field.name == field && shape.field.need != Need::Optional))
    };
    let one = |difference: &Difference| match difference {
        Difference::Status => format!("status {} in place of {}", shape.status, statuses(shape.contract)),
        Difference::Unreadable => match shape.contract.format {
            Format::Xml => "it is not XML".to_owned(),
            Format::Json | Format::Any => "it is not JSON".to_owned(),
        },
        Difference::NoRoot(root) => format!("it is no {root}"),
        Difference::Count => {
            let counts = shape.rows.iter().find_map(|row| Some((row.counted?, row.count))).unwrap_or_default();
            format!("it counts {} and has {}", protocol::counted(counts.0, "row", "rows"), counts.1)
        }
        Difference::OtherRows(name) => format!("it has other rows in the place of {name}"),
        Difference::NoneOf(names) => format!("no row has {}", names.join(" or ")),
        Difference::Missing(name, rows) => {
            let row = row_of(name);
            let purpose = row.and_then(|row| row.fields.iter().find(|shape| shape.field.name == *name));
            let purpose = purpose.map_or("", |shape| shape.field.purpose);
            match row.map_or(1, |row| row.count) {
                1 => format!("{name} is missing ({purpose})"),
                all => format!("{name} is missing in {rows} of {all} rows ({purpose})"),
            }
        }
    };
    found.iter().map(one).collect()
}

fn statuses(contract: &Contract) -> String {
    let (first, last) = (contract.status.start(), contract.status.end());
    if first == last { first.to_string() } else { format!("{first} to {last}") }
}
