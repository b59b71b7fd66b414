//! Samba on a private machine: the real smbd with the shipped stack and the shipped parts of smb.conf, plex-auth-samba,
//! and users of smbclient.

use std::time::{Duration, Instant};

use crate::artifacts;
use crate::daemons::wait;
use crate::world::{Out, World};

/// Enables the synchronisation, with a friend list that expires quickly.
pub const SYNC: &str = "[samba]\nsync_password = true\n[timeouts]\nfriend_list = \"1s\"\n[throttle]\nfree_tries = 20";

/// Time limit for a password to be synchronised.
const PATIENCE: Duration = Duration::from_secs(60);

/// The shipped parts of smb.conf.
const PIECES: [&str; 3] = ["global", "media", "private"];

impl World {
    /// A complete machine with Samba: the distribution's smb.conf, followed by the shipped parts.
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
        // Two Samba programs that create its password file at the same time can lose what one of them writes.
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

    /// Kills smbd with SIGKILL.
    pub fn kill_smbd(&self) {
        self.sh("pkill -KILL -x smbd; while pgrep -x smbd >/dev/null; do sleep 0.02; done");
    }

    /// Starts plex-auth-samba.
    pub fn start_samba_service(&self) {
        self.start_samba_service_behind(&[]);
    }

    /// Starts plex-auth-samba through another command, such as `strace`.
    pub fn start_samba_service_behind(&self, before: &[&str]) {
        self.copy(&artifacts::built("plex-auth-samba"), "/usr/sbin/plex-auth-samba", 0o755);
        let count = || self.syslog().matches("is waiting for connections").count();
        let before_it = count();
        self.start(&[before, &["/usr/sbin/plex-auth-samba"]].concat());
        wait("plex-auth-samba", || count() > before_it);
    }

    /// Kills plex-auth-samba with SIGKILL.
    pub fn kill_samba_service(&self) {
        // The kernel truncates process names.
        self.sh("pkill -KILL -x plex-auth-samba; while pgrep -x plex-auth-samba >/dev/null; do sleep 0.02; done");
    }

    /// `ls` on the share that every friend can read, over SMB 3.
    pub fn smb(&self, user: &str, password: &str) -> Out {
        self.smb_do("media", user, password, "ls")
    }

    /// Runs an smbclient command on a share.
    pub fn smb_do(&self, share: &str, user: &str, password: &str, command: &str) -> Out {
        let service = format!("//127.0.0.1/{share}");
        let mut smbclient = self.command(&["smbclient", "-m", "SMB3", "-U", user, &service, "-c", command]);
        // Not in a file: smbclient reads at most 127 bytes of one.
        smbclient.env("PASSWD", password);
        self.finish(smbclient, "")
    }

    /// Result of `ls` on the share: "ok", or the status that smbclient shows.
    #[must_use]
    pub fn smb_says(&self, user: &str, password: &str) -> String {
        let out = self.smb(user, password);
        if out.ok() && out.stdout.contains("film") {
            return "ok".into();
        }
        let status = out.stdout.split_whitespace().find(|word| word.starts_with("NT_STATUS_"));
        status.unwrap_or_else(|| panic!("{out:?}")).to_owned()
    }

    /// Waits until `ls` on the share has this result: passwords are synchronised in the background.
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
