//! Accounts for files: SFTP in a chroot with an upload folder of their own, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, Out, World, done, password, user};

const CONFIG: &str = "/etc/plex-auth.toml";

/// The section of the page about SFTP.
const SECTION: &str = "Match Group plex-files\n    ChrootDirectory %h\n    ForceCommand internal-sftp -d /upload\n    \
    DisableForwarding yes\n    AllowTcpForwarding no\n    AllowStreamLocalForwarding no\n    AllowAgentForwarding no\n    \
    X11Forwarding no\n    PermitTunnel no\n    PermitTTY no\n    PermitUserRC no\n";

const QUIET: &str = "-F none -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oPubkeyAuthentication=no \
    -oNumberOfPasswordPrompts=1";

/// A machine on which the friends of the Den have no accounts yet, and whose sshd has these further lines.
fn machine(sshd: &str) -> Option<World> {
    let world = World::new()?;
    world.start_plex(DEN);
    world.start_authd(&world.config(""));
    world
        .start_sshd_with(&format!("Subsystem sftp internal-sftp\nAllowAgentForwarding yes\nX11Forwarding yes\n{sshd}"));
    Some(world)
}

/// Asserts that the command fails with these words, and that no account and no directory of one is left.
fn refused(world: &World, arguments: &[&str], words: &[&str]) {
    let state = || world.sh(&format!("cat /etc/passwd /etc/shadow {CONFIG}; find /srv /home -mindepth 2")).stdout;
    let before = state();
    let out = user(world, arguments);
    assert!(out.code == 1 && words.iter().all(|word| out.stderr.contains(word)), "{arguments:?}: {words:?}: {out:?}");
    assert_eq!(state(), before, "{arguments:?}");
}

fn restart(world: &World) {
    let config = world.sh(&format!("cat {CONFIG}")).stdout;
    world.stop_authd();
    world.start_authd(&config);
}

/// A program of OpenSSH with a password.
fn ssh(world: &World, user: &str, line: &str, input: &str) -> Out {
    let friend = if user == "er" { "erin" } else { "alice" };
    world.write("/run/typed", 0o600, "root:root", &format!("{}\n", password(friend)));
    let line = line.replace("TARGET", &format!("{user}@127.0.0.1")).replacen(' ', &format!(" {QUIET} "), 1);
    world.run_with(&["sh", "-c", &format!("cd /root && DISPLAY=:7 sshpass -f /run/typed {line}")], input)
}

fn sftp(world: &World, user: &str, commands: &str) -> Out {
    ssh(world, user, "sftp TARGET", commands)
}

#[test]
fn r82_account_for_files_uploads_to_its_own_folder_and_can_do_nothing_else() {
    let Some(world) = machine(SECTION) else { return };
    for (local, friend) in [("al", "alice"), ("er", "erin")] {
        let out = done(&world, &["add", local, "--plex", friend, "--files"]);
        let says = format!("{local} transfers files by SFTP, and nothing else: into /srv/plex-auth/{local}/upload");
        assert!(out.stdout.contains(&says), "{out:?}");
    }
    restart(&world);
    let line = world.sh("getent passwd al | cut -d: -f5-; id -nG al; stat -c '%U %a' /srv/plex-auth /srv/plex-auth/al /srv/plex-auth/al/upload").stdout;
    assert_eq!(
        line,
        "alice,,,,Plex id 2:/srv/plex-auth/al:/usr/sbin/nologin\nal plex-users plex-files\nroot 755\nroot 755\nal 700\n"
    );
    world.sh("echo mine >/root/mine");
    let out = sftp(&world, "al", "pwd\nput mine\nls -1 /\nget /upload/mine back\n");
    assert!(out.ok() && out.stdout.contains("directory: /upload") && out.stdout.contains("\n/upload\n"), "{out:?}");
    world.sh("cmp /root/mine /root/back && cmp /root/mine /srv/plex-auth/al/upload/mine && rm /root/back");
    assert!(!ssh(&world, "al", "sftp TARGET", "").stdout.contains("er"));

    // Nothing but the folder: not the system, not another friend's, and nothing in the home, where systemd, sshd and mail
    // servers would find files that run programs outside of the chroot.
    let beyond = "get /etc/passwd got\nget /srv/plex-auth/er/upload got\nput mine /.forward\nmkdir /.ssh\nmkdir /.config\n\
                  rename /upload /other\nsymlink /etc/passwd /upload/link\nget /upload/link got\nchmod 777 /\n";
    let out = sftp(&world, "al", &beyond.replace('\n', "\n-").replacen("get", "-get", 1));
    assert!(out.stderr.matches("not found").count() + out.stderr.matches("ermission denied").count() >= 6, "{out:?}");
    world.sh("test ! -e /root/got && test \"$(ls -A /srv/plex-auth/al)\" = upload");

    // No command and no shell.
    for line in ["ssh TARGET id -un", "ssh -tt TARGET"] {
        let out = ssh(&world, "al", line, "id -un\n");
        assert!(!out.stdout.contains("al\n"), "{line}: {out:?}");
    }
    tunnels(&world);
    let wrong = world.ssh("password", "al", "wrong");
    assert!(!wrong.ok() && wrong.stderr.contains("Permission denied"), "{wrong:?}");
    removal(&world);
    world.assert_no_secret_leaked();
}

/// No forwarding of any kind, while an account with a shell has each of them.
fn tunnels(world: &World) {
    world.sh("useradd --create-home --password \"$(openssl passwd -6 'PASSWORD-SECRET-alice')\" usual");
    world.write("/usr/bin/xauth", 0o755, "root:root", "#!/bin/sh\n");
    world.sh("eval $(ssh-agent -a /run/agent)");
    let banner = |port: u16, hello: &str| {
        format!("exec 3<>/dev/tcp/127.0.0.1/{port} && printf '{hello}' >&3; timeout 2 head -c 30 <&3 | tr -d '\\0'")
    };
    let through = |user: &str, options: &str, read: &str| {
        let end = "while kill $! 2>/dev/null; do sleep 0.02; done";
        let sign = if options.starts_with("-R") { "remote forward" } else { "Entering interactive" };
        let ready = format!("for _ in $(seq 200); do grep -q '{sign}' /run/said && break; sleep 0.05; done");
        world.write("/run/typed", 0o600, "root:root", &format!("{}\n", password("alice")));
        let line = format!(
            "sshpass -f /run/typed ssh {QUIET} -v -N {options} {user}@127.0.0.1 2>/run/said & {ready}; {read}; {end}"
        );
        world.run(&["bash", "-c", &line]).stdout
    };
    let socks = "\\x05\\x01\\x00\\x05\\x01\\x00\\x01\\x7f\\x00\\x00\\x01\\x00\\x16";
    for (options, read) in [
        ("-L 2201:127.0.0.1:22", banner(2201, "")),
        ("-D 2202", banner(2202, socks)),
        (
            "-L 2203:/run/plex-auth/socket",
            "exec 3<>/dev/tcp/127.0.0.1/2203; timeout 1 cat <&3 >/dev/null; test $? = 124 && echo SSH-2.0".into(),
        ),
        ("-R 2204:127.0.0.1:22", banner(2204, "")),
    ] {
        let said = through("al", options, &read);
        assert!(!said.contains("SSH-2.0"), "{options}: {said}");
        let usual = through("usual", options, &read);
        assert!(usual.contains("SSH-2.0"), "{options}: an account with a shell has it: {usual}");
    }
    // An agent and X11: a socket and a display on this machine, or none.
    for (user, expected) in [("al", false), ("usual", true)] {
        let line = format!(
            "sleep 20 2>/dev/null | DISPLAY=:7 SSH_AUTH_SOCK=/run/agent sshpass -f /run/typed ssh {QUIET} -v -A -Y -s \
             {user}@127.0.0.1 sftp >/run/out 2>/run/said & \
             for _ in $(seq 200); do grep -q 'Sending subsystem' /run/said && break; sleep 0.05; done; sleep 0.3; \
             ls -d /tmp/ssh-*; cat /run/said; kill $!"
        );
        let out = world.run(&["bash", "-c", &line]);
        assert!(out.stdout.contains("Sending subsystem"), "{user}: {out:?}");
        assert_eq!(out.stdout.contains("/tmp/ssh-"), expected, "{user}: {out:?}");
        assert_eq!(!out.stdout.contains("X11 forwarding request failed"), expected, "{user}: {out:?}");
        world.sh("rm -rf /tmp/ssh-*");
    }
    world.sh("userdel --remove usual");
}

/// The folder of a removed friend is root's, and the next account of the name has a new one.
fn removal(world: &World) {
    let out = done(world, &["remove", "al"]);
    let kept = world.sh("ls -d /srv/plex-auth/.removed-al-*").stdout.trim().to_owned();
    assert!(out.stdout.contains(&format!("kept for root: its home, {kept}; to delete it: rm -rf {kept}")), "{out:?}");
    assert_eq!(world.sh(&format!("stat -c '%U %a' {kept}; cat {kept}/upload/mine")).stdout, "root 700\nmine\n");
    assert_eq!(world.sh("getent group plex-files | cut -d: -f4; getent passwd al || echo gone").stdout, "er\ngone\n");
    done(world, &["add", "al", "--plex", "alice", "--files"]);
    assert_eq!(world.sh("ls -A /srv/plex-auth/al/upload; stat -c %U /srv/plex-auth/er/upload").stdout, "er\n");
    // An account that is no friend's any more stays restricted.
    done(world, &["unlink", "er"]);
    assert!(world.sh("id -nG er").stdout.contains("plex-files"));
    done(world, &["remove", "al", "--keep-home"]);
    assert_eq!(world.sh("stat -c %U /srv/plex-auth/al").stdout, "root\n");
}

#[test]
fn r82_account_for_files_is_refused_where_it_would_not_be_restricted() {
    let partly = SECTION.replace("    AllowAgentForwarding no\n", "");
    let Some(world) = machine("") else { return };
    let files = ["add", "al", "--plex", "alice", "--files"];
    let unrestricted =
        ["sshd does not restrict members of the group plex-files", "plex-auth setup --files", "nothing was changed"];
    refused(&world, &files, &unrestricted);
    let sshd = |text: &str| world.write("/etc/ssh/sshd_config", 0o644, "root:root", text);
    sshd(&format!("UsePAM yes\n{partly}"));
    refused(&world, &files, &["AllowAgentForwarding is 'yes'"]);
    sshd(&format!("UsePAM yes\nMatch User al\n    ForceCommand id\n{SECTION}"));
    refused(&world, &files, &["ForceCommand is 'id'"]);
    sshd("Nonsense yes\n");
    refused(&world, &files, &["sshd does not say how it restricts al"]);
    sshd(&format!("UsePAM yes\n{SECTION}"));
    // Never the owner, nor an account that existed before.
    refused(&world, &["add", "ol", "--plex", "olga", "--files"], &["the owner's own account", "--shell"]);
    world.add_user("local", false, None);
    refused(&world, &["add", "local", "--plex", "alice", "--files"], &["already"]);
    done(&world, &["link", "local", "alice"]);
    assert!(!world.sh("id -nG local").stdout.contains("plex-files"));
    done(&world, &["unlink", "local"]);
    // A place that another user could change.
    let config = world.sh(&format!("cat {CONFIG}")).stdout;
    for uploads in ["/tmp/up", "/home/local", "/home/local/up"] {
        world.write_config(
            &config.replace("accounts.purpose", &format!("accounts.uploads = \"{uploads}\"\naccounts.purpose")),
        );
        refused(
            &world,
            &files,
            &["nothing was changed", uploads.rsplit_once("/up").map_or(uploads, |(above, _)| above)],
        );
    }
    // A friend whose own group would be the group of accounts for files.
    world.write_config(&config);
    world.sh("groupdel plex-files && useradd --user-group plex-files");
    refused(&world, &files, &["the group plex-files is a user's own"]);
    world.write_config(&config.replace("plex-users", "plex-files"));
    refused(&world, &files, &["can do nothing but transfer files", "plex-users"]);
}

#[test]
fn r82_without_a_choice_nobody_gets_an_account_unattended() {
    let Some(world) = machine(SECTION) else { return };
    let config = world.sh(&format!("cat {CONFIG}")).stdout;
    let unchosen = config.replace("accounts.purpose = \"shell\"\n", "");
    assert_ne!(config, unchosen);
    world.write_config(&unchosen);
    let choice = "what friends may do on this machine has not been chosen";
    refused(&world, &["add", "al", "--plex", "alice"], &[choice, "--files", "--shell", "plex-auth setup"]);
    world.owner_has_seen(&[(2, "alice"), (5, "erin"), (6, "frank")]);
    for arguments in [&["sync"][..], &["sync", "--yes"], &["sync", "--dry-run"], &["sync", "--prefix", "plex-"]] {
        let out = done(&world, arguments);
        assert_eq!(out.stdout.matches(choice).count(), 3, "{arguments:?}: {out:?}");
        assert!(out.stdout.contains("user add alice --plex 2 --files") || arguments.len() == 3, "{out:?}");
    }
    assert_eq!(world.sh("ls -A /home; ls -d /srv/plex-auth || true; getent group plex-files || true").stdout, "");
    // At a terminal, the question has the safe answer as its default.
    let mut screen = world.terminal(&["plex-auth", "user", "add", "al", "--plex", "alice"]);
    screen.wait_for("What may friends do here? (files or shell) [files]");
    screen.type_line("");
    assert_eq!(screen.exit(), 0, "{}", screen.contents());
    assert_eq!(world.sh("id -nG al").stdout, "al plex-users plex-files\n");
    // A recorded choice is used by both commands. A media folder that cannot be mounted is said, and the account made.
    let chosen = "accounts = { purpose = \"files\", uploads = \"/srv/up\", media = \"/srv/films\" }";
    world.sh(&format!("mkdir /srv/films && sed -i '/^plex_url/i {chosen}' {CONFIG}"));
    let out = done(&world, &["add", "er", "--plex", "erin"]);
    let line = "/srv/films /srv/up/er/media none bind,ro,nosuid,nodev,noexec 0 0";
    assert!(
        out.stderr.contains("er does not see /srv/films: systemd does not manage") && out.stderr.contains(line),
        "{out:?}"
    );
    let out = done(&world, &["sync", "--yes"]);
    assert!(out.stdout.contains("add frank: for frank"), "{out:?}");
    let made = world.sh("getent passwd frank | cut -d: -f5-; id -nG frank; stat -c %U /srv/up/frank/upload").stdout;
    assert_eq!(made, "frank,,,,Plex id 6:/srv/up/frank:/usr/sbin/nologin\nfrank plex-users plex-files\nfrank\n");
    // A folder that is mounted by hand is not deleted with the account.
    world.sh("echo film >/srv/films/film && mount --bind /srv/films /srv/up/er/media");
    let out = user(&world, &["remove", "er"]);
    assert!(
        out.code == 1 && out.stderr.contains("/srv/up/er/media is mounted") && out.stderr.contains("umount"),
        "{out:?}"
    );
    world.sh("umount /srv/up/er/media && plex-auth user remove er && cat /srv/films/film && test ! -e /srv/up/.removed-er-*/media");
}

#[test]
fn r82_account_with_a_shell_has_the_systems_usual_one_or_a_listed_one() {
    let Some(world) = machine("") else { return };
    let shell = |name: &str| world.sh(&format!("getent passwd {name} | cut -d: -f5,7")).stdout;
    refused(
        &world,
        &["add", "al", "--plex", "alice", "--shell=/usr/sbin/nologin"],
        &["no login shell", "cat /etc/shells"],
    );
    refused(&world, &["add", "al", "--plex", "alice", "--shell=sh"], &["no login shell"]);
    world.sh("cp /etc/shells /run/shells; echo /usr/bin/no-such-shell >>/etc/shells");
    refused(&world, &["add", "al", "--plex", "alice", "--shell=/usr/bin/no-such-shell"], &["is no program"]);
    assert_eq!(user(&world, &["add", "al", "--plex", "alice", "--shell", "--files"]).code, 2);
    world.sh("rm -f /etc/adduser.conf");
    done(&world, &["add", "al", "--plex", "alice", "--shell"]);
    assert_eq!(shell("al"), "alice,,,,Plex id 2:/bin/bash\n");
    assert_eq!(world.sh("stat -c %U /home/al; id -nG al").stdout, "al\nal plex-users\n");
    done(&world, &["add", "er", "--plex", "erin", "--shell=/bin/sh"]);
    assert_eq!(shell("er"), "erin,,,,Plex id 5:/bin/sh\n");
    world.write("/etc/adduser.conf", 0o644, "root:root", "# DSHELL=/bin/bash\nDSHELL=/bin/dash\n");
    world.sh("echo /bin/dash >>/etc/shells");
    done(&world, &["add", "fr", "--plex", "frank"]);
    assert_eq!(shell("fr"), "frank,,,,Plex id 6:/bin/dash\n");
}
