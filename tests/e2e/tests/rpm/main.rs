//! The package for Fedora and its derivatives: its contents, and its life cycle on a machine where its scripts really
//! run. The machine is a Debian with rpm; comments name the differences from Fedora.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod packages;

use e2e::{DEN, MACHINE, Out, World, password, rendered, rpm};

/// Dependencies that Fedora provides under exactly these names.
const FEDORA: [&str; 5] = ["/bin/sh", "ca-certificates", "pam", "shadow-utils", "systemd"];

/// Fedora's stack of sshd, without the modules that Debian lacks.
const SSHD: &str = "auth substack password-auth\nauth include postlogin\naccount required pam_nologin.so\n\
                    account include password-auth\npassword include password-auth\nsession optional pam_loginuid.so\n\
                    session include password-auth\nsession include postlogin\n";

/// A minimal profile for local accounts.
const LOCAL: &str = "auth required pam_env.so\nauth sufficient pam_unix.so\nauth required pam_deny.so\n\
                     account required pam_unix.so\npassword required pam_unix.so\nsession required pam_unix.so\n";

const PLACE: &str = "/usr/share/authselect/vendor/plex-auth/password-auth";
const FILTER: &str = "/etc/fail2ban/filter.d/plex-auth.conf";

#[test]
fn rpmlint_accepts_the_package() {
    let Some(world) = World::new() else { return };
    let package = rpm();
    let name = package.file_name().unwrap().to_str().unwrap();
    world.copy(&package, &format!("/root/{name}"), 0o644);
    // The spec file reads the names of the units from the checkout, which is not visible on the machine.
    let spec = std::fs::read_to_string(package.with_file_name("plex-auth.spec")).unwrap();
    let (first, rest) = spec.split_once('\n').unwrap();
    assert!(first.starts_with("%global checkout /"), "{first}");
    world.write("/root/plex-auth.spec", 0o644, "root:root", &format!("%global checkout /root/checkout\n{rest}"));
    world.sh("mkdir -p /root/checkout/packaging/systemd");
    for unit in std::fs::read_dir(e2e::checkout().join("packaging/systemd")).unwrap().map(Result::unwrap) {
        let inside = format!("/root/checkout/packaging/systemd/{}", unit.file_name().to_str().unwrap());
        world.copy(&unit.path(), &inside, 0o644);
    }
    world.copy(&e2e::checkout().join("packaging/rpm/rpmlint.toml"), "/root/rpmlint.toml", 0o644);
    let out = world.run(&["env", "-C", "/root", "HOME=/root", "rpmlint", "-c", "rpmlint.toml", name, "plex-auth.spec"]);
    assert!(out.ok() && out.stdout.contains(" 0 errors, 0 warnings"), "{out:?}");
}

/// A machine where authselect has selected the plain profile.
fn machine() -> Option<World> {
    let world = World::clean("bookworm")?;
    world.start_internet(DEN);
    world.copy(&e2e::checkout().join("tests/e2e/tests/rpm/authselect"), "/usr/bin/authselect", 0o755);
    world.sh("mkdir -p /etc/authselect /usr/share/authselect/default/local");
    world.write("/etc/pam.d/sshd", 0o644, "root:root", SSHD);
    for name in ["system-auth", "password-auth", "postlogin"] {
        let text = if name == "postlogin" { "session optional pam_umask.so silent\n" } else { LOCAL };
        world.write(&format!("/usr/share/authselect/default/local/{name}"), 0o644, "root:root", text);
    }
    world.sh("authselect select local with-faillock");
    world.add_user("local", false, Some("LOCAL-SECRET"));
    // The directory where Debian's libpam looks for modules.
    world.sh(&format!("ln -s /usr/lib64/security/pam_plex.so {}", world.module("pam_plex")));
    Some(world)
}

/// rpm without the dependencies that Fedora's own packages provide.
fn run_rpm(world: &World, what: &str) -> Out {
    world.run(&["sh", "-c", &format!("rpm --nodeps --force-debian {what} 2>&1")])
}

fn can_log_in(world: &World, user: &str, typed: &str) -> bool {
    world.ssh("password", user, typed).stdout == format!("{user}\n")
}

#[test]
fn r13_r58_rpm_life_cycle_from_installation_to_removal() {
    let Some(world) = machine() else { return };
    let next = tempfile::tempdir().unwrap();
    world.copy(&rpm(), "/root/1.rpm", 0o644);
    world.copy(&packages::next(next.path()), "/root/2.rpm", 0o644);
    let stacks = || world.sh("cat /etc/pam.d/*").stdout;
    let before = stacks();

    let out = run_rpm(&world, "-i /root/1.rpm");
    assert!(out.ok() && !out.stdout.contains("fail"), "{out:?}");
    assert_eq!(stacks(), before, "nobody has asked for it yet");
    assert_contents(&world);
    assert_friend_can_log_in(&world);
    assert_upgrade_preserves_changes(&world);
    assert_removal_is_refused_while_a_stack_needs_the_module(&world);

    let files = world.sh("rpm -ql plex-auth | while read -r file; do [ -d \"$file\" ] || echo \"$file\"; done").stdout;
    let out = run_rpm(&world, "-e plex-auth");
    assert!(out.ok() && out.stdout.contains("back to local with-faillock"), "{out:?}");
    assert_eq!(stacks(), before);
    assert!(can_log_in(&world, "local", "LOCAL-SECRET"));
    assert!(!can_log_in(&world, "local", "wrong") && !can_log_in(&world, "alice", &password("alice")));
    let left: Vec<_> = files.lines().filter(|file| world.run(&["test", "-e", file]).ok()).collect();
    assert!(files.lines().count() > 30 && left.is_empty(), "{left:?}");
    world.sh("test ! -e /usr/share/authselect/vendor && test -e /etc/plex-auth.toml");
    // sshd's part is kept for a later installation.
    world.sh(
        "test ! -e /etc/ssh/sshd_config.d/10-plex-auth.conf && test -e /var/lib/plex-auth-sync/sshd/10-plex-auth.conf",
    );
    assert_eq!(world.sh("grep owner-says /etc/fail2ban/filter.d/plex-auth.conf.rpmsave | wc -l").stdout, "1\n");
    assert_eq!(world.sh("systemctl list-unit-files --no-legend 'plex-auth*'; pgrep -l plex-auth || true").stdout, "");
    assert_eq!(world.run(&["systemctl", "is-system-running"]).stdout, "running\n");
    world.assert_no_secret_leaked();
}

/// Asserts that every file is root's, only root can write to it, and every dependency exists in Fedora.
fn assert_contents(world: &World) {
    assert_eq!(world.run(&["rpm", "-V", "--nodeps", "plex-auth"]).stdout, "");
    let query = "rpm -q --qf '[%{FILEUSERNAME} %{FILEGROUPNAME} %{FILEMODES:perms} %{FILENAMES}\\n]' plex-auth";
    let files = world.sh(query).stdout;
    for line in files.lines() {
        let (_, name) = line.rsplit_once(' ').unwrap();
        let programs = name.starts_with("/usr/sbin/") || name.starts_with("/usr/bin/");
        let mode = if programs { "-rwxr-xr-x" } else { "-rw-r--r--" };
        assert!(line.starts_with(&format!("root root {mode} ")) || line.contains(" drwxr-xr-x "), "{line}");
        // In the rpm's metadata and on disk.
        let on_disk = world.sh(&format!("stat -c '%U %G %A' {name}")).stdout;
        assert_eq!(line, format!("{} {name}", on_disk.trim()));
    }
    for unit in std::fs::read_dir(e2e::checkout().join("packaging/systemd")).unwrap() {
        let unit = unit.unwrap().file_name().into_string().unwrap();
        assert!(files.contains(&format!(" /usr/lib/systemd/system/{unit}\n")), "{unit} is not in {files}");
        let enabled = world.run(&["systemctl", "is-enabled", &unit]).stdout;
        assert_eq!(enabled == "enabled\n", unit.ends_with(".socket"), "{unit}: {enabled}");
    }
    for program in ["plex-auth", "plex-authd", "plex-auth-samba", "plex-auth-shadow"] {
        assert!(world.run(&[program, "--version"]).ok(), "{program}");
    }
    for path in [
        "lib64/security/pam_plex.so",
        "share/man/man8/pam_plex.8.gz",
        "share/bash-completion/completions/plex-auth",
        "share/zsh/site-functions/_plex-auth",
        "share/fish/vendor_completions.d/plex-auth.fish",
        "share/licenses/plex-auth/LICENSE-MIT",
        "share/doc/plex-auth/examples/pam.d/plex-auth",
    ] {
        assert!(files.contains(&format!(" /usr/{path}\n")), "{path} is not in {files}");
    }
    assert!(!files.contains("pam-configs") && !files.contains("/etc/pam.d"), "{files}");
    assert_eq!(world.sh("rpm -qc plex-auth").stdout.trim(), FILTER);
    for needed in world.sh("rpm -qR plex-auth").stdout.lines() {
        let name = needed.split(' ').next().unwrap();
        // The small libraries besides libc.so.6 are part of it since glibc 2.34, whose package still provides them.
        let library = [
            "libc.so.6(",
            "libdl.so.2(",
            "libm.so.6(",
            "libpthread.so.0(",
            "libgcc_s.so.1(",
            "libpam.so.0(",
            "ld-linux-",
            "rtld(",
            "rpmlib(",
        ];
        let known =
            FEDORA.contains(&name) || name == "config(plex-auth)" || library.iter().any(|of| name.starts_with(of));
        assert!(known, "{needed}");
    }
    world.sh("getent passwd plex-auth && getent group plex-users");
}

fn assert_friend_can_log_in(world: &World) {
    world.add_user("alice", true, None);
    world.add_user("bob", true, None);
    world.write("/root/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    let setup = ["plex-auth", "setup", "--yes", "--token-file", "/root/token", "--machine", MACHINE];
    let out = world.run(&[&setup[..], &["--user", "alice=alice"]].concat());
    assert!(out.ok() && out.stdout.contains("PAM uses plex-authd"), "{out:?}");
    world.sh("grep -qx 'KbdInteractiveAuthentication yes' /etc/ssh/sshd_config.d/10-plex-auth.conf");
    let template = world.sh(&format!("cat {PLACE}")).stdout;
    let stack = || world.sh("cat /etc/pam.d/password-auth").stdout;
    assert_eq!(stack(), rendered(&template, &["with-faillock"]), "the stand-in does not do as authselect does");
    assert!(can_log_in(world, "alice", &password("alice")), "{}", world.syslog());
    assert!(!can_log_in(world, "bob", &password("bob")) && !can_log_in(world, "alice", "wrong"));
    assert!(can_log_in(world, "local", "LOCAL-SECRET"));
}

fn assert_upgrade_preserves_changes(world: &World) {
    world.sh(&format!("echo '# owner-says' >>{FILTER}"));
    let process = || world.sh("systemctl show --property MainPID --value plex-authd").stdout;
    let (process_before, config) = (process(), world.sh("cat /etc/plex-auth.toml").stdout);
    let out = run_rpm(world, "-U /root/2.rpm");
    assert!(out.ok() && out.stdout.contains(".rpmnew"), "{out:?}");
    assert_eq!(world.sh("rpm -q --qf '%{RELEASE}' plex-auth").stdout, "2");
    assert_eq!(world.sh("cat /etc/plex-auth.toml").stdout, config);
    assert!(world.sh(&format!("cat {FILTER}")).stdout.ends_with("# owner-says\n"));
    assert!(world.sh(&format!("cat {FILTER}.rpmnew")).stdout.ends_with(packages::NEWER));
    // The new daemon runs, and the machine has the new stacks.
    let process_now = process();
    assert!(process_now != process_before && process_now != "0\n", "{process_before} {process_now}");
    assert!(world.sh("cat /etc/pam.d/password-auth").stdout.ends_with(packages::NEWER));
    assert!(can_log_in(world, "alice", &password("alice")) && can_log_in(world, "local", "LOCAL-SECRET"));
    world.sh(&format!("rm {FILTER}.rpmnew"));
}

/// A handwritten stack names the module: without it, logins through that stack would be impossible.
fn assert_removal_is_refused_while_a_stack_needs_the_module(world: &World) {
    world.write("/etc/pam.d/ftp", 0o644, "root:root", "# pam_plex.so\nauth required pam_plex.so\n");
    world.write("/etc/pam.d/note", 0o644, "root:root", "# pam_plex.so was here\nauth required pam_deny.so\n");
    let out = run_rpm(world, "-e plex-auth");
    let said = &out.stdout;
    assert!(!out.ok() && said.contains("/etc/pam.d/ftp") && !said.contains("/etc/pam.d/note"), "{out:?}");
    world.sh("rpm -V --nodeps plex-auth | grep -v ' c ' >/root/missing; test ! -s /root/missing");
    world.sh("rm /etc/pam.d/ftp /etc/pam.d/note");
    // Nothing else was undone either.
    assert!(can_log_in(world, "alice", &password("alice")));
}
