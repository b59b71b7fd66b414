//! The project's part of sshd's configuration.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use super::keyboard_interactive::KeyboardInteractive;
use crate::accounts::restriction;

/// Path of the file. sshd uses the first value of a setting and reads files in the order of their names, so that this one comes
/// before those of the distribution and of cloud images.
pub(crate) const FILE: &str = "/etc/ssh/sshd_config.d/10-plex-auth.conf";

/// Path of the text that sshd shows before the sign-in.
pub(crate) const BANNER: &str = "/etc/ssh/plex-auth-banner";

/// The banner. It is shown to everyone who connects, so that it says nothing about any account. No client wraps it, and PuTTY
/// puts two columns before each line: 40 columns are enough.
pub(crate) const BANNER_TEXT: &str = "\
Plex users: type your Plex password.
Or press Enter without a password, to
sign in with a code at plex.tv/link:
the way for Google and Apple accounts.
";

const HEAD: &str = "\
# Written by plex-auth setup, which replaces it. Deleted when plex-auth is removed.
";

const KEYBOARD: &str = "KbdInteractiveAuthentication yes\n";

/// Contents of the drop-in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DropIn {
    /// Keyboard-interactive authentication.
    pub keyboard: KeyboardInteractive,
    /// The banner is shown.
    pub banner: bool,
    /// Members of `plex-files` are restricted to their directories.
    pub files: bool,
}

impl DropIn {
    /// The file's text; `None` if nothing is left in it.
    pub(crate) fn text(&self) -> Option<String> {
        let text = self.to_string();
        (text != HEAD).then_some(text)
    }

    /// Reads the contents that [`Self::text`] has written. Lines that it did not write are not part of it.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut found, mut group) = (Self::default(), None);
        for line in text.lines().map(str::trim) {
            let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
            match (keyword, &group) {
                ("Match", _) => group = value.strip_prefix("Group ").map(str::to_owned),
                ("KbdInteractiveAuthentication", None) => found.keyboard = KeyboardInteractive::Everyone,
                ("KbdInteractiveAuthentication", Some(group)) => {
                    found.keyboard = KeyboardInteractive::Group(group.clone());
                }
                ("Banner", None) => found.banner = true,
                ("ChrootDirectory", Some(_)) => found.files = true,
                _ => {}
            }
        }
        found
    }

    /// The drop-in of this machine; empty if there is none.
    pub(crate) fn installed() -> Self {
        std::fs::read_to_string(FILE).map(|text| Self::parse(&text)).unwrap_or_default()
    }
}

impl Display for DropIn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        if self.keyboard == KeyboardInteractive::Everyone {
            write!(f, "{KEYBOARD}")?;
        }
        if self.banner {
            writeln!(f, "Banner {BANNER}")?;
        }
        if let KeyboardInteractive::Group(group) = &self.keyboard {
            write!(f, "\nMatch Group {group}\n    {KEYBOARD}")?;
        }
        if self.files {
            write!(f, "\n{}", restriction::section())?;
        }
        Ok(())
    }
}

/// Tests whether a group can be named in a `Match` line, where some characters have a meaning.
pub(crate) fn can_match(group: &str) -> bool {
    group.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Path of the file, for the files that sshd reads.
pub(crate) fn path() -> &'static Path {
    Path::new(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r81_r82_the_drop_in_is_read_as_it_was_written() {
        let all = [
            DropIn::default(),
            DropIn { keyboard: KeyboardInteractive::Everyone, banner: true, files: false },
            DropIn { files: true, ..DropIn::default() },
            DropIn { keyboard: KeyboardInteractive::Group("plex-users".into()), banner: true, files: true },
        ];
        for drop_in in all {
            assert_eq!(DropIn::parse(&drop_in.to_string()), drop_in, "{drop_in}");
        }
        assert_eq!(DropIn::default().text(), None);
    }

    #[test]
    fn r81_the_banner_fits_into_40_columns_in_putty_too() {
        assert!(BANNER_TEXT.lines().all(|line| line.len() + "| ".len() <= 40), "{BANNER_TEXT}");
    }

    #[test]
    fn r81_a_line_for_everyone_comes_before_the_first_match_block() {
        let keyboard = KeyboardInteractive::Group("plex-users".into());
        let text = DropIn { keyboard, banner: true, files: true }.to_string();
        let (before, blocks) = text.split_once("\nMatch ").unwrap_or_default();
        assert!(before.contains("Banner /etc/ssh/plex-auth-banner") && !before.contains("Kbd"), "{text}");
        assert!(blocks.starts_with("Group plex-users\n    KbdInteractiveAuthentication yes\n"), "{text}");
        assert!(blocks.contains("Match Group plex-files\n    ChrootDirectory "), "{text}");
    }

    #[test]
    fn groups_that_a_match_line_would_read_as_a_pattern_are_not_named_in_one() {
        assert!(can_match("plex-users") && can_match("jane.doe_1"));
        for group in ["domain users", "a*", "!a", "a,b", "a\"b"] {
            assert!(!can_match(group), "{group}");
        }
    }
}
