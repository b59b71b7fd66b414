//! Versions of plex-auth and of the programs around it.

use std::fs;

use nix::sys::utsname::uname;
use protocol::{AdminRequest, AdminResponse};
use system::command::{Command, SYSTEMCTL, find};

use super::words::{DISTRIBUTIONS, KERNELS, VERSION_LETTERS};
use crate::client::daemon::Daemon;
use crate::context::Context;

/// The longest version, in characters.
const MAX_VERSION: usize = 40;

/// Programs, their paths, and the arguments that make them write their version.
const PROGRAMS: [(&str, &[&str], &[&str]); 5] = [
    ("libc", &["/usr/bin/ldd", "/bin/ldd"], &["--version"]),
    ("systemd", SYSTEMCTL, &["--version"]),
    ("OpenSSH", &["/usr/bin/ssh", "/bin/ssh"], &["-V"]),
    ("sudo", &["/usr/bin/sudo", "/bin/sudo"], &["--version"]),
    ("Samba", &["/usr/sbin/smbd", "/sbin/smbd"], &["--version"]),
];

/// Packages of libpam, by package manager.
const PAM: [(&[&str], &[&str]); 2] = [
    (&["/usr/bin/dpkg-query"], &["--show", "--showformat=${Version}", "libpam0g"]),
    (&["/usr/bin/rpm"], &["--query", "--queryformat", "%{VERSION}", "pam"]),
];

/// The section of the file.
pub(super) fn section(context: &Context) -> String {
    let mut lines = vec![("plex-auth", Some(env!("CARGO_PKG_VERSION").to_owned())), ("plex-authd", daemon(context))];
    lines.push(("distribution", distribution(&fs::read_to_string("/etc/os-release").unwrap_or_default())));
    lines.push(("kernel", uname().ok().map(|name| kernel(&name.release().to_string_lossy()))));
    lines.push(("architecture", Some(std::env::consts::ARCH.to_owned())));
    for (name, paths, arguments) in PROGRAMS {
        lines.push((name, find(paths).and_then(|program| version_of(program, arguments))));
    }
    let pam = PAM.iter().find_map(|(paths, arguments)| version_of(find(paths)?, arguments));
    lines.push(("PAM", pam));
    let lines =
        lines.into_iter().map(|(name, version)| format!("{name} {}", version.as_deref().unwrap_or("not found")));
    lines.collect::<Vec<_>>().join("\n")
}

fn daemon(context: &Context) -> Option<String> {
    match Daemon::open(&context.socket).and_then(|mut daemon| daemon.ask(AdminRequest::Status)) {
        Ok(AdminResponse::Status(status)) => version(&status.version),
        _ => Some("does not answer".to_owned()),
    }
}

/// The version in the first line of a program's output.
fn version_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::tool(program, arguments).run().ok()?;
    // ssh writes it to standard error.
    version([&output.stdout, &output.stderr].into_iter().find_map(|text| text.lines().find(|line| !line.is_empty()))?)
}

/// The first or, for `ldd`, the last word of a line that is a version.
fn version(line: &str) -> Option<String> {
    let trimmed = line.split_whitespace().map(|word| word.trim_matches(['(', ')', ',']).trim_start_matches("OpenSSH_"));
    let mut versions = trimmed.filter(|word| is_version(word));
    if line.starts_with("ldd ") { versions.next_back() } else { versions.next() }.map(public)
}

/// A version without the ending that an own build has: with other letters than the usual ones, the part before the first sign.
fn public(version: &str) -> String {
    let is_usual = |version: &str| {
        version
            .split(|c: char| !c.is_ascii_alphabetic())
            .filter(|letters| !letters.is_empty())
            .all(|letters| VERSION_LETTERS.contains(&letters.to_lowercase().as_str()))
    };
    let short = version.split(['-', '+', '~', ':']).next().unwrap_or_default();
    if is_usual(version) {
        version.to_owned()
    } else if is_usual(short) {
        short.to_owned()
    } else {
        version.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect()
    }
}

fn is_version(word: &str) -> bool {
    let fits = word.len() <= MAX_VERSION && word.chars().all(|c| c.is_ascii_alphanumeric() || ".+~:-".contains(c));
    fits && word.starts_with(|c: char| c.is_ascii_digit())
}

/// Id and version in `/etc/os-release`, if they are those of a known distribution.
fn distribution(text: &str) -> Option<String> {
    let value = |key: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?.trim_matches('"');
        let fits = value.len() <= 32 && value.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        Some(value).filter(|_| fits)
    };
    let id = value("ID").filter(|id| DISTRIBUTIONS.contains(id))?;
    let version = value("VERSION_ID").map(public).filter(|version| !version.is_empty());
    let version = version.unwrap_or_else(|| "rolling".to_owned());
    Some(format!("{id} {version}"))
}

/// A kernel's release: its number, and the end that a distribution gives it. Kernels that people build have names of theirs.
fn kernel(release: &str) -> String {
    let number: String = release.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let rest = release.get(number.len()..).unwrap_or_default();
    let known = |part: &str| {
        let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
        word.is_empty() || KERNELS.contains(&part) || KERNELS.contains(&word)
    };
    if rest.split(['-', '.', '_', '+']).all(known) || rest.ends_with("x86_64") && rest.split(['-', '.']).all(known) {
        format!("{number}{rest}")
    } else {
        format!("{number} (own build)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_the_output_of_programs() {
        let cases = [
            ("ldd (Debian GLIBC 2.36-9+deb12u10) 2.36", Some("2.36")),
            ("systemd 252 (252.31-1~deb12u1)", Some("252")),
            ("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15 3 Sep 2024", Some("9.2p1")),
            ("Sudo version 1.9.13p3", Some("1.9.13p3")),
            ("Version 4.17.12-Debian", Some("4.17.12-Debian")),
            ("den.example.org", None),
        ];
        for (line, expected) in cases {
            assert_eq!(version(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn names_that_people_give_are_no_part_of_a_version() {
        assert_eq!(kernel("6.1.0-28-amd64"), "6.1.0-28-amd64");
        assert_eq!(kernel("6.11.4-301.fc41.x86_64"), "6.11.4-301.fc41.x86_64");
        assert_eq!(kernel("6.9.1-olgas-den"), "6.9.1 (own build)");
        assert_eq!(distribution("NAME=\"x\"\nID=debian\nVERSION_ID=\"12\"\n").as_deref(), Some("debian 12"));
        assert_eq!(distribution("ID=opensuse-leap\nVERSION_ID=\"15.6\"\n").as_deref(), Some("opensuse-leap 15.6"));
        assert_eq!(distribution("ID=arch\n").as_deref(), Some("arch rolling"));
        assert_eq!(distribution("ID=debian\nVERSION_ID=\"12-olga\"\n").as_deref(), Some("debian 12"));
        assert_eq!(distribution("ID=\"olga's own\"\n"), None);
        assert_eq!(distribution("ID=arch\nVERSION_ID=olga\n").as_deref(), Some("arch rolling"));
        assert_eq!(distribution("ID=olga\nVERSION_ID=1\n"), None);
        for (line, expected) in [
            ("1.5.2-6+acme1", "1.5.2"),
            ("1.5.2-6+deb12u1", "1.5.2-6+deb12u1"),
            ("Version 4.17.12-olgas-build", "4.17.12"),
            ("Version 4.17.12-Ubuntu", "4.17.12-Ubuntu"),
            ("9.2p1olga", "9.2"),
            ("9.2p1-olga", "9.2p1"),
        ] {
            assert_eq!(version(line).as_deref(), Some(expected), "{line}");
        }
    }
}
