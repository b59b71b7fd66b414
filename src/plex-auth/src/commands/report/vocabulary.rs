//! The words that a report may show wherever they are: those of plex-auth's own messages, of PAM, and of systems.

use std::collections::BTreeSet;

use super::words::{ARGUMENTS, MODULES, SERVICES, SYSTEM_ACCOUNTS};

/// The words in the messages of all shipped programs, see `build.rs`.
const OWN: &str = include_str!(concat!(env!("OUT_DIR"), "/words.txt"));

/// All of them, in lower case.
pub(super) fn words() -> BTreeSet<String> {
    let keys =
        config::SECTIONS.into_iter().flat_map(|(_, keys)| keys).flat_map(|key| [key.name.to_owned(), key.path()]);
    let fixed = [&SERVICES[..], &ARGUMENTS, &MODULES, &SYSTEM_ACCOUNTS].concat().into_iter().map(str::to_owned);
    OWN.lines().map(str::to_owned).chain(keys).chain(fixed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabulary_has_words_of_messages_and_no_name_of_the_examples() {
        let words = words();
        for word in ["password", "plex.tv", "pam_plex.so", "plex-authd", "owner_id", "sshd", "usepam", "refused"] {
            assert!(words.contains(word), "{word}");
        }
        for name in ["alice", "bob", "carol", "dave", "erin", "frank", "olga", "mallory", "zoe", "al", "example.org"] {
            assert!(!words.contains(name), "{name} is in a message of a shipped program");
        }
        assert!(words.iter().all(|word| word.chars().count() <= 48), "a literal is no word");
    }
}
