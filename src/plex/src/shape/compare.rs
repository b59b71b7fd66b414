//! The comparison of an answer with what plex-auth relies on.

use std::collections::BTreeSet;

use super::node::{Node, ValueType};
use super::table::{Contract, Field, Kind, Need, Rows};

/// The shape of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The contract that it is compared with.
    pub contract: &'static Contract,
    /// HTTP status.
    pub status: u16,
    /// plex.tv's error code, if the answer has one.
    pub code: Option<u32>,
    /// Content type, without parameters.
    pub content_type: Option<String>,
    /// Its rows, in the contract's order; empty if the answer is no success or cannot be read.
    pub rows: Vec<RowShape>,
    /// It could be read in the format of the contract.
    pub is_readable: bool,
}

/// The rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowShape {
    /// The contract's rows.
    pub rows: &'static Rows,
    /// Number of rows.
    pub count: usize,
    /// Number of rows by the answer's own count.
    pub counted: Option<u64>,
    /// The answer has other rows in the place of these, and none of these.
    pub is_replaced: bool,
    /// The fields, in the contract's order.
    pub fields: Vec<FieldShape>,
    /// Names of fields and of rows in them that plex-auth does not read.
    pub unknown: BTreeSet<String>,
    /// Number of names that are not shown, since they could be more than names.
    pub unnamed: usize,
}

/// One field in all rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldShape {
    /// The contract's field.
    pub field: &'static Field,
    /// Number of rows that have it with the right type.
    pub present: usize,
    /// Types in other rows that have it.
    pub other_types: BTreeSet<ValueType>,
    /// Number of these rows.
    pub other: usize,
}

/// A difference between an answer and what plex-auth relies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Another status than that of a success.
    Status,
    /// The answer cannot be read in its format.
    Unreadable,
    /// The document has no such rows, and would be useless without them: another root.
    NoRoot(&'static str),
    /// Fewer rows than the answer counts.
    Count,
    /// Other rows in the place of these.
    OtherRows(&'static str),
    /// No row has one of these fields.
    NoneOf(&'static [&'static str]),
    /// A required field is missing in this many rows, or has another type.
    Missing(&'static str, usize),
}

impl Shape {
    /// The shape of an answer.
    pub(super) fn of(contract: &'static Contract, status: u16, content_type: Option<&str>, body: &[u8]) -> Self {
        let is_success = contract.status.contains(&status);
        let document = Some(body).filter(|_| is_success).and_then(|body| Node::of(body, contract.format));
        let rows = document
            .iter()
            .flat_map(|document| contract.rows.iter().map(|rows| RowShape::of(rows, contract, document)));
        Self {
            contract,
            status,
            code: if is_success { None } else { crate::error::code(body) },
            content_type: content_type.and_then(media_type),
            rows: rows.collect(),
            is_readable: document.is_some(),
        }
    }

    /// Everything in which the answer differs. Rows and fields that are merely new are none.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        if !self.contract.status.contains(&self.status) {
            return vec![Difference::Status];
        }
        if !self.is_readable {
            return vec![Difference::Unreadable];
        }
        let mut found = Vec::new();
        for row in &self.rows {
            match row.rows.path {
                [root] if row.count == 0 && *root != "[]" => found.push(Difference::NoRoot(root)),
                _ => {}
            }
            if row.counted.is_some_and(|counted| counted > row.count as u64) {
                found.push(Difference::Count);
            } else if let Some(name) = row.rows.path.last().filter(|_| row.is_replaced) {
                found.push(Difference::OtherRows(name));
            }
            let has = |name: &&str| row.fields.iter().any(|field| field.field.name == *name && field.present > 0);
            if row.count > 0 && !row.rows.one_of.is_empty() && !row.rows.one_of.iter().any(has) {
                found.push(Difference::NoneOf(row.rows.one_of));
            }
            let missing = row.fields.iter().map(|field| (field.field.name, field.missing(row.count)));
            found.extend(missing.filter(|(_, rows)| *rows > 0).map(|(name, rows)| Difference::Missing(name, rows)));
        }
        found
    }

    /// True if some rows are as plex-auth needs them: a part of the answer is of use.
    #[must_use]
    pub fn is_partly_usable(&self) -> bool {
        let usable =
            |row: &RowShape| row.fields.iter().all(|field| field.field.need == Need::Optional || field.present > 0);
        self.contract.status.contains(&self.status) && self.is_readable && self.rows.iter().all(usable)
    }
}

impl RowShape {
    fn of(rows: &'static Rows, contract: &Contract, document: &Node) -> Self {
        let nodes = document.at(rows.path);
        let above = rows.path.split_last().map(|(_, above)| document.at(above)).unwrap_or_default();
        let above = above.first().filter(|_| rows.counted);
        let below: Vec<_> = contract
            .rows
            .iter()
            .filter_map(|other| other.path.strip_prefix(rows.path).and_then(|rest| rest.first()))
            .collect();
        let known = |name: &String| {
            rows.fields.iter().any(|field| field.name == name) || below.iter().any(|below| *below == name)
        };
        let names = nodes.iter().flat_map(|node| node.fields.keys().chain(node.children.keys()));
        Self {
            rows,
            count: nodes.len(),
            counted: above.and_then(|above| above.size),
            is_replaced: nodes.is_empty() && above.is_some_and(|above| !above.children.is_empty()),
            fields: rows.fields.iter().map(|field| FieldShape::of(field, &nodes)).collect(),
            unknown: names.filter(|name| !known(name)).cloned().collect(),
            unnamed: nodes.iter().map(|node| node.unnamed).sum(),
        }
    }
}

impl FieldShape {
    fn of(field: &'static Field, nodes: &[&Node]) -> Self {
        let mut shape = Self { field, present: 0, other_types: BTreeSet::new(), other: 0 };
        for value in nodes.iter().filter_map(|node| node.fields.get(field.name)) {
            if field.kind.fits(*value) {
                shape.present += 1;
            } else {
                shape.other += 1;
                shape.other_types.insert(*value);
            }
        }
        shape
    }

    /// Number of rows that are of no use since they lack it, of this many.
    fn missing(&self, rows: usize) -> usize {
        match self.field.need {
            Need::Required => rows - self.present,
            Need::RequiredInSome if self.present == 0 => rows,
            Need::RequiredInSome | Need::Optional => 0,
        }
    }
}

impl Kind {
    /// True if the parsers read a value of this type.
    fn fits(self, value: ValueType) -> bool {
        use ValueType as T;
        match self {
            Self::Number => matches!(value, T::Number | T::NumberAsText),
            Self::NumberOrNull => matches!(value, T::Number | T::NumberAsText | T::Null),
            Self::Text => matches!(value, T::Text | T::NumberAsText | T::BooleanAsText | T::Number),
            Self::TextOrEmpty => {
                matches!(value, T::Text | T::NumberAsText | T::BooleanAsText | T::Number | T::EmptyText)
            }
            Self::Boolean => matches!(value, T::Boolean | T::BooleanAsText | T::Number | T::NumberAsText),
            Self::Token => matches!(value, T::Text | T::NumberAsText | T::BooleanAsText),
            Self::TokenOrNull => matches!(value, T::Text | T::NumberAsText | T::BooleanAsText | T::Null),
        }
    }

    /// The type in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::NumberOrNull => "number or null",
            Self::Text | Self::TextOrEmpty => "text",
            Self::Boolean => "boolean",
            Self::Token => "token",
            Self::TokenOrNull => "token or null",
        }
    }
}

/// The media type of a `Content-Type` header, if it is one of plain letters.
fn media_type(header: &str) -> Option<String> {
    let plain = header.split(';').next().unwrap_or_default().trim();
    let fits = plain.len() <= 64 && plain.chars().all(|c| c.is_ascii_alphabetic() || "/+.-".contains(c));
    Some(plain).filter(|plain| fits && !plain.is_empty()).map(str::to_owned)
}
