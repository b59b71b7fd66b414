//! Whether an account has a local password, as `pam_unix` would look for it.

use std::path::PathBuf;

use helpers::Service;
use protocol::local_password::{LocalPasswordReply, LocalPasswordRequest};

use system::accounts::password_field;
use system::syslog::Log;

/// What `/etc/passwd` says of an account whose password is in `/etc/shadow`. Anything else there is the password's own hash.
const IN_SHADOW: &[u8] = b"x";

/// Where passwords are.
pub(crate) struct Passwords {
    passwd: PathBuf,
    shadow: PathBuf,
}

impl Passwords {
    /// Those of this machine.
    pub(crate) fn of_the_machine() -> Self {
        Self { passwd: "/etc/passwd".into(), shadow: "/etc/shadow".into() }
    }

    /// Whether an account surely has none.
    fn has_none(&self, account: &str) -> Result<bool, String> {
        let field = |file: &PathBuf| {
            password_field(file, account).map_err(|error| format!("{}: cannot be read: {error}", file.display()))
        };
        Ok(!account.is_empty()
            && field(&self.passwd)?.is_some_and(|field| field == IN_SHADOW)
            && field(&self.shadow)?.is_some_and(|field| is_locked_and_nothing_else(&field)))
    }
}

impl Service for Passwords {
    type Request = LocalPasswordRequest;
    type Reply = LocalPasswordReply;

    /// Looks it up. What cannot be told counts as a password.
    fn answer(&self, question: &LocalPasswordRequest, log: &mut Log) -> LocalPasswordReply {
        if question.version != protocol::VERSION {
            log.warning("plex-authd is of another version; restart both after an upgrade");
            return LocalPasswordReply::Something;
        }
        match self.has_none(&question.user) {
            Ok(true) => LocalPasswordReply::Nothing,
            Ok(false) => LocalPasswordReply::Something,
            Err(why) => {
                log.error(&why);
                LocalPasswordReply::Something
            }
        }
    }
}

/// Whether a field holds nothing but the marks that lock an account. An empty one lets anybody in, and a hash behind a mark
/// is a password that may be unlocked again.
fn is_locked_and_nothing_else(field: &[u8]) -> bool {
    !field.is_empty() && field.iter().all(|byte| matches!(byte, b'!' | b'*'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nalice:x:1001:1001::/home/alice:/bin/sh\n";

    /// What is said of alice when the files say this.
    fn alice(passwd: &str, shadow: &str) -> Result<bool, String> {
        let directory = tempfile::tempdir().unwrap();
        let passwords = Passwords { passwd: directory.path().join("p"), shadow: directory.path().join("s") };
        std::fs::write(&passwords.passwd, passwd).unwrap();
        std::fs::write(&passwords.shadow, shadow).unwrap();
        passwords.has_none("alice")
    }

    #[test]
    fn r38_an_account_has_no_password_only_if_its_field_is_locked_and_holds_nothing_else() {
        let field = |field: &str| alice(PASSWD, &format!("root:$y$x:1:\nalice:{field}:20780:0:99999:7:::\n"));
        for locked in ["*", "!", "!!", "!*", "*!", "**"] {
            assert_eq!(field(locked), Ok(true), "{locked}");
        }
        for other in ["", "x", "!x", "*x", "$y$j9T$a$b", "!$y$j9T$a$b", "!!$6$a$b", "*LK*", "*NP*", " ", "* ", "NP"] {
            assert_eq!(field(other), Ok(false), "{other}");
        }
    }

    #[test]
    fn what_is_not_there_once_and_in_shadow_counts_as_a_password() {
        assert_eq!(alice(PASSWD, "alice:*:1:\n"), Ok(true));
        for (passwd, shadow) in [
            (PASSWD, ""),
            (PASSWD, "bob:*:1:\n"),
            (PASSWD, "alice:*:1:\nalice:*:1:\n"),
            ("", "alice:*:1:\n"),
            ("alice:x:1\nalice:x:2\n", "alice:*:1:\n"),
            // pam_unix takes a hash from here, and whoever has an empty one needs no password.
            ("alice:$y$j9T$a$b:1001:\n", "alice:*:1:\n"),
            ("alice::1001:\n", "alice:*:1:\n"),
            ("alice:*:1001:\n", "alice:*:1:\n"),
        ] {
            assert_eq!(alice(passwd, shadow), Ok(false), "{passwd:?} {shadow:?}");
        }
    }

    #[test]
    fn a_question_that_cannot_be_answered_is_answered_as_for_a_password() {
        let nowhere = Passwords { passwd: "/no/such/file".into(), shadow: "/no/such/file".into() };
        let mut log = Log::of("test");
        let question = |version, user: &str| LocalPasswordRequest { version, user: user.into() };
        assert!(nowhere.has_none("alice").unwrap_err().contains("/no/such/file: cannot be read"));
        assert_eq!(nowhere.answer(&question(protocol::VERSION, "alice"), &mut log), LocalPasswordReply::Something);
        let here = Passwords::of_the_machine();
        assert_eq!(here.answer(&question(protocol::VERSION - 1, "daemon"), &mut log), LocalPasswordReply::Something);
        for name in ["", ":", "\n", "no-such-account"] {
            assert_eq!(
                here.answer(&question(protocol::VERSION, name), &mut log),
                LocalPasswordReply::Something,
                "{name:?}"
            );
        }
    }
}
