//! Every command that doctor prints is run by a test on a machine with the fault.

use std::path::Path;

/// A test file and the fault in it; or the reason why no test runs the command.
type Proof = Result<(&'static str, &'static str), &'static str>;

/// Beginnings of the commands in doctor's source.
const COMMANDS: [(&str, Proof); 40] = [
    ("systemctl enable --now plex-auth-shadow.socket", Ok(("cli_doctor/accounts.rs", "told(killed, "))),
    ("systemctl enable --now plex-auth-samba.socket", Ok(("samba_units.rs", "plex-auth-samba.socket"))),
    ("systemctl start plex-authd.socket plex-authd.service", Ok(("cli_doctor/daemon.rs", "told(\"/mnt/end TERM\""))),
    ("systemctl restart plex-authd.service", Ok(("cli_doctor/daemon.rs", "told(\"pkill -STOP"))),
    ("chown {owner}:{owner} {path}", Ok(("cli_doctor/daemon.rs", "told(\"chown alice /run\""))),
    ("systemctl restart plex-authd.socket plex-authd", Ok(("cli_doctor/daemon.rs", "told(\"rm /run/plex-auth/socket"))),
    ("chmod 0666 {socket}", Ok(("cli_doctor/daemon.rs", "told(\"chmod 600 /run/plex-auth/socket\""))),
    ("chmod 0755 {directory}", Ok(("cli_doctor/daemon.rs", "told(\"chmod 700 /run/plex-auth\""))),
    ("plex-auth --config {} doctor", Ok(("cli_doctor/daemon.rs", "--config /etc/plex-auth.toml doctor"))),
    ("plex-auth --socket {} doctor", Ok(("cli_doctor/pam.rs", "plex-auth --socket /run/other/socket doctor"))),
    (
        "{restore}pam-auth-update --force --enable",
        Ok(("package/administrator.rs", "unknown accounts are accepted\\n    run: ")),
    ),
    ("pam-auth-update --enable", Ok(("package/administrator.rs", "nobody can sign in with Plex\\n    run: "))),
    ("authselect apply-changes", Err("the tests of authselect have no doctor")),
    ("timedatectl set-ntp true", Err("it needs a time server")),
    ("printf '%s\\\\n' {}", Ok(("cli_doctor/sshd.rs", "told(set(\"UsePAM no\")"))),
    ("chown root:root {place}", Ok(("cli_doctor/pam.rs", "told(\"chmod 666 $(readlink"))),
    ("chmod 0644 {place}", Ok(("cli_doctor/pam.rs", "told(\"chmod 600 $(readlink"))),
    ("kill {}", Ok(("samba_command.rs", "split_once(\"run: kill \")"))),
    ("plex-auth user sync", Ok(("cli_doctor/accounts.rs", "the account is still locked by plex-auth"))),
    ("sudo plex-auth doctor", Ok(("cli_doctor/healthy.rs", "hint.as_deref(), Some(\"run: sudo plex-auth doctor\")"))),
    ("apt-get install samba-common-bin", Err("it needs an archive")),
    ("sed -i -e '/^[[:space:]]*obey pam", Ok(("cli_doctor/accounts.rs", "told(off, \"Samba\""))),
    ("plex-auth user link {word}", Ok(("cli_doctor/accounts.rs", "saying(\"gpasswd --add olga"))),
    ("gpasswd --delete {word}", Ok(("cli_doctor/accounts.rs", "told(\"gpasswd --add olga"))),
    ("gpasswd --delete {} {}", Ok(("cli_doctor/accounts.rs", "gpasswd --delete nora plex-users"))),
    ("groupadd --system {}", Ok(("cli_doctor/accounts.rs", "groupdel plex-users"))),
    ("gpasswd --add {} {group_word}", Ok(("cli_doctor/accounts.rs", "told(\"gpasswd -d dave"))),
    ("plex-auth user add {}", Ok(("cli_doctor/accounts.rs", "userdel dave"))),
    ("usermod --uid {}", Ok(("cli_doctor/accounts.rs", "told(\"usermod --uid 500"))),
    ("pwconv && usermod --password", Ok(("cli_doctor/accounts.rs", "told(\"sed -i /^alice:/d"))),
    ("usermod --password '*'", Ok(("cli_doctor/accounts.rs", "told(\"passwd --delete alice\""))),
    ("chage --expiredate -1", Ok(("cli_doctor/accounts.rs", "told(\"chage --expiredate 2020"))),
    ("chage --lastday -1 --maxdays -1", Ok(("cli_doctor/accounts.rs", "told(\"chage --lastday 0"))),
    ("usermod --shell /bin/sh", Ok(("cli_doctor/accounts.rs", "\"usermod --shell /no/such"))),
    ("echo {} >>/etc/shells", Ok(("cli_doctor/accounts.rs", "\"cp /bin/sh /usr/local/bin/mysh"))),
    ("{start}", Ok(("newcomer.rs", "run: systemctl enable --now ssh.service"))),
    ("du --summarize", Ok(("cli_doctor/accounts.rs", "du --summarize --human-readable /srv/plex-auth/*"))),
    ("{ getent group plex-auth", Ok(("cli_doctor/plex.rs", "told(\"sed -i /^plex-auth:/d"))),
    ("chown root:plex-auth {file}", Ok(("cli_doctor/plex.rs", "told(\"chgrp root /etc/plex-auth.toml\""))),
    ("plex-auth setup", Ok(("newcomer.rs", "run: plex-auth setup"))),
];

/// Beginnings of commands in a file of doctor: after `run: `, and those that are joined for several accounts.
fn commands(file: &Path, found: &mut Vec<String>) {
    if file.is_dir() {
        let files = std::fs::read_dir(file).unwrap().map(|entry| entry.unwrap().path());
        return files.for_each(|file| commands(&file, found));
    }
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    let is_doc = |line: &&str| !line.trim_start().starts_with("//");
    let code = code.lines().filter(is_doc).collect::<Vec<_>>().join("\n");
    let joined = ["gpasswd ", "usermod ", "chage ", "pwconv ", "plex-auth user add ", "plex-auth user link "]
        .map(|begin| format!("format!(\"{begin}"));
    for sign in joined.iter().map(String::as_str).chain(["\"run: "]) {
        for (at, _) in code.match_indices(sign) {
            let literal = code[at..].split_once('"').unwrap().1;
            let literal: String = literal.chars().take_while(|c| *c != '"').collect();
            found.push(literal.trim_start_matches("run: ").to_owned());
        }
    }
}

#[test]
fn r79_every_command_that_doctor_prints_is_run_by_a_test() {
    let tests = e2e::checkout().join("tests/e2e/tests");
    let mut found = Vec::new();
    commands(&e2e::checkout().join("src/plex-auth/src/commands/doctor"), &mut found);
    // Pieces that are put together, and the text of the help.
    found.retain(|command| !["{}", "\\"].contains(&command.as_str()));
    assert!(found.len() > 30, "{found:#?}");
    for command in &found {
        assert!(COMMANDS.iter().any(|(begin, _)| command.starts_with(begin)), "no test runs: {command}");
        // A command is one for the shell, whole.
        assert!(![", then", "; then", " (or"].iter().any(|words| command.contains(words)), "{command}");
    }
    for (begin, test) in COMMANDS {
        assert!(found.iter().any(|command| command.starts_with(begin)), "doctor does not print: {begin}");
        if let Ok((file, words)) = test {
            let text = std::fs::read_to_string(tests.join(file)).unwrap();
            assert!(text.contains(words), "{begin}: {file} has no {words}");
        }
    }
}
