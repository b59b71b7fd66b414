//! Commands of the documentation, run as readers run them, on a machine that has what the pages presuppose.

use std::fs;
use std::path::Path;

use crate::artifacts::{built, checkout};
use crate::world::World;

/// Where the package installs the examples that the pages copy.
const EXAMPLES: &str = "/usr/share/doc/plex-auth/examples";

/// apt-get of a machine on which everything that the pages install is already installed.
const APT_GET: &str = r#"#!/bin/sh
[ "$1 $2" = "install --yes" ] || { echo "apt-get $*?" >&2; exit 1; }
shift 2
for package; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" | grep -qx installed || { echo "no $package" >&2; exit 1; }
done
"#;

/// systemctl of a machine without systemd: acts on the services that the pages name.
const SYSTEMCTL: &str = r#"#!/bin/sh
set -e
anew() {
    name=$1 port=$2
    shift 2
    ! pkill -x "$name" || while pgrep -x "$name" >/dev/null; do sleep 0.02; done
    setsid --fork "$@" </dev/null >>/var/log/started 2>&1
    until ss -lnt | grep -q ":$port "; do sleep 0.02; done
}
case $* in
    'restart smbd') mkdir -p /run/samba; anew smbd 445 smbd -D ;;
    'restart nginx') anew nginx 8080 nginx ;;
    'restart vsftpd') mkdir -p /var/run/vsftpd/empty; anew vsftpd 21 vsftpd ;;
    'reload ssh')
        before=$(grep -c 'Server listening' /var/log/sshd.log)
        kill -HUP "$(cat /run/sshd.pid)"
        until [ "$(grep -c 'Server listening' /var/log/sshd.log)" -gt "$before" ]; do sleep 0.02; done ;;
    'reload plex-authd')
        read='configuration has been read again'
        before=$(grep -c "$read" /var/log/syslog || true)
        pkill -HUP -x plex-authd
        until [ "$(grep -c "$read" /var/log/syslog)" -gt "$before" ]; do sleep 0.02; done ;;
    'enable --now plex-auth-samba.socket')
        setsid --fork plex-auth-samba </dev/null >>/var/log/started 2>&1
        until [ -S /run/plex-auth-samba/socket ]; do sleep 0.02; done ;;
    *) echo "systemctl $*?" >&2; exit 1 ;;
esac
"#;

impl World {
    /// Prepares a machine (on the host's root) for the commands of a page: the examples, what the package installs with
    /// them, and replacements for apt-get and systemctl.
    pub fn ready_for_pages(&self) {
        let outside = self.shared().join("examples");
        copy(&checkout().join("pam.d"), &outside.join("pam.d"));
        copy(&checkout().join("packaging/samba"), &outside.join("samba"));
        let jail = checkout().join("packaging/fail2ban/jail.d/plex-auth.conf");
        fs::copy(jail, outside.join("fail2ban-jail.conf")).unwrap();
        copy(&checkout().join("packaging/fail2ban/filter.d"), &outside.join("filter.d"));
        self.sh(&format!(
            "mkdir -p {EXAMPLES} && cp -r /mnt/examples/* {EXAMPLES} && \
             mv {EXAMPLES}/filter.d/* /etc/fail2ban/filter.d && rmdir {EXAMPLES}/filter.d"
        ));
        if !self.run(&["test", "-e", "/usr/sbin/plex-auth-samba"]).ok() {
            self.copy(&built("plex-auth-samba"), "/usr/sbin/plex-auth-samba", 0o755);
        }
        self.write("/usr/local/sbin/apt-get", 0o755, "root:root", APT_GET);
        self.write("/usr/local/sbin/systemctl", 0o755, "root:root", SYSTEMCTL);
    }

    /// Runs commands of a page, each of which must succeed; returns their output.
    pub fn follow(&self, commands: &str) -> String {
        self.follow_with(commands, "")
    }

    /// [`Self::follow`] with input for the commands that read it.
    pub fn follow_with(&self, commands: &str, typed: &str) -> String {
        assert!(!commands.trim().is_empty(), "no commands");
        self.write("/root/commands", 0o600, "root:root", commands);
        let out = self.run_with(&["sh", "-e", "-c", "cd /root; . /root/commands"], typed);
        assert!(out.ok(), "{commands}\n{out:?}");
        out.stdout
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
