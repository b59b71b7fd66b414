//! Logins with ssh, sudo and su, as people use them.

use std::process::Command;

use crate::terminal::Terminal;
use crate::world::{Out, World};

/// Options that make the OpenSSH client independent of the host's configuration.
const SSH: [&str; 6] = [
    "ssh",
    "-Fnone",
    "-oStrictHostKeyChecking=no",
    "-oUserKnownHostsFile=/dev/null",
    "-oPubkeyAuthentication=no",
    "-oLogLevel=ERROR",
];

/// A command line that runs a command as this user.
#[must_use]
pub fn as_user<'a>(user: &'a str, command: &[&'a str]) -> Vec<&'a str> {
    [&["setpriv", "--reuid", user, "--regid", user, "--init-groups"], command].concat()
}

impl World {
    /// `ssh USER@localhost id -un` with a password, by one of OpenSSH's two password methods.
    pub fn ssh(&self, method: &str, user: &str, password: &str) -> Out {
        self.ssh_from("127.0.0.1", method, user, password)
    }

    /// [`Self::ssh`] from another address of the machine, see [`Self::add_addresses`].
    pub fn ssh_from(&self, source: &str, method: &str, user: &str, password: &str) -> Out {
        self.finish(self.ssh_with_password(source, method, user, password, &["id", "-un"]), "")
    }

    /// `ssh USER@localhost COMMAND` with a password, for a session that stays open.
    #[must_use]
    pub fn ssh_session(&self, user: &str, password: &str, command: &[&str]) -> Command {
        self.ssh_with_password("127.0.0.1", "password", user, password, command)
    }

    fn ssh_with_password(&self, source: &str, method: &str, user: &str, password: &str, command: &[&str]) -> Command {
        let (preferred, target) = (format!("-oPreferredAuthentications={method}"), format!("{user}@127.0.0.1"));
        // In a file, not on the command line, where every user could read it.
        let typed = format!("/run/typed-{source}-{}", user.replace('/', "_"));
        self.write(&typed, 0o600, "root:root", &format!("{password}\n"));
        let here = ["-oNumberOfPasswordPrompts=1", "-b", source, &preferred, &target];
        self.command(&[&["sshpass", "-f", &typed], &SSH[..], &here, command].concat())
    }

    /// `ssh USER@localhost id -un` on a terminal, with this number of password prompts.
    #[must_use]
    pub fn ssh_terminal(&self, source: &str, user: &str, prompts: u32) -> Terminal {
        self.ssh_terminal_in("C.UTF-8", source, user, prompts)
    }

    /// [`Self::ssh_terminal`] in this locale.
    #[must_use]
    pub fn ssh_terminal_in(&self, locale: &str, source: &str, user: &str, prompts: u32) -> Terminal {
        let (prompts, target) = (format!("-oNumberOfPasswordPrompts={prompts}"), format!("{user}@127.0.0.1"));
        let here = ["-oPreferredAuthentications=keyboard-interactive", "-b", source, &prompts, &target, "id", "-un"];
        self.terminal_of(80, 24, locale, &[&SSH[..], &here].concat())
    }

    /// `ssh USER@localhost id -un` with one password prompt, as a command that can be given an environment.
    #[must_use]
    pub fn ssh_command(&self, method: &str, user: &str) -> Command {
        let (preferred, target) = (format!("-oPreferredAuthentications={method}"), format!("{user}@127.0.0.1"));
        self.command(&[&SSH[..], &["-oNumberOfPasswordPrompts=1", &preferred, &target, "id", "-un"]].concat())
    }

    /// `ssh USER@localhost id -un` with a key that the account accepts.
    pub fn ssh_key(&self, user: &str) -> Out {
        self.ssh_key_from("127.0.0.1", user)
    }

    /// [`Self::ssh_key`] from another address of the machine.
    pub fn ssh_key_from(&self, source: &str, user: &str) -> Out {
        self.sh(&format!(
            "test -f /run/key || ssh-keygen -q -t ed25519 -N '' -f /run/key; \
             install -d -m 700 -o {user} -g {user} /home/{user}/.ssh; \
             install -m 600 -o {user} -g {user} /run/key.pub /home/{user}/.ssh/authorized_keys"
        ));
        let target = format!("{user}@127.0.0.1");
        self.run(&[
            "ssh",
            "-F",
            "none",
            "-b",
            source,
            "-i",
            "/run/key",
            "-oStrictHostKeyChecking=no",
            "-oUserKnownHostsFile=/dev/null",
            "-oPreferredAuthentications=publickey",
            "-oLogLevel=ERROR",
            &target,
            "id",
            "-un",
        ])
    }

    /// Adds addresses to the machine, as sources of logins.
    pub fn add_addresses(&self, addresses: &[&str]) {
        let lines: String = addresses.iter().map(|address| format!("ip addr add {address}/32 dev lo;")).collect();
        self.sh(&lines);
    }

    /// `sudo id -un` as `user`, who must be in sudoers, with these variables in the environment.
    pub fn sudo(&self, user: &str, password: &str, environment: &[(&str, &str)]) -> Out {
        let mut command = self.command(&as_user(user, &["sudo", "-S", "-k", "-p", "", "id", "-un"]));
        command.envs(environment.iter().copied());
        self.finish(command, &format!("{password}\n"))
    }

    /// `su TARGET -c id` as `user`, with these variables in the environment.
    pub fn su(&self, user: &str, target: &str, password: &str, environment: &[(&str, &str)]) -> Out {
        let mut command = self.command(&as_user(user, &["su", target, "-c", "id -un"]));
        command.envs(environment.iter().copied());
        self.finish(command, &format!("{password}\n"))
    }

    /// Lets these users use sudo with a password.
    pub fn allow_sudo(&self, users: &[&str]) {
        let lines: String = users.iter().map(|user| format!("{user} ALL=(ALL) ALL\n")).collect();
        self.write("/etc/sudoers.d/test", 0o440, "root:root", &lines);
    }
}
