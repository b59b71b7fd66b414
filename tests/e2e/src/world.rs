//! One private machine.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fakeplex::Control;
use pam_stack::shipped::LOGIN_STACKS;

use crate::{artifacts, clean};

/// Time limit for a machine to start.
const START: Duration = Duration::from_secs(120);

/// Time limit for one command, in seconds.
const COMMAND: &str = "300";

/// Locale of the machine.
pub(crate) const LOCALE: &str = "C.UTF-8";

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Result of a command.
#[derive(Debug, Clone)]
pub struct Out {
    /// Exit code; 124 after the time limit.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Out {
    /// True if the exit code is 0.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.code == 0
    }
}

/// A private machine. It ends, with everything that runs on it, when this is dropped.
pub struct World {
    holder: Child,
    init: String,
    directory: tempfile::TempDir,
    /// True if it runs systemd.
    pub(crate) booted: bool,
}

impl World {
    /// A new machine with the module, the shipped stacks and the daemon installed. Without root or PID namespaces it
    /// prints the reason and returns `None`; in CI it panics.
    #[must_use]
    pub fn new() -> Option<Self> {
        Self::made_by(Command::new("unshare"))
    }

    /// [`Self::new`] on a host that these lines of shell have changed. They run as root in a mount namespace of their
    /// own, where no mount of the real host is shared; what they write to a disk reaches the real disk.
    #[must_use]
    pub fn new_on_host(script: &str) -> Option<Self> {
        let mut host = Command::new("unshare");
        host.args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-euc",
            &format!("{script}\nexec unshare \"$@\""),
            "host",
        ]);
        Self::made_by(host)
    }

    /// A second machine in this one's network, as behind one router: both reach the same plex.tv, which sees one address.
    /// Ports are shared too, so only one of them has an sshd.
    #[must_use]
    pub fn beside(&self) -> Option<Self> {
        let mut network = Command::new("nsenter");
        network.args(["--target", &self.init, "--net", "--", "unshare"]);
        let world = Self::made_in(network)?;
        fs::create_dir_all(world.plex_directory()).unwrap();
        for file in ["address", "ca.pem"] {
            fs::copy(self.plex_directory().join(file), world.plex_directory().join(file)).unwrap();
        }
        Some(world)
    }

    fn made_by(mut unshare: Command) -> Option<Self> {
        unshare.arg("--net");
        Self::made_in(unshare)
    }

    fn made_in(mut unshare: Command) -> Option<Self> {
        unshare.args(["--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]);
        unshare.arg(artifacts::checkout().join("tests/e2e/init"));
        let world = Self::started(unshare, artifacts::base)?;
        world.install();
        world.start_shadow_service();
        Some(world)
    }

    /// A machine that this command starts, given a root and a directory, without plex-auth.
    pub(crate) fn started(mut init: Command, root: impl FnOnce() -> PathBuf) -> Option<Self> {
        if !Path::new("/proc/self/ns/pid").exists() || !is_root() {
            assert!(std::env::var_os("CI").is_none(), "end-to-end tests need root");
            eprintln!("skipped: end-to-end tests need root");
            return None;
        }
        let root = root();
        let directory = tempfile::Builder::new().prefix("plex-auth-").tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        init.args([root.as_path(), directory.path()]).env_clear().env("PATH", PATH).stdin(Stdio::null());
        let mut holder = init.spawn().unwrap();
        let start = Instant::now();
        while !directory.path().join("ready").exists() {
            assert!(holder.try_wait().unwrap().is_none(), "the private machine ended");
            assert!(start.elapsed() < START, "the private machine does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        let children = format!("/proc/{0}/task/{0}/children", holder.id());
        let init = fs::read_to_string(children).unwrap().trim().to_owned();
        Some(Self { holder, init, directory, booted: false })
    }

    fn install(&self) {
        self.copy(&artifacts::built("libpam_plex.so"), &self.module("pam_plex"), 0o644);
        for (program, directory) in [("plex-authd", "sbin"), ("plex-auth", "bin"), ("plex-auth-shadow", "sbin")] {
            self.copy(&artifacts::built(program), &format!("/usr/{directory}/{program}"), 0o755);
        }
        for (stack, _) in LOGIN_STACKS {
            let file = artifacts::checkout().join("pam.d").join(stack);
            self.copy(&file, &format!("/etc/pam.d/{stack}"), 0o644);
        }
        // A stack of only the module, to see its own return codes.
        let alone = "auth required pam_plex.so\naccount required pam_plex.so\n";
        self.write("/etc/pam.d/alone", 0o644, "root:root", alone);
        let kinds = ["auth", "account", "session", "password"];
        let every = kinds.map(|kind| format!("{kind} required pam_plex.so debug\n")).concat();
        self.write("/etc/pam.d/every", 0o644, "root:root", &every);
    }

    /// The path of a PAM module.
    #[must_use]
    pub fn module(&self, name: &str) -> String {
        let directory = self.sh("dirname \"$(find /usr/lib /usr/lib64 -name pam_unix.so 2>/dev/null | head -n 1)\"");
        format!("{}/{name}.so", directory.stdout.trim())
    }

    /// Copies the part of a checkout after `make build` that an installation needs, to an existing directory.
    pub fn copy_release(&self, to: &str) {
        for program in ["libpam_plex.so", "plex-authd", "plex-auth", "plex-auth-shadow"] {
            self.copy(&artifacts::shipped(program), &format!("{to}/target/release/{program}"), 0o755);
        }
        self.sh(&format!("mkdir -p {to}/pam.d"));
        for (stack, _) in LOGIN_STACKS {
            self.copy(&artifacts::checkout().join("pam.d").join(stack), &format!("{to}/pam.d/{stack}"), 0o644);
        }
    }

    /// Copies the services for init systems other than systemd to where `make files` puts them with PREFIX=/usr.
    pub fn copy_examples(&self) {
        let to = "/usr/share/doc/plex-auth/examples";
        self.sh(&format!("rm -rf {to}; mkdir -p {to}/openrc {to}/runit/plex-auth-shadow {to}/runit/plex-authd/log"));
        for file in [
            "openrc/plex-auth-shadow",
            "openrc/plex-authd",
            "runit/plex-auth-shadow/run",
            "runit/plex-authd/run",
            "runit/plex-authd/check",
            "runit/plex-authd/log/run",
        ] {
            self.copy(&artifacts::checkout().join("packaging").join(file), &format!("{to}/{file}"), 0o755);
        }
    }

    /// The machine's first process, for `nsenter`.
    #[must_use]
    pub fn process(&self) -> &str {
        &self.init
    }

    /// The directory that the machine sees as /mnt.
    #[must_use]
    pub fn shared(&self) -> &Path {
        self.directory.path()
    }

    /// A command on the machine, with only `PATH` and a locale in its environment, and a time limit.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_within(COMMAND, arguments)
    }

    pub(crate) fn command_within(&self, seconds: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.init, "--mount", "--net", "--pid", "--ipc", "--uts", "--root", "--wd", "--"])
            .args(["timeout", "--foreground", "-k", "2", seconds])
            .args(arguments)
            .env_clear()
            .env("PATH", PATH)
            .env("LANG", LOCALE);
        command
    }

    /// Runs a command with this text as its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Out {
        self.finish(self.command(arguments), input)
    }

    /// Runs a command made by [`Self::command`].
    pub fn finish(&self, mut command: Command, input: &str) -> Out {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        // A program may exit without reading its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let out = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Out { code: out.status.code().unwrap_or(-1), stdout: text(out.stdout), stderr: text(out.stderr) }
    }

    /// Runs a command.
    pub fn run(&self, arguments: &[&str]) -> Out {
        self.run_with(arguments, "")
    }

    /// Runs a line of shell, which must succeed.
    pub fn sh(&self, script: &str) -> Out {
        let out = self.run(&["sh", "-c", script]);
        assert!(out.ok(), "{script}: {out:?}");
        out
    }

    /// Waits until a line of sh succeeds; a minute at most.
    #[track_caller]
    pub fn until(&self, condition: &str) {
        let script = format!("until {condition}; do sleep 0.05; done");
        let out = self.run(&["timeout", "60", "sh", "-c", &script]);
        assert!(out.ok(), "{script}: {out:?}\n{}", self.syslog());
    }

    /// Writes a file.
    pub fn write(&self, path: &str, mode: u32, owner: &str, text: &str) {
        let script = format!("umask 077; cat > '{path}' && chown {owner} '{path}' && chmod {mode:o} '{path}'");
        let out = self.run_with(&["sh", "-c", &script], text);
        assert!(out.ok(), "{path}: {out:?}");
    }

    /// Copies a file of the host.
    pub fn copy(&self, from: &Path, to: &str, mode: u32) {
        let passed = self.shared().join("passed");
        fs::copy(from, passed).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        self.sh(&format!("cp --remove-destination /mnt/passed '{to}' && chmod {mode:o} '{to}'"));
    }

    /// Copies a C program of the tests to the machine and returns its path there.
    #[must_use]
    pub fn c_program(&self, name: &'static str) -> String {
        self.bring(name, artifacts::c_program(name))
    }

    /// Copies a C library of the tests to the machine and returns its path there.
    #[must_use]
    pub fn c_library(&self, name: &'static str) -> String {
        self.bring(name, artifacts::c_library(name))
    }

    fn bring(&self, name: &str, file: PathBuf) -> String {
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let inside = self.shared().join(name);
        if !inside.exists() {
            // Under a temporary name first: another thread may run the finished file or look for it. And by another
            // process: a child forked by another thread would inherit a descriptor open for writing, and the file could
            // not be executed (ETXTBSY).
            let fresh = inside.with_extension(COPIES.fetch_add(1, Ordering::Relaxed).to_string());
            assert!(Command::new("cp").arg(file).arg(&fresh).status().unwrap().success());
            fs::rename(fresh, inside).unwrap();
        }
        format!("/mnt/{name}")
    }

    /// Creates a local account. Without a password, password login is impossible.
    pub fn add_user(&self, name: &str, managed: bool, password: Option<&str>) {
        let group = if managed { "--groups plex-users" } else { "" };
        self.sh(&format!("useradd --create-home --shell /bin/sh --password '*' {group} {name}"));
        if let Some(password) = password {
            // Without PAM, which may refuse to give a managed account a local password.
            let set = self.run_with(&["chpasswd", "--crypt-method", "SHA512"], &format!("{name}:{password}\n"));
            assert!(set.ok(), "{set:?}");
        }
    }

    /// Contents of the system log.
    #[must_use]
    pub fn syslog(&self) -> String {
        let read: &[&str] =
            if self.booted { &["journalctl", "--quiet", "--no-hostname"] } else { &["cat", "/var/log/syslog"] };
        self.run(read).stdout
    }

    /// Waits for a line of the system log that contains all these words, and returns it.
    pub fn wait_for_log(&self, words: &[&str]) -> String {
        self.wait_for_log_within(Duration::from_secs(60), words)
    }

    /// [`Self::wait_for_log`] with another time limit.
    pub fn wait_for_log_within(&self, patience: Duration, words: &[&str]) -> String {
        let start = Instant::now();
        loop {
            let log = self.syslog();
            if let Some(line) = log.lines().find(|line| words.iter().all(|word| line.contains(word))) {
                return line.to_owned();
            }
            assert!(start.elapsed() < patience, "no line with {words:?} in:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs `act` and returns its result with the system log of that time.
    pub fn logged<T>(&self, act: impl FnOnce() -> T) -> (T, String) {
        static MARKS: AtomicU32 = AtomicU32::new(0);
        // syslogd writes lines in the order in which they were sent, and the daemon's log thread may send them late.
        let mark = || {
            let mark = format!("mark {};", MARKS.fetch_add(1, Ordering::Relaxed));
            self.run(&["busybox", "logger", &mark]);
            self.wait_for_log(&[&mark])
        };
        let begin = mark();
        let done = act();
        self.wait_until_idle();
        let end = mark();
        let log = self.syslog();
        let log = log.split_once(&begin).and_then(|(_, rest)| rest.split_once(&end)).unwrap().0;
        (done, log.to_owned())
    }

    /// Waits until no thread of plex-authd is running or waits for a processor. Gives up after two seconds: a daemon may be
    /// busy for longer than the test cares about.
    fn wait_until_idle(&self) {
        let script = "for try in $(seq 20); do
                          awk '$1 == \"State:\" && $2 == \"R\" { exit 1 }' \
                              $(for daemon in $(pgrep -x plex-authd); do echo /proc/$daemon/task/*/status; done) \
                              /dev/null 2>/dev/null && exit
                          sleep 0.1
                      done";
        self.run(&["sh", "-c", script]);
    }

    /// Controls of the machine's plex.tv.
    #[must_use]
    pub fn plex(&self) -> Control {
        Control::new(&self.plex_directory())
    }

    pub(crate) fn plex_directory(&self) -> PathBuf {
        self.shared().join("plex")
    }

    /// R41: asserts that no log, no file of the daemon, no environment and no command line contains a secret of this
    /// machine's world.
    pub fn assert_no_secret_leaked(&self) {
        // The command line of the search must not match itself.
        let script = "pattern=SECRE; pattern=${pattern}T; \
             { grep -l \"$pattern\" -r /var/log /run/log /var/lib/plex-auth; \
               for p in /proc/[0-9]*; do grep -lza \"$pattern\" $p/environ $p/cmdline; done; } 2>/dev/null; true";
        let found = self.sh(script).stdout;
        assert!(found.trim().is_empty(), "secrets in:\n{found}\n{}", self.syslog());
    }
}

pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the machine's syslog ---\n{}", self.syslog());
        }
        // `unshare` kills the first process, and thereby the whole machine.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
        if self.booted {
            clean::forget(self.holder.id());
        }
    }
}
