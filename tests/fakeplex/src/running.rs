//! A server as a child process of a test, which ends with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Control;

/// Time limit for a server to start listening.
const START: Duration = Duration::from_secs(20);

/// A running server.
#[derive(Debug)]
pub struct Running {
    child: Child,
    directory: PathBuf,
}

impl Running {
    /// Starts the program `fakeplex` with a world, and its files in an empty directory.
    #[must_use]
    pub fn start(program: &Path, world: &str, directory: &Path) -> Self {
        let state = directory.join("world.toml");
        fs::write(&state, world).unwrap();
        let mut command = Command::new(program);
        command.arg("serve").arg("--state").arg(state).arg("--dir").arg(directory).stdin(Stdio::null());
        let running = Self { child: command.spawn().unwrap(), directory: directory.to_owned() };
        let start = Instant::now();
        while !running.directory.join("address").exists() {
            assert!(start.elapsed() < START, "fakeplex does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        running
    }

    /// An address: `address` for the good listener, `address.expired` and so on for the others.
    #[must_use]
    pub fn address(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).unwrap().trim_end().to_owned()
    }

    /// Certificate of the server's CA.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// Controls of the server.
    #[must_use]
    pub fn control(&self) -> Control {
        Control::new(&self.directory)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
