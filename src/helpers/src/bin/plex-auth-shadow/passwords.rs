//! Local passwords of accounts, read as `pam_unix` reads them.

use std::fmt;
use std::io;
use std::path::PathBuf;

use helpers::Service;
use protocol::Severity;
use protocol::local_password::{LocalPasswordReply, LocalPasswordRequest};
use system::accounts::password_field;
use system::syslog::Log;

/// The password field of `/etc/passwd` for an account whose password is in `/etc/shadow`. Any other content is a hash.
const IN_SHADOW: &[u8] = b"x";

/// The files that hold passwords.
pub(crate) struct Passwords {
    passwd: PathBuf,
    shadow: PathBuf,
}

/// A file that cannot be read to its end.
#[derive(Debug)]
struct Unreadable(PathBuf, io::Error);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: cannot be read: {}", self.0.display(), self.1)
    }
}

impl Passwords {
    /// The files of this machine.
    pub(crate) fn of_the_machine() -> Self {
        Self { passwd: "/etc/passwd".into(), shadow: "/etc/shadow".into() }
    }

    /// The account certainly has no password.
    fn has_none(&self, account: &str) -> Result<bool, Unreadable> {
        let field = |file: &PathBuf| password_field(file, account).map_err(|error| Unreadable(file.clone(), error));
        Ok(!account.is_empty()
            && field(&self.passwd)?.is_some_and(|field| field == IN_SHADOW)
            && field(&self.shadow)?.is_some_and(|field| is_locked_and_nothing_else(&field)))
    }
}

impl Service for Passwords {
    type Request = LocalPasswordRequest;
    type Reply = LocalPasswordReply;

    /// Answers [`LocalPasswordReply::Something`] in case of doubt.
    fn answer(&self, request: &LocalPasswordRequest, log: &mut Log) -> LocalPasswordReply {
        if request.version != protocol::VERSION {
            log.limited(Severity::Warning, "plex-authd is of another version; restart both after an upgrade");
            return LocalPasswordReply::Something;
        }
        match self.has_none(&request.user) {
            Ok(true) => LocalPasswordReply::Nothing,
            Ok(false) => LocalPasswordReply::Something,
            Err(error) => {
                log.limited(Severity::Error, &error.to_string());
                LocalPasswordReply::Something
            }
        }
    }
}

/// The field consists only of marks that lock an account. An empty one accepts any password, and a hash after a mark is a
/// password that may be unlocked again.
fn is_locked_and_nothing_else(field: &[u8]) -> bool {
    !field.is_empty() && field.iter().all(|byte| matches!(byte, b'!' | b'*'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nalice:x:1001:1001::/home/alice:/bin/sh\n";

    /// The result for alice with these files.
    fn alice(passwd: &str, shadow: &str) -> bool {
        let directory = tempfile::tempdir().unwrap();
        let passwords = Passwords { passwd: directory.path().join("p"), shadow: directory.path().join("s") };
        std::fs::write(&passwords.passwd, passwd).unwrap();
        std::fs::write(&passwords.shadow, shadow).unwrap();
        passwords.has_none("alice").unwrap()
    }

    #[test]
    fn r38_an_account_has_no_password_only_if_its_field_is_locked_and_holds_nothing_else() {
        let field = |field: &str| alice(PASSWD, &format!("root:$y$x:1:\nalice:{field}:20780:0:99999:7:::\n"));
        for locked in ["*", "!", "!!", "!*", "*!", "**"] {
            assert!(field(locked), "{locked}");
        }
        for other in ["", "x", "!x", "*x", "$y$j9T$a$b", "!$y$j9T$a$b", "!!$6$a$b", "*LK*", "*NP*", " ", "* ", "NP"] {
            assert!(!field(other), "{other}");
        }
    }

    #[test]
    fn an_account_without_exactly_one_shadow_line_counts_as_having_a_password() {
        assert!(alice(PASSWD, "alice:*:1:\n"));
        for (passwd, shadow) in [
            (PASSWD, ""),
            (PASSWD, "bob:*:1:\n"),
            (PASSWD, "alice:*:1:\nalice:*:1:\n"),
            ("", "alice:*:1:\n"),
            ("alice:x:1\nalice:x:2\n", "alice:*:1:\n"),
            // pam_unix accepts a hash in this file, and an empty field needs no password.
            ("alice:$y$j9T$a$b:1001:\n", "alice:*:1:\n"),
            ("alice::1001:\n", "alice:*:1:\n"),
            ("alice:*:1001:\n", "alice:*:1:\n"),
        ] {
            assert!(!alice(passwd, shadow), "{passwd:?} {shadow:?}");
        }
    }

    #[test]
    fn unreadable_files_and_unknown_accounts_count_as_a_password() {
        let nowhere = Passwords { passwd: "/no/such/file".into(), shadow: "/no/such/file".into() };
        let mut log = Log::of("test");
        let request = |version, user: &str| LocalPasswordRequest { version, user: user.into() };
        assert!(nowhere.has_none("alice").unwrap_err().to_string().contains("/no/such/file: cannot be read"));
        assert_eq!(nowhere.answer(&request(protocol::VERSION, "alice"), &mut log), LocalPasswordReply::Something);
        let here = Passwords::of_the_machine();
        assert_eq!(here.answer(&request(protocol::VERSION - 1, "daemon"), &mut log), LocalPasswordReply::Something);
        for name in ["", ":", "\n", "no-such-account"] {
            assert_eq!(
                here.answer(&request(protocol::VERSION, name), &mut log),
                LocalPasswordReply::Something,
                "{name:?}"
            );
        }
    }
}
