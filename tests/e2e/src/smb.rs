//! Samba on a private machine: the real smbd with the shipped stack and the shipped pieces of smb.conf, plex-auth-samba, and
//! people who come with smbclient.

use std::time::{Duration, Instant};

use crate::artifacts;
use crate::daemons::wait;
use crate::world::{Out, World};

/// What turns it on, and lists that are fresh enough for tests.
pub const SYNC: &str = "[samba]\nsync_password = true\n[timeouts]\nfriend_list = \"1s\"\n[throttle]\nfree_tries = 20";

/// How long a password may take to follow.
const PATIENCE: Duration = Duration::from_secs(60);

/// The shipped pieces of smb.conf.
const PIECES: [&str; 3] = ["global", "media", "private"];

impl World {
    /// A machine with everything and Samba: the distribution's own smb.conf, and behind it the shipped pieces.
    #[must_use]
    pub fn with_samba(world: &str, further: &str) -> Option<Self> {
        let machine = Self::with_everything(world, further)?;
        machine.copy(&artifacts::checkout().join("pam.d/samba"), "/etc/pam.d/samba", 0o644);
        machine.sh(
            "mount -t tmpfs -o mode=755 tmpfs /srv && mkdir -p /etc/samba/plex-auth /srv/media && echo film >/srv/media/film && chmod 755 /srv/media && \
             for name in alice frank erin; do install -d -m 700 -o $name -g $name /srv/private/$name; done && \
             chmod 755 /srv/private",
        );
        for piece in PIECES {
            let file = artifacts::checkout().join(format!("packaging/samba/{piece}.conf"));
            let inside = format!("/etc/samba/plex-auth/{piece}.conf");
            machine.copy(&file, &inside, 0o644);
            machine.sh(&format!("echo 'include = {inside}' >>/etc/samba/smb.conf"));
        }
        // Two programs of Samba's that make its password file at the same moment can lose what one of them writes.
        machine.sh("mkdir -p /run/samba && pdbedit -L");
        machine.start_smbd();
        machine.start_samba_service();
        Some(machine)
    }

    /// Starts smbd.
    pub fn start_smbd(&self) {
        self.sh("mkdir -p /run/samba && smbd -D");
        wait("smbd", || self.run(&["sh", "-c", "ss -lnt | grep -q ':445 '"]).ok());
    }

    /// Ends smbd as nobody wants it to end.
    pub fn kill_smbd(&self) {
        self.sh("pkill -KILL -x smbd; while pgrep -x smbd >/dev/null; do sleep 0.02; done");
    }

    /// Starts plex-auth-samba.
    pub fn start_samba_service(&self) {
        self.start_samba_service_behind(&[]);
    }

    /// The same behind another command, such as `strace`.
    pub fn start_samba_service_behind(&self, before: &[&str]) {
        self.copy(&artifacts::release("plex-auth-samba"), "/usr/sbin/plex-auth-samba", 0o755);
        let count = || self.syslog().matches("waits to be asked").count();
        let before_it = count();
        self.start(&[before, &["/usr/sbin/plex-auth-samba"]].concat());
        wait("plex-auth-samba", || count() > before_it);
    }

    /// Ends plex-auth-samba at once.
    pub fn kill_samba_service(&self) {
        // The kernel cuts names.
        self.sh("pkill -KILL -x plex-auth-samba; while pgrep -x plex-auth-samba >/dev/null; do sleep 0.02; done");
    }

    /// `ls` on the share that everybody reads, over SMB 3.
    pub fn smb(&self, user: &str, password: &str) -> Out {
        self.smb_do("media", user, password, "ls")
    }

    /// A command of smbclient's on a share.
    pub fn smb_do(&self, share: &str, user: &str, password: &str, command: &str) -> Out {
        let service = format!("//127.0.0.1/{share}");
        let mut smbclient = self.command(&["smbclient", "-m", "SMB3", "-U", user, &service, "-c", command]);
        // Not by a file: smbclient reads no more than 127 bytes of one.
        smbclient.env("PASSWD", password);
        self.finish(smbclient, "")
    }

    /// What an attempt at the share came to: "ok", or the status that smbclient shows.
    #[must_use]
    pub fn smb_says(&self, user: &str, password: &str) -> String {
        let out = self.smb(user, password);
        if out.ok() && out.stdout.contains("film") {
            return "ok".into();
        }
        let status = out.stdout.split_whitespace().find(|word| word.starts_with("NT_STATUS_"));
        status.unwrap_or_else(|| panic!("{out:?}")).to_owned()
    }

    /// Waits until an attempt at the share comes to this: passwords follow behind the logins' backs.
    pub fn wait_for_smb(&self, user: &str, password: &str, expected: &str) {
        let start = Instant::now();
        loop {
            let said = self.smb_says(user, password);
            if said == expected {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{user} at the share: {said} in place of {expected}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
