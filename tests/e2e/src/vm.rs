//! A virtual machine with its own kernel, in which a security module confines programs as on a real server.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::artifacts;
use crate::world::{Out, is_root};
use crate::{DEN, MACHINE};

/// Time limit for booting. Every instruction is emulated, and other tests may be running.
const START: Duration = Duration::from_secs(600);

/// A Debian server under qemu, with the package installed, the accounts of the Den and a plex.tv. It ends when this is
/// dropped.
pub struct Vm {
    qemu: Child,
    agent: BufReader<UnixStream>,
    directory: tempfile::TempDir,
}

impl Vm {
    /// Boots one with this security module ("apparmor", "selinux"), these files in its /mnt, and `prepare` run before
    /// it boots. Without root or on another architecture it prints the reason and returns `None`; in CI it panics.
    #[must_use]
    pub fn new(module: &str, files: &[&Path], prepare: &str) -> Option<Self> {
        if !is_root() || !cfg!(target_arch = "x86_64") {
            assert!(std::env::var_os("CI").is_none(), "this needs root and an x86_64");
            eprintln!("skipped: this needs root and an x86_64");
            return None;
        }
        let directory = tempfile::Builder::new().prefix("plex-auth-").tempdir().unwrap();
        let inside = directory.path().join("in");
        fs::create_dir(&inside).unwrap();
        let package = artifacts::package();
        for file in
            [&package, &artifacts::built("fakeplex")].into_iter().map(AsRef::as_ref).chain(files.iter().copied())
        {
            fs::copy(file, inside.join(file.file_name().unwrap())).unwrap();
        }
        fs::write(inside.join("world.toml"), DEN).unwrap();
        let config = format!(
            "token = \"TOKEN-SECRET-olga\"\nmachine_id = \"{MACHINE}\"\nadmin_account = \"olga\"\ngroup = \"plex-users\"\n\
             [samba]\nsync_password = true\n"
        );
        fs::write(inside.join("plex-auth.toml"), config).unwrap();
        fs::write(inside.join("prepare"), format!("{}\n{prepare}\n", include_str!("../vm-prepare"))).unwrap();

        let (tools, root, layer) = (artifacts::tools(), artifacts::root("bookworm"), artifacts::vm_root());
        let mut qemu = Command::new(artifacts::checkout().join("tests/e2e/vm"));
        qemu.args([tools.as_path(), &root, &layer, directory.path()]).arg(module).stdin(Stdio::null());
        qemu.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let mut qemu = qemu.stdout(File::create(directory.path().join("said")).unwrap()).spawn().unwrap();
        let start = Instant::now();
        let agent = loop {
            if let Ok(agent) = UnixStream::connect(directory.path().join("agent")) {
                break agent;
            }
            assert!(qemu.try_wait().unwrap().is_none(), "the machine does not start");
            std::thread::sleep(Duration::from_millis(20));
        };
        agent.set_read_timeout(Some(START)).unwrap();
        let mut vm = Self { qemu, agent: BufReader::new(agent), directory };
        assert_eq!(vm.answer(), "ready", "{}", vm.console());
        eprintln!("{module}: booted after {} ms", start.elapsed().as_millis());
        vm.sh("mkdir /run/plex && \
               setsid --fork /mnt/fakeplex serve --listen 127.0.0.1:443 --state /mnt/world.toml --dir /run/plex >/dev/null 2>&1; \
               until [ -e /run/plex/address ]; do sleep 0.1; done; cat /run/plex/ca.pem >>/etc/ssl/certs/ca-certificates.crt");
        Some(vm)
    }

    /// Runs a line of bash as unconfined root; standard error is part of the output.
    pub fn run(&mut self, script: &str) -> Out {
        let stream = self.agent.get_mut();
        stream.write_all(format!("{script}\0").as_bytes()).unwrap();
        let answer = self.answer();
        let (code, said) = answer.split_once('\n').unwrap();
        Out { code: code.parse().unwrap(), stdout: said.to_owned(), stderr: String::new() }
    }

    /// Runs a line of bash that must succeed, and returns its output.
    pub fn sh(&mut self, script: &str) -> String {
        let out = self.run(script);
        assert!(out.ok(), "{script}: {out:?}");
        out.stdout
    }

    /// Repeats a line of bash until it succeeds: the machine is slow, and the module's time limits do not allow for
    /// that.
    pub fn wait(&mut self, script: &str) -> String {
        for _ in 0..10 {
            let out = self.run(script);
            if out.ok() {
                return out.stdout;
            }
        }
        let log = self.run("journalctl --quiet --no-hostname -n 60").stdout;
        panic!("{script} never succeeds:\n{log}")
    }

    /// The `SELinux` policy of the machine.
    #[must_use]
    pub fn policy(&self) -> PathBuf {
        self.directory.path().join("policy")
    }

    /// Console output of the kernel and the services.
    #[must_use]
    pub fn console(&self) -> String {
        fs::read(self.directory.path().join("console"))
            .map_or_else(|_| String::new(), |text| String::from_utf8_lossy(&text).into_owned())
    }

    fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        if let Err(error) = self.agent.read_until(0, &mut answer) {
            panic!("no answer: {error}\n{}", self.console());
        }
        answer.pop();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        // The script has replaced itself with qemu.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}
