//! The configuration: every key, and the values that may be shown.

use config::{Config, USUAL_GROUP, Value};

use super::redactor::{Category, Redactor};
use super::words::{SERVICES, SYSTEM_ACCOUNTS};

/// The section of the file.
pub(super) fn section(config: Option<&Config>, redactor: &mut Redactor) -> String {
    let Some(config) = config else {
        return "it cannot be read; doctor says why".to_owned();
    };
    let mut lines = Vec::new();
    for key in config::SECTIONS.into_iter().flat_map(|(_, keys)| keys).filter(|key| key.secret) {
        let source = matches!(config.source, config::Source::Token(_));
        lines.push(format!("{} = {}", key.path(), if source { "(hidden)" } else { "(none)" }));
    }
    for (key, value) in config.values() {
        let shown = if key.public { public(&value) } else { private(&key.path(), &value, redactor) };
        lines.push(format!("{} = {shown}", key.path()));
    }
    for (local, plex) in &config.users {
        let plex = plex.to_string();
        let category = if plex.contains('@') { Category::Email } else { Category::User };
        lines.push(format!("users.{} = {}", redactor.label(Category::User, local), redactor.label(category, &plex)));
    }
    lines.join("\n")
}

/// A value of a type that nobody's name or address has.
fn public(value: &Value) -> String {
    match value {
        Value::Unset => "(none)".into(),
        Value::Off => "(off)".into(),
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(on) => on.to_string(),
        Value::List(list) => list.join(", "),
    }
}

/// A value that is replaced, unless it is a common one.
fn private(key: &str, value: &Value, redactor: &mut Redactor) -> String {
    match value {
        Value::Text(text) if text.contains("://") => redactor.url(text),
        Value::Text(text) if text.starts_with('/') => redactor.path(text),
        Value::Text(text) if key == "group" => redactor.unless(&[USUAL_GROUP], Category::Group, text),
        Value::Text(text) if text.contains('@') => redactor.label(Category::Email, text),
        Value::Text(text) if key == "admin_account" => redactor.label(Category::User, text),
        Value::Text(text) => redactor.label(Category::Id, text),
        Value::Number(number) => redactor.label(Category::Id, &number.to_string()),
        Value::List(list) => {
            let (harmless, category) = match key {
                "link_services" => (&SERVICES[..], Category::Service),
                _ => (&SYSTEM_ACCOUNTS[..], Category::User),
            };
            let one = |name: &String| redactor.unless(harmless, category, name);
            list.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        other => public(other),
    }
}
