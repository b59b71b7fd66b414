//! Single edits that mend a stack. Each is tried in memory first: only one after which nothing is wrong any more is named.

use std::path::{Path, PathBuf};

use super::checks::argument;
use pam_stack::Kind;
use pam_stack::include::{Files, Step, stack};
use pam_stack::scenarios::{Fault, faults};

/// The shipped stack's line, for stacks that can include it.
const SHARED: &str = "plex-auth";

/// A change to one file, and sed's word for it.
struct Edit {
    file: PathBuf,
    script: String,
    text: String,
}

/// The command that mends a service's stack, if a single edit does.
pub(super) fn command(service: &str, kind: Kind, group: Option<&str>, files: Files) -> Option<String> {
    let steps = stack(service, kind, files);
    let mends = |edit: &Edit| {
        let edited = |file: &Path| if file == edit.file { Some(edit.text.clone()) } else { files(file) };
        let steps = stack(service, kind, &edited);
        steps.iter().any(|step| step.asks("pam_plex")) && harmless(&faults(kind, &steps, group))
    };
    let edit = edits(service, kind, &steps, files).into_iter().find(mends)?;
    Some(format!("run: sed -i '{}' {}", edit.script, argument(&edit.file.display().to_string())))
}

/// Whether nothing that keeps anybody out or lets anybody in is left.
fn harmless(faults: &[Fault]) -> bool {
    faults.iter().all(|fault| *fault == Fault::ExpiredPasswordSkips)
}

/// Everything that is worth a try, the smallest first.
fn edits(service: &str, kind: Kind, steps: &[Step], files: Files) -> Vec<Edit> {
    let word = if kind == Kind::Auth { "auth" } else { "account" };
    let find = |name: &str| steps.iter().rev().find(|step| step.asks(name));
    let mut edits = Vec::new();
    let mut at = |step: Option<&Step>, script: &str, change: &dyn Fn(&str) -> Vec<String>| {
        let edit = step.and_then(|step| {
            let old = files(&step.file)?;
            let text = changed(&old, step.line, change).filter(|text| *text != old)?;
            Some(Edit { file: step.file.clone(), script: format!("{}{script}", step.line), text })
        });
        edits.extend(edit);
    };
    let (plex, unix) = (find("pam_plex"), find("pam_unix"));
    let mut put = |step: Option<&Step>, place: char, line: &str| {
        at(step, &format!("{place} {line}"), &|old| {
            let (old, new) = (old.to_owned(), line.to_owned());
            if place == 'a' { vec![old, new] } else { vec![new, old] }
        });
    };
    put(plex, 'a', &format!("{word} requisite pam_deny.so"));
    put(find("pam_deny"), 'a', &format!("{word} required pam_permit.so"));
    if kind == Kind::Auth {
        put(plex, 'i', "auth sufficient pam_unix.so");
    }
    for step in [unix, plex] {
        for jump in 1..=4 {
            at(step, &format!("s/success=[0-9]*/success={jump}/"), &|old| vec![with_jump(old, jump)]);
        }
    }
    if service != SHARED {
        let shared = format!("{word} include {SHARED}");
        // Its own lines or, where another file's are shared, a line of its own.
        at(plex, &format!("c {shared}"), &|_| vec![shared.clone()]);
        let file = PathBuf::from(format!("/etc/pam.d/{service}"));
        edits.extend(files(&file).map(|text| Edit {
            text: format!("{}\n{shared}\n", text.trim_end_matches('\n')),
            script: format!("$a {shared}"),
            file,
        }));
    }
    edits
}

/// The text with something else in place of one line.
fn changed(text: &str, line: usize, change: &dyn Fn(&str) -> Vec<String>) -> Option<String> {
    let old = text.lines().nth(line.checked_sub(1)?)?;
    let before = text.lines().take(line - 1).map(str::to_owned);
    let after = text.lines().skip(line).map(str::to_owned);
    let lines: Vec<_> = before.chain(change(old)).chain(after).collect();
    Some(lines.join("\n") + "\n")
}

/// What sed makes of `s/success=[0-9]*/success=N/`.
fn with_jump(line: &str, jump: usize) -> String {
    let Some((before, after)) = line.split_once("success=") else { return line.to_owned() };
    format!("{before}success={jump}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    const COMMON: &str = "auth [success=2 default=ignore] pam_unix.so nullok\n\
                          auth [success=1 default=ignore] pam_plex.so try_first_pass\n\
                          auth requisite pam_deny.so\nauth required pam_permit.so\n";

    /// The command for one file, and how the file reads then.
    fn mended(kind: Kind, text: &str) -> Option<String> {
        let files = |file: &Path| match file.to_str().unwrap() {
            "/etc/pam.d/x" => Some(text.to_owned()),
            "/etc/pam.d/plex-auth" => Some(pam_stack::shipped::PLEX_AUTH.to_owned()),
            _ => None,
        };
        command("x", kind, Some("plex-users"), &files)
    }

    #[test]
    fn what_one_edit_mends_is_named_with_its_line() {
        let cases = [
            (COMMON.replace("auth requisite pam_deny.so\n", ""), "2a auth requisite pam_deny.so"),
            (COMMON.replace("auth required pam_permit.so\n", ""), "3a auth required pam_permit.so"),
            (COMMON.replace("success=2", "success=1"), "1s/success=[0-9]*/success=2/"),
            (COMMON.replace("success=1", "success=3"), "2s/success=[0-9]*/success=1/"),
            ("auth required pam_plex.so\nauth required pam_permit.so\n".into(), "1i auth sufficient pam_unix.so"),
            (
                "auth sufficient pam_unix.so\nauth optional pam_plex.so\nauth required pam_permit.so\n".into(),
                "2c auth include plex-auth",
            ),
        ];
        for (text, script) in cases {
            assert_eq!(mended(Kind::Auth, &text), Some(format!("run: sed -i '{script}' /etc/pam.d/x")), "{text}");
        }
        let account = "account required pam_unix.so\naccount optional pam_plex.so\n";
        assert_eq!(
            mended(Kind::Account, account).as_deref(),
            Some("run: sed -i '2c account include plex-auth' /etc/pam.d/x")
        );
        let none = "auth include plex-auth\naccount required pam_unix.so\n";
        assert_eq!(
            mended(Kind::Account, none).as_deref(),
            Some("run: sed -i '$a account include plex-auth' /etc/pam.d/x")
        );
    }

    #[test]
    fn what_no_single_edit_mends_has_no_command() {
        let hopeless = "auth required pam_deny.so\nauth required pam_deny.so\nauth required pam_plex.so\n";
        assert_eq!(mended(Kind::Auth, hopeless), None);
    }
}
