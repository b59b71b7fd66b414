//! Parser for the subset of mdoc that the pages of this project use.

/// The text under a heading.
pub fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n.Sh {heading}\n")).expect(heading);
    rest.split("\n.Sh ").next().unwrap_or_default()
}

/// The text after each `.It`, including the rest of its line.
pub fn items(text: &str) -> Vec<&str> {
    let lists = text.split("\n.Bl ").skip(1).map(|list| list.split("\n.El").next().unwrap_or_default());
    lists.flat_map(|list| list.split("\n.It ").skip(1)).collect()
}
