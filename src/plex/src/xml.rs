//! XML as plex.tv writes it. What users have typed is in it, so a reader that rejects a document for one character would let
//! any of them make it unreadable: bytes that are not UTF-8 and characters that XML forbids are dropped, and a reference to
//! an unknown entity is text. The structure is read strictly: a part of a document never passes for the whole.

use std::str::Chars;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zeroize::Zeroizing;

/// Mark within a value of a character that was dropped; XML has no such character.
const DROPPED: char = '\0';

/// Length limit of a value in bytes: e-mail addresses have at most 254, and Plex's own numbers and names are shorter.
const MAX_VALUE: usize = 1024;

/// The characters of a document.
pub(crate) struct Xml(Zeroizing<String>);

impl Xml {
    /// Drops all that cannot be in a document. A value that something is dropped from keeps a mark: what is left of it is
    /// another value.
    pub(crate) fn clean(body: &[u8]) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(body.len()));
        let mut place = Place::Content;
        for chunk in body.utf8_chunks() {
            let broken = if chunk.invalid().is_empty() { "" } else { "\0" };
            for c in chunk.valid().chars().chain(broken.chars()) {
                place = place.after(c);
                if is_allowed(c) {
                    text.push(c);
                } else if matches!(place, Place::Value(_)) {
                    text.push(DROPPED);
                }
            }
        }
        Self(text)
    }

    /// Calls `found` with each element and its depth, which is 0 for the root. `None` if this is no whole document, or has a
    /// document type, by which a small one can grow without bound.
    pub(crate) fn elements(&self, mut found: impl FnMut(usize, &Element)) -> Option<()> {
        let mut reader = Reader::from_str(self.0.trim_start_matches('\u{feff}'));
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_dangling_amp = true;
        let (mut depth, mut roots) = (0_usize, 0_usize);
        loop {
            let event = reader.read_event().ok()?;
            if let Event::Start(tag) | Event::Empty(tag) = &event {
                roots += usize::from(depth == 0);
                found(depth, &Element(tag));
            }
            match event {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth = depth.checked_sub(1)?,
                Event::DocType(_) => return None,
                Event::Text(text) if depth == 0 && !text.trim_ascii().is_empty() => return None,
                Event::CData(_) | Event::GeneralRef(_) if depth == 0 => return None,
                Event::Eof => return Some(()).filter(|()| depth == 0 && roots == 1),
                _ => {}
            }
        }
    }
}

/// Part of a document.
#[derive(Clone, Copy)]
enum Place {
    Content,
    Tag,
    /// A value, and the quote that ends it.
    Value(char),
}

impl Place {
    fn after(self, c: char) -> Self {
        match (self, c) {
            (Self::Content, '<') => Self::Tag,
            (Self::Tag, '>') => Self::Content,
            (Self::Tag, '"' | '\'') => Self::Value(c),
            (Self::Value(quote), c) if c == quote => Self::Tag,
            (same, _) => same,
        }
    }
}

/// The characters that XML 1.0 allows.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The start of an element.
pub(crate) struct Element<'a>(&'a BytesStart<'a>);

impl Element<'_> {
    /// Its name.
    pub(crate) fn name(&self) -> String {
        self.0.name().as_ref().to_owned()
    }

    /// Calls `found` with each attribute and its value, `None` for one that cannot be read, up to the first broken one.
    pub(crate) fn each(&self, mut found: impl FnMut(&str, Option<&str>)) {
        for attribute in self.0.attributes().with_checks(false).map_while(Result::ok) {
            found(attribute.key.as_ref(), value(&attribute.value).as_deref());
        }
    }

    /// True if it has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.0.name().as_ref() == name
    }

    /// The values of the named attributes. `None` if the tag is broken, or one of them occurs twice.
    pub(crate) fn fields(&self, names: &[&'static str]) -> Option<Fields> {
        let mut fields = Vec::new();
        for attribute in self.0.attributes().with_checks(false) {
            let attribute = attribute.ok()?;
            let Some(name) = names.iter().find(|name| attribute.key.as_ref() == **name) else { continue };
            if fields.iter().any(|(known, _)| known == name) {
                return None;
            }
            fields.push((*name, value(&attribute.value)));
        }
        Some(Fields(fields))
    }
}

/// Attributes of an element.
pub(crate) struct Fields(Vec<(&'static str, Option<String>)>);

impl Fields {
    /// The value of an attribute, if there is one and it can be read.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.find(name)?.as_deref()
    }

    /// True if there is an attribute with this name, whatever its value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Option<String>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// The text of a value. `None` if a character was dropped from it, or it is too long: what is left would be another name.
fn value(raw: &str) -> Option<String> {
    if raw.len() > MAX_VALUE || raw.contains(DROPPED) {
        return None;
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        match c {
            '&' => text.push(reference(&mut rest)?),
            '\r' if rest.as_str().starts_with('\n') => {}
            '\t' | '\n' | '\r' => text.push(' '),
            other => text.push(other),
        }
    }
    Some(text)
}

/// The character that a reference stands for; what is none is left as it is, beginning with the `&`. `None` for a character
/// that XML forbids.
fn reference(rest: &mut Chars) -> Option<char> {
    let Some((name, after)) = rest.as_str().split_once(';') else { return Some('&') };
    let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => match name.strip_prefix('#') {
            Some(digits) => match digits.strip_prefix('x') {
                Some(digits) => number(digits, 16).filter(|c| is_allowed(*c))?,
                None => number(digits, 10).filter(|c| is_allowed(*c))?,
            },
            None => return Some('&'),
        },
    };
    *rest = after.chars();
    Some(c)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    /// The attribute `a` of a root element, by the bytes between its quotes; `None` if it cannot be read.
    fn read(bytes: &[u8]) -> Option<String> {
        let body = [b"<x b='1' a=\"", bytes, b"\" c='2'/>"].concat();
        let mut found = None;
        let whole = Xml::clean(&body).elements(|_, element| found = element.fields(&["a"]));
        let found = found.filter(|fields| whole.is_some() && fields.has("a")).unwrap();
        found.get("a").map(str::to_owned)
    }

    /// P5
    #[test]
    fn r75_a_value_that_xml_forbids_is_unknown_and_the_rest_is_read() {
        let longest = "x".repeat(MAX_VALUE);
        let texts: [(&[u8], &str); 12] = [
            (b"Tom &amp; Jerry", "Tom & Jerry"),
            (b"Tom & Jerry", "Tom & Jerry"),
            (b"&nbsp;&lt;&gt;&quot;&apos;&", "&nbsp;<>\"'&"),
            (b"&#65;&#x42;&#x1F642;", "AB\u{1f642}"),
            (b"a<b>c", "a<b>c"),
            (b"a\tb\r\nc", "a b c"),
            (b"a\rb\nc", "a b c"),
            (b"a\r\rb", "a  b"),
            (longest.as_bytes(), &longest),
            (b"it's", "it's"),
            ("\u{1f642}\u{fffd}".as_bytes(), "\u{1f642}\u{fffd}"),
            (b"", ""),
        ];
        for (bytes, text) in texts {
            assert_eq!(read(bytes).as_deref(), Some(text), "{bytes:?}");
        }
        let long = "x".repeat(MAX_VALUE + 1);
        let unknown: [&[u8]; 11] = [
            b"a\xffb",
            b"a\xf0\x9f\x99",
            b"a\x00b",
            b"a\x1bb",
            "a\u{fffe}".as_bytes(),
            b"&#0;",
            b"&#x1;",
            b"&#xD800;",
            b"&#xFFFF;",
            b"&#99999999999;",
            long.as_bytes(),
        ];
        for bytes in unknown {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn r75_odd_characters_outside_of_values_are_dropped() {
        let body = b"\xef\xbb\xbf\x01<?xml version='1.0'?>\xff<r\x01oot \xfe i\xffd=\"\x377\"\x00>\x02&bogus; & <o/\x03></ro\xffot>\n\x04";
        let mut found = Vec::new();
        let whole = Xml::clean(body).elements(|depth, element| {
            let id = element.fields(&["id"]).and_then(|fields| fields.get("id").map(str::to_owned));
            found.push((depth, element.is("root"), id));
        });
        assert_eq!((whole, found), (Some(()), vec![(0, true, Some("77".into())), (1, false, None)]));
    }

    #[test]
    fn r75_a_broken_tag_or_an_attribute_twice_has_no_fields() {
        let has_fields = |tag: &str| {
            let mut read = Vec::new();
            let whole = Xml::clean(format!("<r>{tag}</r>").as_bytes()).elements(|depth, element| {
                if depth == 1 {
                    read.push(element.fields(&["id"]).is_some());
                }
            });
            whole.map(|()| read)
        };
        assert_eq!(has_fields("<a id='1' x='1' x='2'/><b p:id='3'/>"), Some(vec![true, true]));
        let odd = "<a id='1' id='2'/><b id='3' id='3'/><c id=1/><d id/><e id='1' =''/>";
        assert_eq!(has_fields(odd), Some(vec![false; 5]));
    }

    #[test]
    fn a_part_of_a_document_and_a_document_type_are_rejected() {
        let is_whole = |text: &str| Xml::clean(text.as_bytes()).elements(|_, _| {}).is_some();
        for text in ["<a/>", "<a></a>", "<!-- a's --><a><!-- > --><b/></a><?pi?>\n", "<a>x<![CDATA[<b>]]></a>"] {
            assert!(is_whole(text), "{text}");
        }
        for text in [
            "",
            "x",
            "<a>",
            "<a",
            "<a/",
            "</a>",
            "<a></a></a>",
            "<a/><b/>",
            "<a/>x",
            "x<a/>",
            "<a/>&amp;",
            "<a><b></a>",
            "<a><!-- </a>",
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><a>&a;</a>",
            "{\"a\":1}",
        ] {
            assert!(!is_whole(text), "{text}");
        }
    }
}
