//! Fake daemons: listeners at the socket that send whatever a test wants.

use std::fs;
use std::io::{Read, Result, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use crate::world::World;

/// A conversation with a module, from the daemon's side.
pub struct Caller(UnixStream);

impl Caller {
    /// Receives the module's next message.
    ///
    /// # Errors
    /// If the module has disconnected.
    pub fn hear(&mut self) -> Result<String> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut text = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Sends a message in a frame.
    ///
    /// # Errors
    /// If the module has disconnected.
    pub fn say(&mut self, json: &str) -> Result<()> {
        let length = u32::try_from(json.len()).unwrap();
        self.bytes(&[&length.to_be_bytes()[..], json.as_bytes()].concat())
    }

    /// Sends these bytes without a frame.
    ///
    /// # Errors
    /// If the module has disconnected.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes)
    }
}

impl World {
    /// The daemon's socket, reachable from outside the machine.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root/run/plex-auth/socket", self.process()))
    }

    /// Listens instead of the daemon, as root, and handles every connection with `treat`.
    pub fn pretend(&self, treat: impl Fn(&mut Caller) -> Result<()> + Send + 'static) {
        self.sh("install -d -o plex-auth -m 755 /run/plex-auth; rm -f /run/plex-auth/socket");
        let listener = UnixListener::bind(self.socket()).unwrap();
        fs::set_permissions(self.socket(), fs::Permissions::from_mode(0o666)).unwrap();
        // The thread ends with the test program. Until then nothing connects to it once its socket file is gone.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // The module may disconnect at any time.
                let _ = treat(&mut Caller(stream));
            }
        });
    }

    /// Listens at a socket as this user; the returned function gives what each caller has sent.
    pub fn impostor(&self, socket: &str, uid: &str) -> impl Fn() -> Vec<String> {
        let heard = self.shared().join("heard");
        let _ = fs::remove_file(&heard);
        self.sh(&format!("install -d -o plex-auth -m 755 $(dirname {socket}); rm -f {socket}"));
        self.start(&[&self.c_program("impostor"), "/mnt/heard", socket, uid]);
        let lines = move || -> Vec<String> {
            fs::read_to_string(&heard).unwrap_or_default().lines().map(str::to_owned).collect()
        };
        while lines().is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        move || lines().split_off(1)
    }
}
