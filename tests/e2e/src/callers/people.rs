//! Accounts of each program: one of each kind, so that programs can be tried at the same time.

use std::fmt::Write as _;

use crate::{DEN, password};

/// Verification code of every account with 2FA, at any time.
pub(super) const CODE: &str = "314159";

/// Password of every local account.
pub(super) const LOCAL: &str = "LOCAL-SECRET";

/// Kinds of account at Plex: name, whether the server is shared with it, whether it has 2FA.
const KINDS: [(&str, bool, bool); 4] =
    [("alice", true, false), ("bob", false, false), ("erin", true, true), ("rem", true, false)];

/// Names of one kind of account for all programs.
fn names<'a>(kind: &'a str, keys: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    keys.iter().map(move |key| format!("{kind}-{key}"))
}

/// Names of all accounts at Plex.
pub(super) fn at_plex(keys: &[&str]) -> Vec<String> {
    KINDS.iter().flat_map(|(kind, ..)| names(kind, keys)).collect()
}

/// Names of all local accounts.
pub(super) fn local(keys: &[&str]) -> Vec<String> {
    names("local", keys).collect()
}

/// The Den with these accounts. Without `rem`, the server is shared with none of that kind.
pub(super) fn world(keys: &[&str], with_rem: bool) -> String {
    let mut accounts = String::new();
    let mut shared = String::new();
    let mut id = 100;
    for (kind, has_access, has_code) in KINDS {
        for name in names(kind, keys) {
            let code = if has_code { format!("code = \"{CODE}\"\n") } else { String::new() };
            let _ = write!(
                accounts,
                "\n[[account]]\nid = {id}\nusername = \"{name}\"\nemail = \"{name}@example.org\"\n\
                 password = \"{}\"\nfriend_of = [\"olga\"]\n{code}",
                password(&name)
            );
            if has_access && (with_rem || kind != "rem") {
                let _ = write!(shared, ", \"{name}\"");
            }
            id += 1;
        }
    }
    let before = "\"erin\", \"frank\"]";
    assert!(DEN.contains(before));
    DEN.replacen(before, &format!("\"erin\", \"frank\"{shared}]"), 1) + &accounts
}
