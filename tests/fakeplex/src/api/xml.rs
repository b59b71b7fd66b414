//! XML writer.

use std::fmt::Display;

use crate::http::Response;

/// An element.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    name: &'static str,
    attributes: Vec<(String, String)>,
    children: Vec<Self>,
    text: String,
}

impl Element {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), children: Vec::new(), text: String::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Self {
        self.attributes.push((name.to_owned(), value.to_string()));
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

    pub(crate) fn child(self, child: &Self) -> Self {
        self.children([child.clone()])
    }

    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// The same element by another name.
    pub(crate) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Without an attribute, here and in its children.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.attributes.retain(|(known, _)| known != name);
        self.children = self.children.into_iter().map(|child| child.without(name)).collect();
        self
    }

    /// Another name and value for an attribute that it has, by its name.
    pub(crate) fn change(mut self, name: &str, changed: impl Fn(&mut String, &mut String)) -> Self {
        self.attributes.iter_mut().filter(|(known, _)| known == name).for_each(|(name, value)| changed(name, value));
        self
    }

    fn to_xml(&self) -> String {
        let attribute = |(name, value): &(String, String)| format!(" {name}=\"{}\"", escaped(value));
        let attributes: String = self.attributes.iter().map(attribute).collect();
        let children: String = self.children.iter().map(Self::to_xml).collect();
        let (name, content) = (self.name, escaped(&self.text) + &children);
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
