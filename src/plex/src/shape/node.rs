//! The skeleton of a document: names, types and numbers of rows. Values are looked at for their type and then dropped.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::table::Format;
use crate::xml::{Element, Xml};

/// Name of the elements of an array.
const ELEMENT: &str = "[]";

/// The longest name that is kept, in characters.
const MAX_NAME: usize = 32;

/// The most digits in a name. Tokens and ids have more, and a name is shown.
const MAX_DIGITS: usize = 2;

/// The fields of a list whose values are kept, since they count rows.
const COUNTS: [&str; 2] = ["size", "totalSize"];

/// Type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueType {
    /// The value `null` of JSON.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Number,
    /// A negative number or a fraction.
    OtherNumber,
    /// Text without a character.
    EmptyText,
    /// A whole number, written as text.
    NumberAsText,
    /// `true` or `false`, written as text.
    BooleanAsText,
    /// Other text.
    Text,
    /// An array.
    List,
    /// An object of JSON.
    Object,
}

impl ValueType {
    /// The type of a text.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "" => Self::EmptyText,
            "true" | "false" => Self::BooleanAsText,
            _ if text.parse::<u64>().is_ok() => Self::NumberAsText,
            _ => Self::Text,
        }
    }

    /// The type in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::OtherNumber => "negative or broken number",
            Self::EmptyText => "empty text",
            Self::NumberAsText => "number as text",
            Self::BooleanAsText => "boolean as text",
            Self::Text => "text",
            Self::List => "list",
            Self::Object => "object",
        }
    }
}

/// An element of XML or an object of JSON.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Types of its fields.
    pub fields: BTreeMap<String, ValueType>,
    /// The elements and objects in it, by name.
    pub children: BTreeMap<String, Vec<Self>>,
    /// The larger value of the fields [`COUNTS`].
    pub size: Option<u64>,
    /// Number of names that are not kept.
    pub unnamed: usize,
}

impl Node {
    /// The skeleton of a document, above its root; `None` if it cannot be read.
    pub fn of(body: &[u8], format: Format) -> Option<Self> {
        match format {
            Format::Any => Some(Self::default()),
            Format::Json => Some(serde_json::from_slice::<Value>(body).ok()?.into_root()),
            Format::Xml => Self::of_xml(body),
        }
    }

    fn of_xml(body: &[u8]) -> Option<Self> {
        // The elements that are open, the document itself first, each with its name.
        let mut open = vec![(String::new(), Self::default())];
        let whole = Xml::clean(body).elements(|depth, element| {
            close(&mut open, depth + 1);
            open.push((element.name(), Self::of_element(element)));
        });
        close(&mut open, 1);
        whole.and_then(|()| open.pop()).map(|(_, document)| document)
    }

    fn of_element(element: &Element) -> Self {
        let mut node = Self::default();
        element.each(|name, value| {
            node.add_field(name, value.map_or(ValueType::Text, ValueType::of));
            if let Some(count) = value.and_then(|value| value.parse().ok()) {
                node.add_count(name, count);
            }
        });
        node
    }

    /// Keeps a number that counts rows.
    fn add_count(&mut self, name: &str, count: u64) {
        if COUNTS.contains(&name) {
            self.size = self.size.max(Some(count));
        }
    }

    fn add_field(&mut self, name: &str, value: ValueType) {
        if is_name(name) {
            self.fields.insert(name.to_owned(), value);
        } else {
            self.unnamed += 1;
        }
    }

    fn add_child(&mut self, name: &str, child: Self) {
        if name == ELEMENT || is_name(name) {
            self.children.entry(name.to_owned()).or_default().push(child);
        } else {
            self.unnamed += 1;
        }
    }

    /// The nodes at a path.
    pub fn at<'a>(&'a self, path: &[&str]) -> Vec<&'a Self> {
        path.iter().fold(vec![self], |nodes, name| {
            nodes.into_iter().filter_map(|node| node.children.get(*name)).flatten().collect()
        })
    }
}

/// Puts the innermost open elements into those around them, until this many are open.
fn close(open: &mut Vec<(String, Node)>, left: usize) {
    while open.len() > left {
        if let Some((name, node)) = open.pop()
            && let Some((_, above)) = open.last_mut()
        {
            above.add_child(&name, node);
        }
    }
}

/// True for what is plainly the name of a field, and cannot be a token, an address, an id or a person's name with digits.
fn is_name(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-:".contains(c)) && name.len() <= MAX_NAME;
    begins && fits && name.chars().filter(char::is_ascii_digit).count() <= MAX_DIGITS
}

/// A JSON value without its content.
enum Value {
    Plain(ValueType, Option<u64>),
    List(Vec<Self>),
    Object(Node),
}

impl Value {
    fn value_type(&self) -> ValueType {
        match self {
            Self::Plain(plain, _) => *plain,
            Self::List(_) => ValueType::List,
            Self::Object(_) => ValueType::Object,
        }
    }

    /// The document as a node: an object is its own fields, an array is rows.
    fn into_root(self) -> Node {
        match self {
            Self::Object(node) => node,
            Self::List(rows) => {
                let mut above = Node::default();
                above.children.insert(ELEMENT.to_owned(), rows.into_iter().map(Self::into_row).collect());
                above
            }
            Self::Plain(..) => Node::default(),
        }
    }

    /// A row; what is no object has no field.
    fn into_row(self) -> Node {
        if let Self::Object(node) = self { node } else { Node::default() }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Plain(ValueType::Null, None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Plain(ValueType::Boolean, None))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Plain(ValueType::Number, Some(number)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Plain(ValueType::OtherNumber, None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Plain(ValueType::OtherNumber, None))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Plain(ValueType::of(text), None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = list.next_element()? {
            rows.push(row);
        }
        Ok(Value::List(rows))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut node = Node::default();
        while let Some(Name(name)) = object.next_key()? {
            let Some(name) = name else {
                node.unnamed += 1;
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: Value = object.next_value()?;
            node.add_field(&name, value.value_type());
            match value {
                Value::Plain(_, Some(count)) => node.add_count(&name, count),
                Value::Plain(_, None) => {}
                Value::Object(child) => node.add_child(&name, child),
                Value::List(rows) => rows.into_iter().for_each(|row| node.add_child(&name, row.into_row())),
            }
        }
        Ok(Value::Object(node))
    }
}

/// A member's name, if it is one that is kept.
struct Name(Option<String>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl Visitor<'_> for Names {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(is_name(name).then(|| name.to_owned())))
            }
        }
        deserializer.deserialize_str(Names)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use serde::de::value::{BytesDeserializer, Error, U64Deserializer};

    use super::*;

    /// JSON has neither bytes nor names that are numbers.
    #[test]
    fn values_and_names_that_json_does_not_have_are_refused_with_the_reason() {
        let value = Value::deserialize(BytesDeserializer::<Error>::new(b"x"));
        assert_eq!(value.err().unwrap().to_string(), "invalid type: byte array, expected any value");
        let name = Name::deserialize(U64Deserializer::<Error>::new(7));
        assert_eq!(name.err().unwrap().to_string(), "invalid type: integer `7`, expected a name");
    }
}
