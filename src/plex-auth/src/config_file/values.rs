//! Edits of single values in the configuration file: everything else stays byte for byte, comments included.

use policy::PlexId;
use toml_edit::{DocumentMut, Item, Key, Table, Value};

/// Sets a value and keeps the text around it. False if it was set already.
pub(crate) fn set(document: &mut DocumentMut, key: &str, value: impl Into<Value>) -> bool {
    replace(document.entry(key).or_insert(Item::None), value.into())
}

fn replace(item: &mut Item, mut value: Value) -> bool {
    let plain = |value: &Value| value.clone().decorated("", "").to_string();
    if let Some(old) = item.as_value() {
        let same = old.as_str().map_or_else(|| plain(old) == plain(&value), |old| Some(old) == value.as_str());
        if same {
            return false;
        }
        *value.decor_mut() = old.decor().clone();
    }
    *item = Item::Value(value);
    true
}

/// Sets a value of a section, which is added at the end where it is missing.
pub(crate) fn set_in(document: &mut DocumentMut, section: &str, key: &str, value: impl Into<Value>) {
    let table = document.entry(section).or_insert(Item::Table(Table::new()));
    if let Some(table) = table.as_table_like_mut() {
        replace(table.entry(key).or_insert(Item::None), value.into());
    }
}

/// Removes a value of a section.
pub(crate) fn remove_in(document: &mut DocumentMut, section: &str, key: &str) {
    if let Some(table) = document.get_mut(section).and_then(Item::as_table_like_mut) {
        table.remove(key);
    }
}

pub(crate) fn set_or_remove(document: &mut DocumentMut, key: &str, value: Option<&str>) {
    match value {
        Some(value) => {
            set(document, key, value);
        }
        None => {
            document.remove(key);
        }
    }
}

/// Sets the comment behind a value. The text is from plex.tv.
pub(crate) fn comment(document: &mut DocumentMut, key: &str, text: &str) {
    if let Some(value) = document.get_mut(key).and_then(Item::as_value_mut) {
        value.decor_mut().set_suffix(format!("  # {}", protocol::printable(text, 64)));
    }
}

/// A local name as the key of an entry. One that is a key of the configuration too is refused without quotes.
fn key(local: &str) -> Key {
    let quoted = config::is_key(local).then(|| Key::parse(&format!("\"{local}\"")).ok()).flatten();
    quoted.and_then(|path| path.into_iter().next()).unwrap_or_else(|| Key::new(local))
}

/// Adds or changes entries of `[users]`: Plex ids, each with the name as a comment.
pub(crate) fn add_users<'a>(document: &mut DocumentMut, users: impl IntoIterator<Item = (&'a str, PlexId, &'a str)>) {
    let mut users = users.into_iter().peekable();
    if users.peek().is_none() {
        return;
    }
    // An inline table is one line, without room for comments.
    let roomy = !document.get("users").is_some_and(Item::is_inline_table);
    let Some(table) = document.entry("users").or_insert(Item::Table(Table::new())).as_table_like_mut() else { return };
    for (local, plex, name) in users {
        // An existing entry keeps its place and the comments above it.
        let item = table.entry_format(&key(local)).or_insert(Item::None);
        if replace(item, Value::from(plex.to_string()))
            && let Some(value) = item.as_value_mut().filter(|_| roomy)
        {
            value.decor_mut().set_suffix(format!("  # {}", protocol::printable(name, 64)));
        }
    }
    if !roomy {
        table.fmt();
    }
}
