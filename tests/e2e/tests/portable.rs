//! The shipped binaries run on older distributions, down to glibc 2.31: Debian 11, Ubuntu 20.04.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failed or skipped test says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{DEN, World, checkout, package, password, shipped, with_panics};

const OLDEST: [u32; 2] = [2, 31];

/// Directory of the old release's headers and libraries that cargo links with; `None` without them, which is an error
/// in CI.
fn old_release() -> Option<PathBuf> {
    let config = fs::read_to_string(checkout().join(".cargo/config.toml")).unwrap_or_default();
    let section = config.split("[target.x86_64-unknown-linux-gnu]\nlinker = \"").nth(1);
    let cc = section.and_then(|section| section.split('"').next()).filter(|cc| cc.starts_with(".cargo/portable/"));
    assert!(cc.is_some() || std::env::var_os("CI").is_none(), "packaging/portable/setup has not run");
    if cc.is_none() {
        eprintln!("skipped: built for this machine alone; `make setup` changes that");
    }
    Some(checkout().join(cc?).parent().unwrap().to_owned())
}

/// The programs and the module that `make files` installs.
fn names() -> Vec<String> {
    let out = Command::new("make").args(["--dry-run", "files"]).current_dir(checkout()).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    text.split_whitespace().filter_map(|word| word.strip_prefix("target/release/")).map(str::to_owned).collect()
}

fn objdump(option: &str, name: &str) -> String {
    let out = Command::new("objdump").arg(option).arg(shipped(name)).output().unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap()
}

/// Parses `GLIBC_2.3.4` and the like; a part that is not a number counts as newer than all.
fn version(name: &str) -> Option<Vec<u32>> {
    let numbers = name.strip_prefix("GLIBC_")?.split('.');
    Some(numbers.map(|number| number.parse().unwrap_or(u32::MAX)).collect())
}

#[test]
fn shipped_binaries_need_no_newer_glibc_than_2_31() {
    if old_release().is_none() {
        return;
    }
    let names = names();
    assert!(names.len() >= 4 && names.iter().any(|name| name == "libpam_plex.so"), "{names:?}");
    for name in &names {
        let headers = objdump("--private-headers", name);
        let (_, references) = headers.split_once("Version References:").unwrap_or_else(|| panic!("{name}: {headers}"));
        let newer = |word: &&str| version(word).is_some_and(|version| version.as_slice() > OLDEST.as_slice());
        let newer: Vec<_> = references.split_whitespace().filter(newer).collect();
        let symbols = objdump("--dynamic-syms", name);
        let symbols: Vec<_> = symbols.lines().filter(|line| newer.iter().any(|one| line.contains(one))).collect();
        assert!(newer.is_empty(), "{name} needs {newer:?} for\n{}", symbols.join("\n"));
    }
}

#[test]
fn shipped_binaries_need_only_libc_libgcc_and_libpam() {
    // Libraries that were merged into libc.so.6 in 2.34, the mathematics library, and the unwinder; no program uses
    // libpam.
    let mut usual = vec!["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "libgcc_s.so.1", "ld-linux"];
    // First the programs; the module, which has tests of its own, may also use libpam.
    let (module, programs): (Vec<_>, Vec<_>) = names().into_iter().partition(|name| name.starts_with("lib"));
    for name in programs.iter().chain(&module) {
        if module.contains(name) {
            usual = vec!["libpam.so.0", "libc.so.6", "ld-linux"];
        }
        let headers = objdump("--private-headers", name);
        let needed: Vec<_> =
            headers.lines().filter_map(|line| line.trim().strip_prefix("NEEDED")).map(str::trim).collect();
        assert!(!needed.is_empty(), "{headers}");
        let known = |library: &&str| usual.iter().any(|usual| library.starts_with(usual));
        assert!(needed.iter().all(known), "{name} needs {needed:?}");
    }
}

#[test]
fn debian_package_depends_on_no_newer_libc6_than_2_31() {
    if old_release().is_none() {
        return;
    }
    let out = Command::new("dpkg-deb").arg("--field").arg(package()).arg("Depends").output().unwrap();
    let depends = String::from_utf8(out.stdout).unwrap();
    let (_, after) = depends.split_once("libc6 (>= ").unwrap_or_else(|| panic!("no libc6 in {depends}"));
    let least: Vec<u32> = after.split(')').next().unwrap().split('.').map(|number| number.parse().unwrap()).collect();
    assert!(least.as_slice() <= OLDEST.as_slice(), "{depends}");
    assert!(depends.contains("libpam0g"), "{depends}");
}

/// Directory of a program: users run `plex-auth`, the system runs the others.
fn directory<'a>(name: &str, bin: &'a Path, sbin: &'a Path) -> &'a Path {
    if name == "plex-auth" { bin } else { sbin }
}

#[test]
fn login_works_with_the_c_library_and_libpam_of_debian_11() {
    let Some(old) = old_release() else { return };
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();

    // The libraries of that release, with this machine's other files bind-mounted.
    let root = world.shared().join("old");
    let (bin, sbin) = (root.join("usr/bin"), root.join("usr/sbin"));
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir_all(&sbin).unwrap();
    for part in ["lib", "lib64"] {
        assert!(Command::new("cp").arg("-a").arg(old.join(part)).arg(&root).status().unwrap().success());
    }
    let libraries = "lib/x86_64-linux-gnu";
    let modules = root.join(libraries).join("security");
    fs::create_dir_all(&modules).unwrap();
    fs::copy(shipped("libpam_plex.so"), modules.join("pam_plex.so")).unwrap();
    fs::copy(with_panics(), modules.join("pam_plex_panic.so")).unwrap();
    for name in names().iter().filter(|name| !name.starts_with("lib")) {
        fs::copy(shipped(name), directory(name, &bin, &sbin).join(name)).unwrap();
    }
    let mut cc = Command::new(old.join("cc"));
    cc.arg("-o").arg(sbin.join("pamcode")).arg(checkout().join("tests/e2e/c/pamcode.c")).arg("-lpam");
    assert!(cc.status().unwrap().success());
    world.sh("cd /mnt/old; for part in etc run var proc dev mnt; do mkdir -p $part; mount --bind /$part $part; done");
    world.write("/etc/pam.d/panic", 0o644, "root:root", "auth required pam_plex_panic.so\n");

    let there = |line: &[&str], typed: &str| world.run_with(&[&["chroot", "/mnt/old"], line].concat(), typed);
    let libc = there(&[&format!("/{libraries}/libc.so.6")], "").stdout;
    assert!(libc.contains("release version 2.31"), "{libc}");
    for name in names().iter().filter(|name| !name.starts_with("lib")) {
        let path = directory(name, Path::new("/usr/bin"), Path::new("/usr/sbin")).join(name);
        let said = there(&[path.to_str().unwrap(), "--version"], "");
        assert!(said.ok() && said.stdout.contains(env!("CARGO_PKG_VERSION")), "{name}: {said:?}");
    }
    let checked = there(&["/usr/bin/plex-auth", "config", "check"], "");
    assert!(checked.ok(), "{checked:?}");

    world.start_authd_behind(&["chroot", "/mnt/old"], &world.config(""));
    let login = |service: &str, user: &str, phases: &str, typed: &str| {
        let out = there(&["/usr/sbin/pamcode", service, user, phases], &format!("{typed}\n"));
        assert!(out.ok(), "{out:?}");
        out.stdout
    };
    let alice = login("alone", "alice", "auth,acct,cred", &password("alice"));
    assert!(["auth=0", "acct=0", "cred=0"].iter().all(|line| alice.lines().any(|other| other == *line)), "{alice}");
    let wrong = login("alone", "alice", "auth", "wrong");
    assert!(wrong.contains("auth=7\n"), "{wrong}");
    let bob = login("alone", "bob", "auth,acct", &password("bob"));
    assert!(bob.contains("auth=7\n") && bob.contains("acct=6\n"), "{bob}");
    // A panic is caught at the module's boundary by the unwinder that the module contains.
    let panicked = login("panic", "alice", "auth", &password("alice"));
    assert!(panicked.contains("auth=9\n"), "{panicked}");
    world.wait_for_log(&["accepted", "user=\"alice\""]);
    world.wait_for_log(&["internal error; please report it"]);
    world.assert_no_secret_leaked();
}
