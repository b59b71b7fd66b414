//! The new text of the configuration: changed settings are edited, everything else stays byte for byte, comments included.

use std::path::{Path, PathBuf};

use config::Config;

use super::choice::AccountChoice;
use super::purpose::PurposeAnswer;
use super::server_url::ServerUrl;
use crate::config_file::existing::Existing;
use crate::config_file::values::{add_users, comment, set, set_or_remove};
use crate::error::Error;

/// First lines of a new file.
const BEGINNING: &str = "\
# Who may log in here with a Plex account: see plex-auth.toml(5). After a change: plex-auth config check
# The token is as good as the owner's password, so this file is root:plex-auth, mode 0640.

";

/// Settings that the file has to have.
pub(crate) struct Wanted {
    /// The owner's token, unless the file has it.
    pub token: Option<plex::Token>,
    /// Client identifier that this token was issued to, if known.
    pub client_identifier: Option<String>,
    /// Machine id of the server.
    pub machine_id: String,
    /// Name of the server, for a comment; its machine id if the name is not known.
    pub server_name: String,
    /// The owner's numeric id.
    pub owner_id: u64,
    /// The owner's name, when the owner may sign in.
    pub admin: Option<String>,
    /// Only friends with whom the server is shared have access.
    pub strict: bool,
    /// Link sign-in is offered.
    pub link: bool,
    /// Address of the media server, if it confirms sign-ins.
    pub server_url: Option<ServerUrl>,
    /// Group of managed accounts.
    pub group: Option<String>,
    /// Base URL of plex.tv, if given.
    pub plex_url: Option<String>,
    /// Extra CA, if given.
    pub ca_file: Option<PathBuf>,
    /// Purpose of new accounts; `None` leaves it as it is.
    pub purpose: Option<PurposeAnswer>,
    /// New entries of `[users]`.
    pub users: Vec<AccountChoice>,
}

/// The new text, and the configuration that it means.
///
/// # Errors
/// The daemon would refuse it.
pub(crate) fn apply(existing: &Existing, wanted: &Wanted, path: &Path) -> Result<(String, Config), Error> {
    let mut document = existing.document.clone();
    let new = existing.text.is_none();
    // The comments of a file without a key would otherwise be at its end.
    let beginning = existing.text.as_deref().unwrap_or(BEGINNING);
    let beginning = Some(beginning).filter(|_| document.is_empty()).unwrap_or_default();
    if document.is_empty() {
        document.set_trailing("");
    }
    if let Some(token) = &wanted.token {
        set(&mut document, "token", token.expose());
        document.remove("token_file");
        // The old identifier belongs to the old token.
        set_or_remove(&mut document, "client_identifier", wanted.client_identifier.as_deref());
    }
    let is_named = wanted.server_name != wanted.machine_id;
    if set(&mut document, "machine_id", wanted.machine_id.as_str()) && is_named {
        comment(&mut document, "machine_id", &wanted.server_name);
    }
    if let Ok(id) = i64::try_from(wanted.owner_id) {
        set(&mut document, "owner_id", id);
    }
    set_or_remove(&mut document, "admin_account", wanted.admin.as_deref());
    // In an existing file, a setting with its default value is not added.
    if new || document.contains_key("strict_friends") || !wanted.strict {
        set(&mut document, "strict_friends", wanted.strict);
    }
    if new || document.contains_key("link_sign_in") || wanted.link {
        set(&mut document, "link_sign_in", wanted.link);
    }
    let address = wanted.server_url.as_ref();
    set_or_remove(&mut document, "server_url", address.map(|address| address.text.as_str()));
    if address.is_some_and(|address| address.insecure) {
        set(&mut document, "server_url_insecure", true);
    } else {
        document.remove("server_url_insecure");
    }
    set_or_remove(&mut document, "group", wanted.group.as_deref());
    for (key, value) in
        [("plex_url", wanted.plex_url.as_deref()), ("ca_file", wanted.ca_file.as_deref().and_then(Path::to_str))]
    {
        if let Some(value) = value {
            set(&mut document, key, value);
        }
    }
    if let Some(PurposeAnswer { purpose, given_shell }) = &wanted.purpose {
        purpose.record(&mut document, given_shell.as_deref());
    }
    add_users(&mut document, wanted.users.iter().map(|user| (user.local.as_str(), user.plex, user.name.as_str())));
    let text = format!("{beginning}{document}");
    let config = config::parse(&text, path).map_err(|problem| {
        Error::new(format!("this would not be a good configuration: {problem}")).hint("nothing was changed")
    })?;
    Ok((text, config))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use policy::PlexId;
    use toml_edit::DocumentMut;

    use super::*;
    use crate::accounts::account_kind::AccountKind;

    const MACHINE: &str = "0123456789abcdef";

    fn wanted(users: &[(&str, u64)]) -> Wanted {
        let mapping = |(local, plex): &(&str, u64)| AccountChoice {
            local: (*local).to_owned(),
            plex: PlexId(*plex),
            name: format!("the {local}"),
            account: AccountKind::Person,
        };
        Wanted {
            token: None,
            client_identifier: None,
            machine_id: MACHINE.into(),
            server_name: "Den\nx = 1".into(),
            owner_id: 1,
            admin: Some("olga".into()),
            strict: true,
            link: false,
            server_url: None,
            group: Some("plex-users".into()),
            plex_url: None,
            ca_file: None,
            purpose: None,
            users: users.iter().map(mapping).collect(),
        }
    }

    fn edited(text: &str, wanted: &Wanted) -> String {
        let existing = Existing { text: Some(text.into()), document: text.parse().unwrap() };
        apply(&existing, wanted, Path::new("x")).unwrap().0
    }

    #[test]
    fn settings_that_do_not_change_stay_byte_for_byte() {
        let text = format!(
            "# mine\ntoken   = 't'   # secret\nmachine_id='{MACHINE}'\nowner_id = 0x1\nadmin_account = \"olga\"\n\
             group = \"plex-users\" # these\n\n[cache]\nremember = \"5m\" # short\n[users]\nbob = \"bob@example.org\" # Bob\n"
        );
        let same = text.replace("0x1", "1");
        assert_eq!(edited(&same, &wanted(&[])), same);
        assert_eq!(edited(&same, &wanted(&[("alice", 2)])), format!("{same}alice = \"2\"  # the alice\n"));
        let strict = Wanted { strict: false, link: true, ..wanted(&[]) };
        let expected = same.replace("# these\n", "# these\nstrict_friends = false\nlink_sign_in = true\n");
        assert_eq!(edited(&same, &strict), expected);
        let other = Wanted { group: Some("friends".into()), admin: None, ..wanted(&[]) };
        let expected =
            same.replace("\"plex-users\" # these", "\"friends\" # these").replace("admin_account = \"olga\"\n", "");
        assert_eq!(edited(&same, &other), expected);
        let token = Wanted { token: Some("new".into()), ..wanted(&[]) };
        assert_eq!(edited(&same, &token), same.replace("'t'   # secret", "\"new\"   # secret"));
    }

    #[test]
    fn a_new_token_replaces_a_token_file() {
        let text = format!("token_file = \"/etc/t\"\nmachine_id = \"{MACHINE}\"\nowner_id = 1\n");
        let new = edited(&text, &Wanted { token: Some("new".into()), group: None, admin: None, ..wanted(&[]) });
        assert_eq!(new, format!("machine_id = \"{MACHINE}\"\nowner_id = 1\ntoken = \"new\"\n"));
    }

    #[test]
    fn r63_the_identifier_changes_with_the_token_and_never_by_itself() {
        let text =
            format!("token = \"t\"\nclient_identifier = \"the-old-one\"\nmachine_id = \"{MACHINE}\"\nowner_id = 1\n");
        let plain = || Wanted { group: None, admin: None, ..wanted(&[]) };
        assert_eq!(edited(&text, &plain()), text);
        let new = Wanted { token: Some("new".into()), client_identifier: Some("the-new-one".into()), ..plain() };
        let expected = text.replace("\"t\"", "\"new\"").replace("the-old-one", "the-new-one");
        assert_eq!(edited(&text, &new), expected);
        let pasted = Wanted { token: Some("new".into()), ..plain() };
        assert!(!edited(&text, &pasted).contains("client_identifier"), "nobody knows what it was given to");
    }

    #[test]
    fn an_inline_table_stays_one_line() {
        let text = format!("token = \"t\"\nmachine_id = \"{MACHINE}\"\nusers = {{ bob = \"7\" }}\n");
        let new = edited(&text, &wanted(&[("alice", 2), ("bob", 3)]));
        assert!(new.contains("users = { bob = \"3\", alice = \"2\" }\n"), "{new}");
    }

    #[test]
    fn a_server_name_cannot_add_a_line() {
        let text = "token = \"t\"\n";
        assert!(edited(text, &wanted(&[])).contains(&format!("machine_id = \"{MACHINE}\"  # Den?x = 1\n")));
    }

    #[test]
    fn a_text_that_the_daemon_would_refuse_is_an_error() {
        let existing = Existing { text: None, document: DocumentMut::new() };
        let bad = Wanted { machine_id: "x".into(), token: Some("t".into()), ..wanted(&[]) };
        assert!(apply(&existing, &bad, Path::new("x")).unwrap_err().to_string().contains("machine id"));
    }
}
