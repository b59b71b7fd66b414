//! sshd's part of setup: the drop-in is checked, effective, or not there.

use e2e::{DEN, World};

use crate::machine::{FILE, apply, end, etc, machine, script, setup, token_file};

const DROP_IN: &str = "/etc/ssh/sshd_config.d/10-plex-auth.conf";

fn run(world: &World, further: &[&str]) -> e2e::Out {
    script(world, &[&["--yes", "--pam=no", "--token-file", token_file(world)], further].concat())
}

fn drop_in(world: &World) -> String {
    world.sh(&format!("cat {DROP_IN} 2>&1 || true")).stdout
}

#[test]
fn r82_without_sshd_reading_the_drop_in_no_account_for_files_is_created() {
    let Some(world) = machine(DEN) else { return };
    let files = ["--user", "erin=erin"];
    let broken = |world: &World, change: &str, why: &str, hint: &str| {
        world.sh(change);
        let before = etc(world);
        let out = run(world, &files);
        assert!(out.code == 1 && out.stderr.contains(why) && out.stderr.contains(hint), "{change}: {out:?}");
        assert_eq!(etc(world), before, "{change}");
        assert!(!world.run(&["id", "erin"]).ok() && !world.run(&["test", "-e", FILE]).ok());
    };
    world.sh("cp /etc/ssh/sshd_config /run/good");
    let include = "add this as its first line, and run this again: Include /etc/ssh/sshd_config.d/*.conf";
    let missing = "/etc/ssh/sshd_config does not include /etc/ssh/sshd_config.d/10-plex-auth.conf";
    broken(&world, "sed -i '/^Include/d' /etc/ssh/sshd_config", missing, include);
    let late = "printf 'Match User x\\n  Include /etc/ssh/sshd_config.d/*.conf\\n' >>/etc/ssh/sshd_config";
    broken(&world, late, missing, include);
    let odd = "cp /run/good /etc/ssh/sshd_config; echo 'Odd yes' >>/etc/ssh/sshd_config";
    broken(&world, odd, "sshd refuses its configuration: /etc/ssh/sshd_config: line ", "run: sshd -t; fix that first");
    // With a shell, the rest of setup does not depend on it.
    let out = run(&world, &["--shell"]);
    assert!(out.ok() && out.stderr.contains("sshd is left as it is: sshd refuses its configuration"), "{out:?}");
    // An earlier Match block has other settings for the group.
    world.sh("cp /run/good /etc/ssh/sshd_config; mkdir -p /etc/ssh/sshd_config.d");
    let early = "Match Group plex-files\n    AllowTcpForwarding yes\n    DisableForwarding no\n";
    world.write("/etc/ssh/sshd_config.d/00-early.conf", 0o644, "root:root", early);
    let out = run(&world, &[&files[..], &["--files"]].concat());
    assert!(out.stderr.contains("the account erin cannot be created"), "{out:?}");
    assert!(!world.run(&["id", "erin"]).ok(), "{out:?}");
    world.sh("rm /etc/ssh/sshd_config.d/00-early.conf");
    let out = run(&world, &files);
    assert!(out.ok() && world.sh("id -nG erin").stdout.contains("plex-files"), "{out:?}");
}

/// Accounts for files are of no use without an sshd, and accounts with a shell are.
#[test]
fn r82_without_an_sshd_setup_names_its_package_before_the_choice_of_files() {
    let Some(world) = machine(DEN) else { return };
    world.sh("mv /usr/sbin/sshd /usr/sbin/sshd.away");
    let mut terminal = setup(&world, &["--token-file", token_file(&world), "--pam=no"]);
    terminal.wait_for("Who should be able to sign in");
    terminal.type_line("2");
    terminal.wait_for("There is no sshd on this machine");
    terminal.wait_for("What may friends do here?");
    terminal.type_line("");
    apply(&mut terminal);
    let shown = end(&world, terminal, 0);
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let note = "install the package openssh-server (on Arch Linux: openssh), and run plex-auth setup again.";
    assert_eq!(words.matches(note).count(), 2, "at the question, and above the change: {shown}");
    assert!(words.contains("10-plex-auth.conf is written, for the sshd that is to be installed"), "{shown}");
    assert!(!words.contains("sftp erin@") && words.contains("SSH and SFTP do as soon as there is an sshd"), "{shown}");
    let doctor = world.run(&["plex-auth", "doctor"]);
    assert!(doctor.stdout.contains("accounts for files are for SFTP alone: 1 account\n"), "{doctor:?}");
    let shell = run(&world, &["--shell", "--user", "frank=frank"]);
    assert!(shell.ok() && world.run(&["id", "frank"]).ok(), "{shell:?}");
    // With the package, the next run has nothing left to do.
    world.sh("mv /usr/sbin/sshd.away /usr/sbin/sshd");
    let again = run(&world, &["--files"]);
    assert!(again.ok() && !again.stderr.contains("There is no sshd"), "{again:?}");
    assert!(drop_in(&world).contains("Match Group plex-files"));
}

#[test]
fn sshd_that_refuses_the_drop_in_keeps_its_configuration() {
    let Some(world) = machine(DEN) else { return };
    let wrapper = format!(
        "#!/bin/sh\nif [ \"$1\" = -t ] && [ -e {DROP_IN} ]; then echo '{DROP_IN}: line 2: no' >&2; exit 255; fi\n\
         exec /usr/sbin/sshd.real \"$@\"\n"
    );
    world.sh("mv /usr/sbin/sshd /usr/sbin/sshd.real");
    world.write("/usr/sbin/sshd", 0o755, "root:root", &wrapper);
    let before = etc(&world);
    let out = run(&world, &["--user", "erin=erin"]);
    let why = format!("sshd refuses {DROP_IN}: {DROP_IN}: line 2: no; sshd's configuration is as it was");
    assert!(out.code == 1 && out.stderr.contains(&why), "{out:?}");
    assert_eq!(etc(&world), before);
    assert!(!world.run(&["id", "erin"]).ok());
}

#[test]
fn r81_drop_in_turns_on_verification_codes_only_where_passwords_are_on_for_everyone() {
    let Some(world) = machine(DEN) else { return };
    let line = "\nKbdInteractiveAuthentication yes\n";
    let cases = [
        ("", true, ""),
        // Already on: nothing to add, and nothing is left.
        ("KbdInteractiveAuthentication yes\n", false, ""),
        ("PasswordAuthentication no\n", false, "sshd accepts no passwords: friends cannot sign in over SSH with Plex."),
        (
            "Match Address !192.0.2.0/24,*\n  PasswordAuthentication no\n",
            false,
            "sshd accepts no passwords for some (/etc/ssh/sshd_config.d/05-owner.conf:2)",
        ),
        (
            "KbdInteractiveAuthentication no\n",
            true,
            "offer link sign-in: /etc/ssh/sshd_config.d/05-owner.conf:1 overrides it",
        ),
        ("PasswordAuthentication no\nMatch Group plex-users\n  PasswordAuthentication yes\n", false, ""),
        ("UsePAM no\n", false, "sshd does not use PAM"),
        ("AllowGroups sudo\n", true, "sshd admits only some accounts (AllowUsers, AllowGroups)"),
    ];
    for (owner, expected, warning) in cases {
        world.sh(&format!("rm -f {DROP_IN}; mkdir -p /etc/ssh/sshd_config.d"));
        world.write("/etc/ssh/sshd_config.d/05-owner.conf", 0o644, "root:root", owner);
        let out = run(&world, &["--shell", "--group", "plex-users"]);
        assert!(out.ok() && out.stderr.contains(warning), "{owner}: {out:?}");
        assert_eq!(
            out.stderr.contains("sshd accepts no passwords"),
            warning.contains("no passwords"),
            "{owner}: {out:?}"
        );
        assert_eq!(drop_in(&world).contains(line), expected, "{owner}: {}", drop_in(&world));
        assert_eq!(world.run(&["test", "-e", DROP_IN]).ok(), expected, "{owner}");
    }
    // The section for accounts for files stays for as long as later commands create some.
    world.write("/etc/ssh/sshd_config.d/05-owner.conf", 0o644, "root:root", "");
    for (option, has_section) in [("--files", true), ("--link=no", true), ("--shell", false)] {
        assert!(run(&world, &[option]).ok());
        assert_eq!(drop_in(&world).contains("Match Group plex-files"), has_section, "{option}");
    }
    // Only for the group, and only by the owner's decision; both are taken back when passwords are on again.
    world.write("/etc/ssh/sshd_config.d/05-owner.conf", 0o644, "root:root", "PasswordAuthentication no\n");
    assert!(run(&world, &["--shell", "--sshd-group"]).ok());
    let text = drop_in(&world);
    assert!(text.ends_with("\nMatch Group plex-users\n    KbdInteractiveAuthentication yes\n"), "{text}");
    world.sh("rm /etc/ssh/sshd_config.d/05-owner.conf");
    assert!(run(&world, &["--shell"]).ok());
    assert!(!drop_in(&world).contains("Match") && drop_in(&world).contains(line), "{}", drop_in(&world));
    // The banner needs link sign-in and the owner's consent, and leaves another one alone.
    for (options, banner, has_banner) in [
        (&["--banner"][..], "", false),
        (&["--link"], "", false),
        (&["--link", "--banner"], "", true),
        (&["--link"], "", true),
        (&["--link", "--banner"], "Banner /etc/issue.net\n", false),
        (&["--link", "--banner=no"], "", false),
    ] {
        world.write("/etc/ssh/sshd_config.d/05-owner.conf", 0o644, "root:root", banner);
        let out = run(&world, &[&["--shell"], options].concat());
        assert!(out.ok(), "{out:?}");
        assert_eq!(drop_in(&world).contains("Banner /etc/ssh/plex-auth-banner"), has_banner, "{options:?} {banner}");
        assert_eq!(world.run(&["test", "-e", "/etc/ssh/plex-auth-banner"]).ok(), has_banner, "{options:?} {banner}");
        world.sh("sshd -t");
        world.sh(&format!("sed -i '/^link_sign_in/d' {FILE}"));
    }
    // The owner's own part of sshd is not setup's.
    world.sh(&format!("rm -f {DROP_IN}"));
    let out = run(&world, &["--shell", "--sshd=no"]);
    assert!(out.ok() && !world.run(&["test", "-e", DROP_IN]).ok(), "{out:?}");
}

#[test]
fn interrupted_setup_undoes_what_it_has_done() {
    let Some(world) = machine(DEN) else { return };
    let before = etc(&world);
    let slow =
        "#!/bin/sh\n/usr/sbin/useradd.real \"$@\" || exit\ncase \"$*\" in *frank) touch /run/second; sleep 2;; esac\n";
    world.sh("mv /usr/sbin/useradd /usr/sbin/useradd.real");
    world.write("/usr/sbin/useradd", 0o755, "root:root", slow);
    for purpose in ["--files", "--shell"] {
        world.sh("rm -f /run/second");
        let mut terminal = setup(&world, &["--token-file", token_file(&world), purpose]);
        terminal.wait_for("Who should be able to sign in");
        terminal.type_line("2,3");
        apply(&mut terminal);
        world.until("test -e /run/second");
        terminal.type_text("\u{3}");
        let shown = end(&world, terminal, 130);
        assert!(
            shown.contains("✓ Created user erin for erin") && shown.contains("stopped; nothing was changed"),
            "{shown}"
        );
        for name in ["erin", "frank"] {
            assert!(!world.run(&["id", name]).ok(), "{purpose}: {shown}");
            let left = world.sh(&format!("ls -d /home/{name} /srv/plex-auth/{name} 2>/dev/null || true")).stdout;
            assert_eq!(left, "", "{purpose}");
        }
        let people = world.sh("cat /var/lib/plex-auth-sync/people /var/lib/plex-auth-sync/created").stdout;
        assert_eq!(people, "", "{purpose}");
    }
    // Locks and backups of the account files, and the groups, may differ.
    let without = |text: &str| {
        let other = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/subgid"];
        let lines = text.lines().filter(|line| !other.iter().any(|file| line.starts_with(file)));
        lines.filter(|line| !line.starts_with("/etc/.pwd.lock")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without(&etc(&world)), without(&before));
}
