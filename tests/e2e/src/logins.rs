//! Logging in: with ssh, sudo and su as people use them.

use crate::world::{Out, World};

impl World {
    /// `ssh USER@localhost id -un` with a password, by one of OpenSSH's two ways to send one.
    pub fn ssh(&self, method: &str, user: &str, password: &str) -> Out {
        let preferred = format!("-oPreferredAuthentications={method}");
        let target = format!("{user}@127.0.0.1");
        // By a file and not by the command line, where anybody could read it.
        self.write("/run/typed", 0o600, "root:root", &format!("{password}\n"));
        let options = ["-F", "none", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null"];
        let limits = ["-oNumberOfPasswordPrompts=1", "-oPubkeyAuthentication=no", "-oLogLevel=ERROR"];
        let mut line = vec!["sshpass", "-f", "/run/typed", "ssh", preferred.as_str()];
        line.extend(options.iter().chain(&limits));
        line.extend([target.as_str(), "id", "-un"]);
        self.run(&line)
    }

    /// `ssh USER@localhost id -un` with a key that the account accepts.
    pub fn ssh_key(&self, user: &str) -> Out {
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

    /// `sudo id -un` as `user`, who must be in sudoers, with these variables in the environment.
    pub fn sudo(&self, user: &str, password: &str, environment: &[(&str, &str)]) -> Out {
        let mut command = self.command(&[
            "setpriv",
            "--reuid",
            user,
            "--regid",
            user,
            "--init-groups",
            "sudo",
            "-S",
            "-k",
            "-p",
            "",
            "id",
            "-un",
        ]);
        command.envs(environment.iter().copied());
        self.finish(command, &format!("{password}\n"))
    }

    /// `su TARGET -c id` as `user`, with these variables in the environment.
    pub fn su(&self, user: &str, target: &str, password: &str, environment: &[(&str, &str)]) -> Out {
        let mut command =
            self.command(&["setpriv", "--reuid", user, "--regid", user, "--init-groups", "su", target, "-c", "id -un"]);
        command.envs(environment.iter().copied());
        self.finish(command, &format!("{password}\n"))
    }

    /// Lets these users use sudo, with a password.
    pub fn allow_sudo(&self, users: &[&str]) {
        let lines: String = users.iter().map(|user| format!("{user} ALL=(ALL) ALL\n")).collect();
        self.write("/etc/sudoers.d/test", 0o440, "root:root", &lines);
    }
}
