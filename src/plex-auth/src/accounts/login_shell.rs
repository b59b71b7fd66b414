//! Login shells of new accounts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use system::command::find;

use super::shadow_utils;
use crate::error::Error;

/// Lists of login shells, shells(5); a distribution may have its own below `/usr`.
const LISTS: [&str; 2] = ["/etc/shells", "/usr/etc/shells"];

/// Settings of the distribution's adduser, whose own default is bash.
const ADDUSER: &str = "/etc/adduser.conf";

/// Shell that every system has.
const PLAIN: &str = "/bin/sh";

const BASH: &str = "/bin/bash";

/// Program that is the shell of accounts without one: it says so and ends.
pub(crate) fn none() -> &'static str {
    find(&["/usr/sbin/nologin", "/sbin/nologin", "/usr/bin/nologin", "/bin/nologin"]).unwrap_or("/bin/false")
}

/// Checks a login shell that the owner named.
///
/// # Errors
/// `/etc/shells` does not list it, or it is no program.
pub(crate) fn check(path: &Path) -> Result<PathBuf, Error> {
    let shown = protocol::printable(&path.to_string_lossy(), 200);
    if !is_listed(&listed(), path) {
        return Err(Error::new(format!("{shown} is no login shell: /etc/shells does not list it"))
            .hint("choose one of these: cat /etc/shells"));
    }
    if !is_program(path) {
        return Err(
            Error::new(format!("{shown} is no program")).hint("install it, or choose another one: cat /etc/shells")
        );
    }
    Ok(path.to_owned())
}

/// The shell that the system's own tools give to people: adduser's where it is installed, else useradd's. useradd's own default
/// is `/bin/sh`, which no distribution with bash gives to people; bash comes before it.
pub(crate) fn usual() -> PathBuf {
    let adduser = fs::read_to_string(ADDUSER).ok();
    let adduser = adduser.as_deref().map(|text| setting(text, "DSHELL").unwrap_or(BASH));
    let useradd = shadow_utils::default_of_new("SHELL").ok().flatten();
    let useradd = useradd.as_deref().filter(|shell| *shell != PLAIN);
    let list = listed();
    let fits = |shell: &&str| is_listed(&list, Path::new(shell)) && is_program(Path::new(shell));
    [adduser, useradd, Some(BASH)].into_iter().flatten().find(fits).unwrap_or(PLAIN).into()
}

/// The value of a setting in a file of shell assignments; `None` for a comment or an empty value.
fn setting<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut values = text.lines().filter_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix('='));
    let value = values.next_back()?.trim().trim_matches(['"', '\'']);
    Some(value).filter(|value| !value.is_empty())
}

/// The text of the first list there is; without one, the C library lists `/bin/sh` too.
fn listed() -> String {
    LISTS.iter().find_map(|list| fs::read_to_string(list).ok()).unwrap_or_else(|| PLAIN.to_owned())
}

fn is_listed(list: &str, path: &Path) -> bool {
    let shells = list.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    path.is_absolute() && shells.filter(|shell| !shell.is_empty()).any(|shell| Path::new(shell) == path)
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn only_shells_of_the_list_can_be_named() {
        let list = "# /etc/shells\n/bin/sh\n  /bin/bash  # usual\n\n#/bin/zsh\n";
        for (shell, expected) in [
            ("/bin/sh", true),
            ("/bin/bash", true),
            ("/bin/zsh", false),
            ("", false),
            ("bash", false),
            ("/etc/shells", false),
            ("/bin/ba", false),
        ] {
            assert_eq!(is_listed(list, Path::new(shell)), expected, "{shell}");
        }
        assert!(check(Path::new("/etc/passwd")).is_err() && check(Path::new("/usr/sbin/nologin")).is_err());
        assert_eq!(check(Path::new(PLAIN)).unwrap(), Path::new(PLAIN));
    }

    #[test]
    fn adduser_setting_is_the_last_one_and_no_comment() {
        assert_eq!(setting("#DSHELL=/bin/zsh\nDSHELL=/bin/bash\n", "DSHELL"), Some("/bin/bash"));
        assert_eq!(setting("DSHELL = \"/bin/a\"\nDSHELL='/bin/b'\n", "DSHELL"), Some("/bin/b"));
        for none in ["", "#DSHELL=/bin/bash\n", "DSHELL=\n", "XDSHELL=/bin/sh\n", "DSHELLS=/bin/sh\n"] {
            assert_eq!(setting(none, "DSHELL"), None, "{none}");
        }
        assert!(is_program(&usual()));
    }
}
