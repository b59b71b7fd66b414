//! XML writer.

use std::fmt::{Display, Write};

use crate::http::Response;

/// An element.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

impl Element {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, attributes: String::new(), content: String::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Self {
        let _ = write!(self.attributes, " {name}=\"{}\"", escaped(&value.to_string()));
        self
    }

    /// An attribute that is omitted if it is empty.
    pub(crate) fn with_some(self, name: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.with(name, value) }
    }

    /// A boolean in XML notation.
    pub(crate) fn with_flag(self, name: &str, value: bool) -> Self {
        self.with(name, u8::from(value))
    }

    pub(crate) fn child(mut self, child: &Self) -> Self {
        self.content.push_str(&child.to_xml());
        self
    }

    pub(crate) fn children(self, children: impl IntoIterator<Item = Self>) -> Self {
        children.into_iter().fold(self, |parent, child| parent.child(&child))
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.content.push_str(&escaped(text));
        self
    }

    fn to_xml(&self) -> String {
        let Self { name, attributes, content } = self;
        if content.is_empty() {
            format!("<{name}{attributes}/>")
        } else {
            format!("<{name}{attributes}>{content}</{name}>")
        }
    }
}

/// An XML response.
pub(crate) fn document(status: u16, root: &Element) -> Response {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", root.to_xml());
    Response::new(status, "application/xml; charset=utf-8", body)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
