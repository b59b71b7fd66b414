//! A daemon that is none: it does at the socket whatever a test wants.

use std::fs;
use std::io::{Read, Result, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use crate::world::World;

/// A conversation with a module, seen from the daemon's side.
pub struct Caller(UnixStream);

impl Caller {
    /// What the module says next.
    ///
    /// # Errors
    /// When it has left.
    pub fn hear(&mut self) -> Result<String> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut text = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Says something in a frame.
    ///
    /// # Errors
    /// When the module has left.
    pub fn say(&mut self, json: &str) -> Result<()> {
        let length = u32::try_from(json.len()).unwrap();
        self.bytes(&[&length.to_be_bytes()[..], json.as_bytes()].concat())
    }

    /// Says just these bytes.
    ///
    /// # Errors
    /// When the module has left.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes)
    }
}

impl World {
    /// The daemon's socket, as it is reached from outside the machine.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root/run/plex-auth/socket", self.process()))
    }

    /// Listens in the daemon's place, as root, and treats everyone who connects like this.
    pub fn pretend(&self, treat: impl Fn(&mut Caller) -> Result<()> + Send + 'static) {
        self.sh("install -d -o plex-auth -m 755 /run/plex-auth; rm -f /run/plex-auth/socket");
        let listener = UnixListener::bind(self.socket()).unwrap();
        fs::set_permissions(self.socket(), fs::Permissions::from_mode(0o666)).unwrap();
        // It ends with the test program. Until then nobody finds the way to it any more once its file is gone.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // The module may leave at any time.
                let _ = treat(&mut Caller(stream));
            }
        });
    }

    /// Listens at a socket as this user, and gives what will have been heard from each caller.
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
