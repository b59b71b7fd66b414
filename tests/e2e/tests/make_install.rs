//! `make install` and `make uninstall`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use e2e::{checkout, package};

/// The file that `make install` adds to those of the package.
const MANIFEST: &str = "/share/plex-auth/installed";

/// Runs make in the checkout, with the existing build.
fn make(target: &str, destdir: &Path, prefix: &str) -> Output {
    let (destdir, prefix) = (format!("DESTDIR={}", destdir.display()), format!("PREFIX={prefix}"));
    // One at a time: the files to install are laid out in target/stage.
    let mut make = Command::new("flock");
    make.arg(e2e::target().join("packages.lock")).args([
        "make",
        "--no-print-directory",
        target,
        "made=",
        &destdir,
        &prefix,
    ]);
    make.current_dir(checkout()).output().unwrap()
}

fn made(target: &str, destdir: &Path, prefix: &str) {
    let out = make(target, destdir, prefix);
    assert!(out.status.success() && out.stdout.is_empty() && out.stderr.is_empty(), "{out:?}");
}

/// Everything below a directory, with its mode and, for files, its content.
fn tree(top: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let (mut all, mut todo) = (BTreeMap::new(), vec![top.to_owned()]);
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            let name = format!("/{}", path.strip_prefix(top).unwrap().display());
            let inside = if about.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
            all.insert(name, (about.permissions().mode(), inside));
            if about.is_dir() {
                todo.push(path);
            }
        }
    }
    all
}

fn files(top: &Path) -> BTreeSet<String> {
    tree(top).into_iter().filter(|(_, (mode, _))| mode & 0o170_000 != 0o040_000).map(|(name, _)| name).collect()
}

/// A machine with an unrelated file in each directory where plex-auth installs files.
fn machine(prefix: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for place in ["/etc/pam.d", "/etc/fail2ban", &format!("{prefix}/share/man/man8"), &format!("{prefix}/sbin")] {
        let place = directory.path().join(place.trim_start_matches('/'));
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("other"), "# auth required pam_plex.so\nother\n").unwrap();
    }
    directory
}

/// The files of the Debian package, at the paths that `make install` uses.
fn packaged() -> BTreeSet<String> {
    let out = Command::new("dpkg-deb").arg("--contents").arg(package()).output().unwrap();
    let list = String::from_utf8(out.stdout).unwrap();
    let names = list.lines().filter(|line| line.starts_with('-')).map(|line| line.split_whitespace().nth(5).unwrap());
    names
        .map(|name| name.trim_start_matches('.').trim_end_matches(".gz").replace("//", "/"))
        .map(|name| if name.starts_with("/lib/") { format!("/usr{name}") } else { name })
        .filter(|name| !name.contains("/lintian/") && !name.ends_with("/copyright") && !name.contains("/changelog"))
        .collect()
}

#[test]
fn make_install_matches_the_package_and_make_uninstall_reverts_all() {
    let packaged = packaged();
    for prefix in ["/usr", "/usr/local"] {
        let machine = machine(prefix);
        let (top, before, others) = (machine.path(), tree(machine.path()), files(machine.path()));
        made("install", top, prefix);
        let installed = files(top);
        let at = |name: &String| match name.strip_prefix("/usr/") {
            // The paths of libpam and pam-auth-update do not depend on the prefix.
            Some(rest) if !name.contains("/security/") && !name.contains("/pam-configs/") => format!("{prefix}/{rest}"),
            _ => name.clone(),
        };
        let zsh = if prefix == "/usr" { "vendor-completions" } else { "site-functions" };
        let mut expected: BTreeSet<_> =
            packaged.iter().map(|name| at(name).replace("vendor-completions", zsh)).collect();
        // The manifest is not in the package.
        expected.insert(format!("{prefix}{MANIFEST}"));
        expected.extend(others);
        assert_eq!(installed, expected, "{prefix}");

        // Files that name the programs name their installed paths.
        let ours = |name: &&String| ["/systemd/", "/openrc/", "/runit/"].iter().any(|part| name.contains(part));
        for name in installed.iter().filter(ours) {
            let text = fs::read_to_string(top.join(name.trim_start_matches('/'))).unwrap();
            let places = ["/sbin/plex-auth", "/bin/plex-auth"].into_iter().flat_map(|place| text.match_indices(place));
            for (at, _) in places {
                assert!(
                    text[..at].ends_with(prefix) && !text[..at].ends_with(&format!("/usr{prefix}")),
                    "{name}: {text}"
                );
            }
        }
        // Installs over an existing installation, with a file of an older version.
        let manifest = top.join(format!("{prefix}{MANIFEST}").trim_start_matches('/'));
        let old = format!("{prefix}/sbin/plex-auth-old");
        fs::write(top.join(old.trim_start_matches('/')), "old").unwrap();
        fs::write(&manifest, format!("{}f {old}\n", fs::read_to_string(&manifest).unwrap())).unwrap();
        made("install", top, prefix);
        assert_eq!(files(top), expected);

        // The owner's configuration is left alone, and a stack that names the module prevents the removal.
        let (config, stack) = (top.join("etc/plex-auth.toml"), top.join("etc/pam.d/sshd"));
        fs::write(&config, "token").unwrap();
        fs::write(&stack, "auth sufficient pam_plex.so\n").unwrap();
        let refused = make("uninstall", top, prefix);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            !refused.status.success() && said.contains("/etc/pam.d/sshd") && said.contains("pam-auth-update"),
            "{said}"
        );
        assert!(expected.is_subset(&files(top)));
        fs::remove_file(stack).unwrap();
        made("uninstall", top, prefix);
        assert!(config.exists());
        fs::remove_file(config).unwrap();
        assert_eq!(tree(top), before, "{prefix}");
        assert!(!make("uninstall", top, prefix).status.success(), "there is nothing any more");
    }
}
