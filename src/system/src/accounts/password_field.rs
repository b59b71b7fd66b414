//! The password field of `/etc/passwd` and `/etc/shadow`. No other source of accounts is read, so nothing has to be waited for.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// The password field of an account; `None` unless exactly one line of the file is the account's, and complete.
///
/// # Errors
/// The file cannot be read to its end.
pub fn password_field(file: &Path, account: &str) -> io::Result<Option<Vec<u8>>> {
    let mut lines = BufReader::new(File::open(file)?);
    let (mut line, mut seen, mut found) = (Vec::new(), false, None);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(found);
        }
        // The C library skips white space at the start of a line.
        let line = line.strip_suffix(b"\n").unwrap_or(&line).trim_ascii_start();
        let mut fields = line.split(|byte| *byte == b':');
        if fields.next() != Some(account.as_bytes()) {
            continue;
        }
        if seen {
            // Which of two lines counts, only the C library knows.
            return Ok(None);
        }
        seen = true;
        // A line that ends here is truncated.
        found = fields.next().filter(|_| fields.next().is_some()).map(<[u8]>::to_vec);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::io::Write;

    use super::*;

    fn field_in(text: &str, account: &str) -> Option<String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        password_field(file.path(), account).unwrap().map(|field| String::from_utf8(field).unwrap())
    }

    #[test]
    fn the_password_field_is_that_of_the_accounts_only_line() {
        let text = "root:$y$root:1::::::\nalice:*:20780:0:99999:7:::\nali:a:\nalices:b:\nbob::\n:empty:\nlast:!:1";
        for (account, expected) in [("alice", "*"), ("ali", "a"), ("alices", "b"), ("bob", ""), ("last", "!")] {
            assert_eq!(field_in(text, account).as_deref(), Some(expected), "{account}");
        }
        for account in ["", "al", "Alice", "alice:*", "carol", "alice\n", " alice", "20780"] {
            assert_eq!(field_in(text, account).filter(|_| !account.is_empty()), None, "{account:?}");
        }
        assert_eq!(field_in("", "alice"), None);
    }

    #[test]
    fn two_lines_a_truncated_line_and_a_missing_file_give_no_password_field() {
        for text in ["alice:*:1\nbob:*:1\nalice:*:1\n", " alice:$y$hash:1\nalice:*:1\n", "alice\nalice:*:1\n"] {
            assert_eq!(field_in(text, "alice"), None, "{text:?}");
        }
        for text in ["alice", "alice\n", "alice:", "alice:*", "alice:*\n", "#alice:*:1\n", "alice :*:1\n"] {
            assert_eq!(field_in(text, "alice"), None, "{text:?}");
        }
        assert!(password_field(Path::new("/no/such/file"), "alice").is_err());
        assert!(password_field(Path::new("/"), "alice").is_err());
    }
}
