//! The tested files: built once for each test program, and located.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// The checkout.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Where cargo puts what it builds.
#[must_use]
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout().join("target"), PathBuf::from)
}

/// The packages that are shipped.
const SHIPPED: [&str; 4] = ["pam-plex", "plex-authd", "helpers", "plex-auth"];

/// The cargo profile of the tested build. `quick` differs from the shipped `release` in optimisation only; `E2E_PROFILE`
/// names another one, and where everything is built and tested that is `release` itself.
fn profile() -> String {
    std::env::var("E2E_PROFILE").unwrap_or_else(|_| "quick".to_owned())
}

/// A program or the module, or `fakeplex`, of the tested build, which is brought up to date first.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let both = || {
        // One after the other: built together, the libraries that both use would have the features of either, and what is
        // shipped would be another program than the tested one.
        build(&profile(), &["fakeplex"]);
        build(&profile(), &SHIPPED)
    };
    BUILT.get_or_init(both).join(name)
}

/// A program or the module as it is shipped: for tests of the files themselves, their symbols, size and libraries.
#[must_use]
pub fn shipped(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("release", &SHIPPED)).join(name)
}

/// Builds these packages, and returns the directory of the programs.
fn build(profile: &str, packages: &[&str]) -> PathBuf {
    let directory = target().join(profile);
    if !directory.join("plex-authd").exists() {
        say(&format!("Building the programs (profile {profile}): about 5 minutes, once"));
    }
    cargo(&format!("build --profile {profile}"), packages.iter().flat_map(|package| ["-p", package]));
    directory
}

/// Says what is about to take long.
fn say(what: &str) {
    let _ = Command::new(checkout().join("tests/say")).arg(what).status();
}

/// The package for Debian, made of the release build.
#[must_use]
pub fn package() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| packed("deb")).clone()
}

/// The package for Fedora, made of the release build.
#[must_use]
pub fn rpm() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| packed("rpm")).clone()
}

/// The package of this kind. One test program makes it, and others wait; what has not changed is not made again.
fn packed(kind: &str) -> PathBuf {
    let mut make = building("flock");
    make.arg(target().join("packages.lock")).args(["make", "--silent", kind]).current_dir(checkout());
    let out = make.output().unwrap();
    assert!(out.status.success(), "make {kind}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().lines().last().unwrap().into()
}

/// The tested module with a panic in each hook.
#[must_use]
pub fn with_panics() -> PathBuf {
    module_with("inject-panic")
}

/// The tested module with another version of the protocol: `next-protocol` or `previous-protocol`.
#[must_use]
pub fn other_protocol(feature: &'static str) -> PathBuf {
    module_with(feature)
}

/// The module with a feature that is for tests alone.
fn module_with(feature: &'static str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let build = || {
        // In a directory of its own, or it would take the real module's place. What is below the module is shared.
        let elsewhere = target().join("with-feature");
        let profile = profile();
        let (lock, done) = (elsewhere.join("lock"), elsewhere.join(format!("{profile}-{feature}.so")));
        std::fs::create_dir_all(&elsewhere).unwrap();
        let script = format!(
            "\"$CARGO\" build --profile {profile} --quiet --features {feature} -p pam-plex --target-dir \"$1\" && \
             cp \"$1/{profile}/libpam_plex.so\" \"$2.new\" && mv \"$2.new\" \"$2\""
        );
        let mut cargo = building("flock");
        cargo.arg(lock).args(["sh", "-c", &script, "sh"]).args([&elsewhere, &done]);
        cargo.env("CARGO", env!("CARGO")).current_dir(checkout());
        assert!(cargo.status().unwrap().success(), "{feature} cannot be built");
        done
    };
    BUILT.lock().unwrap().entry(feature).or_insert_with(build).clone()
}

/// A program that builds, without what cargo has told this one about its own package: some build scripts ask for it, and what
/// they made would be made again whenever another program of the tests asks for the same.
fn building(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let about = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"];
        if about.iter().any(|about| name.to_string_lossy().starts_with(about)) {
            command.env_remove(name);
        }
    }
    command
}

fn cargo<'a>(command: &str, packages: impl IntoIterator<Item = &'a str>) {
    let mut cargo = building(env!("CARGO"));
    cargo.args(command.split(' ')).args(packages).current_dir(checkout());
    // Its progress is for people, not for logs.
    if !std::io::stderr().is_terminal() {
        cargo.arg("--quiet");
    }
    assert!(cargo.status().unwrap().success(), "cargo {command} failed");
}

/// The layer of this machine that has what the others are made with.
pub(crate) fn tools() -> PathBuf {
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    TOOLS.get_or_init(|| made("tools", &[], "e2e-tools")).clone()
}

/// The root of most private machines.
pub(crate) fn base() -> PathBuf {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| made("base", &[&tools()], "e2e-base").join("root")).clone()
}

/// The root of a Debian server, of this release, that has just been installed.
pub(crate) fn root(suite: &'static str) -> PathBuf {
    static ROOTS: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let make = || made("clean", &[Path::new(suite), &tools()], &format!("e2e-{suite}")).join("root");
    ROOTS.lock().unwrap().entry(suite).or_insert_with(make).clone()
}

/// Such a root with these packages on it, as overlayfs names its layers. The name tells apart lists of packages.
pub(crate) fn layered(suite: &'static str, name: &str, packages: &[&str]) -> PathBuf {
    let root = root(suite);
    if packages.is_empty() {
        return root;
    }
    let layer = made("layer", &[&root, Path::new(&packages.join(" "))], &format!("e2e-{suite}-{name}"));
    let mut layers = layer.join("upper").into_os_string();
    layers.push(":");
    layers.push(root);
    layers.into()
}

/// What makes of such a root a machine with a kernel of its own.
pub(crate) fn vm_root() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| made("vm-root", &[&root("bookworm")], "e2e-vm")).clone()
}

/// A directory that a script of the tests makes where it is not there or not new.
fn made(script: &str, arguments: &[&Path], name: &str) -> PathBuf {
    let directory = std::path::absolute(target()).unwrap().join(name);
    std::fs::create_dir_all(&directory).unwrap();
    // Several test programs may come here at once; one makes the directory and the others wait.
    let lock = directory.with_extension("lock");
    let script = checkout().join("tests/e2e").join(script);
    let status = Command::new("flock").arg(lock).arg(&script).args(arguments).arg(&directory).status().unwrap();
    assert!(status.success(), "{} fails", script.display());
    directory
}

/// A C program of the tests, compiled once for each test program.
pub(crate) fn c_program(name: &'static str) -> PathBuf {
    compiled(name, &["-Wl,--as-needed", "-lpam", "-ldl", "-lcrypt"])
}

/// A library of the tests in C, compiled once for each test program.
pub(crate) fn c_library(name: &'static str) -> PathBuf {
    compiled(name, &["-shared", "-fPIC"])
}

fn compiled(name: &'static str, options: &[&str]) -> PathBuf {
    static DONE: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    // Held while compiling: threads of one test program would write to the same file.
    DONE.lock().unwrap().entry(name).or_insert_with(|| compile(name, options)).clone()
}

fn compile(name: &str, options: &[&str]) -> PathBuf {
    let source = checkout().join("tests/e2e/c").join(name).with_extension("c");
    let program = target().join(format!("e2e-{name}"));
    // Under a name of its own first: another test program may be running the finished one.
    let fresh = target().join(format!("e2e-{name}.{}", std::process::id()));
    let mut cc = Command::new("cc");
    cc.args(["-Wall", "-Wextra", "-O1", "-pthread", "-o"]).arg(&fresh).arg(source).args(options);
    assert!(cc.status().unwrap().success(), "{name}.c does not compile");
    std::fs::rename(fresh, &program).unwrap();
    program
}
