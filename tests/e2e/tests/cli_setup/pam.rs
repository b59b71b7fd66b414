//! Setup changes PAM only through the distribution's own tool.

use e2e::{DEN, World};

use crate::machine::{apply, end, machine, script, setup, token_file};

/// Installs the profiles for pam-auth-update where the package puts them.
pub fn profile(world: &World) {
    for name in ["plex-auth", "plex-auth-account", "plex-auth-password"] {
        let shipped = e2e::checkout().join("packaging/pam-configs").join(name);
        world.copy(&shipped, &format!("/usr/share/pam-configs/{name}"), 0o644);
    }
}

fn plain(world: &World, further: &[&str]) -> e2e::Out {
    script(world, &[&["--yes", "--token-file", token_file(world)], further].concat())
}

#[test]
fn r58_setup_runs_pam_auth_update_once_and_only_with_permission() {
    let Some(world) = machine(DEN) else { return };
    profile(&world);
    let stacks = || world.sh("cat /etc/pam.d/common-*").stdout;
    let before = stacks();
    let out = plain(&world, &["--pam=no"]);
    assert!(out.ok() && stacks() == before, "{out:?}");
    let out = plain(&world, &["--dry-run"]);
    assert!(
        out.stdout.contains(
            "PAM would be changed by: pam-auth-update --enable plex-auth plex-auth-account plex-auth-password\n"
        ),
        "{out:?}"
    );
    assert_eq!(stacks(), before);
    let out = plain(&world, &[]);
    assert!(out.ok() && out.stdout.contains("✓ PAM uses plex-authd, after the local password"), "{out:?}");
    assert!(stacks().contains("pam_plex.so try_first_pass"), "{}", stacks());
    let account = world.sh("grep -n '^account.*pam_[pu][ln]' /etc/pam.d/common-account").stdout;
    let modules: Vec<_> = account.lines().filter_map(|line| line.split("pam_").nth(1)?.split('.').next()).collect();
    assert_eq!(modules, ["plex", "unix"], "an expired local password must not end the phase before: {account}");
    let again = plain(&world, &[]);
    assert!(again.ok() && !again.stdout.contains("PAM"), "{again:?}");
    // The tool can undo its change.
    world.sh("DEBIAN_FRONTEND=noninteractive pam-auth-update --disable plex-auth plex-auth-account plex-auth-password");
    assert_eq!(stacks(), before);
}

#[test]
fn setup_reports_hand_edited_stacks_and_leaves_them_unchanged() {
    let Some(world) = machine(DEN) else { return };
    profile(&world);
    world.sh("sed -i 's/^auth.*pam_unix.so.*/auth required pam_unix.so/' /etc/pam.d/common-auth");
    let before = world.sh("cat /etc/pam.d/common-auth").stdout;
    let out = plain(&world, &[]);
    assert_eq!(out.code, 1, "{out:?}");
    assert!(
        out.stderr.contains("PAM was not changed: ") && out.stderr.contains("pam-auth-update --enable plex-auth"),
        "{out:?}"
    );
    assert_eq!(world.sh("cat /etc/pam.d/common-auth").stdout, before);
}

/// A fake authselect, which Debian does not have: records its calls. `now` is the current profile with its features.
fn fedoras_tool(world: &World, now: &str) {
    let tool = format!(
        "#!/bin/sh\necho \"$@\" >>/run/authselect\nenv >>/run/authselect.env\ncase $1 in current) echo {now};; \
         list-features) printf 'with-faillock\\nwith-mkhomedir\\n';; \
         select) echo 'auth x pam_plex.so' >/etc/pam.d/system-auth;; esac\n"
    );
    world.write("/usr/bin/authselect", 0o755, "root:root", &tool);
    world.sh("mkdir -p /usr/share/authselect/vendor/plex-auth");
}

/// The recorded `select` calls.
fn selected(world: &World) -> String {
    world.sh("grep ^select /run/authselect || true").stdout
}

#[test]
fn setup_runs_authselect_with_the_current_features_and_a_backup() {
    let Some(world) = machine(DEN) else { return };
    fedoras_tool(&world, "local with-mkhomedir with-pam-u2f-2fa");
    let command = "select plex-auth with-mkhomedir with-pam-u2f-2fa --backup=before-plex-auth\n";
    let dry = plain(&world, &["--dry-run"]);
    assert!(dry.stdout.contains(&format!("PAM would be changed by: authselect {command}")), "{dry:?}");
    let out = plain(&world, &[]);
    assert!(out.ok() && out.stdout.contains("✓ PAM uses plex-authd"), "{out:?}");
    assert_eq!(selected(&world), command);
    let names: Vec<String> =
        world.sh("cut -d= -f1 /run/authselect.env | sort -u").stdout.lines().map(str::to_owned).collect();
    assert_eq!(names, ["DEBIAN_FRONTEND", "LC_ALL", "PATH", "PWD"]);
}

#[test]
fn setup_leaves_an_authselect_profile_for_directory_accounts_alone() {
    let Some(world) = machine(DEN) else { return };
    fedoras_tool(&world, "sssd with-mkhomedir with-sudo");
    world.sh("mkdir -p /etc/sssd/conf.d && touch /etc/sssd/conf.d/office.conf");
    let out = plain(&world, &[]);
    assert!(out.ok() && out.stderr.contains("authselect's profile is sssd"), "{out:?}");
    assert_eq!(selected(&world), "");
    // sssd without a configured domain is Fedora's former default for local accounts; the features of the sssd profile
    // are dropped then.
    world.sh("rm /etc/sssd/conf.d/office.conf");
    let out = plain(&world, &[]);
    assert!(out.ok() && out.stdout.contains("✓ PAM uses plex-authd"), "{out:?}");
    assert_eq!(selected(&world), "select plex-auth with-mkhomedir --backup=before-plex-auth\n");
}

#[test]
fn setup_without_a_pam_tool_prints_the_lines_and_changes_no_stack() {
    let Some(world) = machine(DEN) else { return };
    let before = world.sh("cat /etc/pam.d/*").stdout;
    let mut terminal =
        setup(&world, &["--token-file", token_file(&world), "--files", "--link=no", "--user", "alice=alice"]);
    apply(&mut terminal);
    terminal.wait_for("auth     include  plex-auth");
    let shown = end(&world, terminal, 0);
    assert!(shown.contains("neither pam-auth-update nor authselect is here to change that"), "{shown}");
    assert_eq!(world.sh("cat /etc/pam.d/*").stdout, before);
}

#[test]
fn setup_under_systemd_restarts_the_daemon_and_starts_its_socket() {
    let Some(world) = machine(DEN) else { return };
    let out = plain(&world, &["--pam=no"]);
    assert!(out.stdout.contains("Now start plex-authd: plex-authd --user plex-auth"), "{out:?}");
    let tool =
        "#!/bin/sh\necho \"$@\" >>/run/systemctl\n[ ! -e /run/broken ] || { echo 'Unit not found.' >&2; exit 5; }\n";
    world.write("/usr/bin/systemctl", 0o755, "root:root", tool);
    world.sh("mkdir -p /run/systemd/system");
    let out = plain(&world, &["--pam=no", "--link"]);
    assert!(out.ok() && out.stdout.contains("✓ plex-authd runs with the new configuration"), "{out:?}");
    assert_eq!(
        world.sh("cat /run/systemctl").stdout,
        "try-reload-or-restart plex-authd.service\nstart plex-authd.socket\n"
    );
    world.sh("touch /run/broken");
    let out = plain(&world, &["--pam=no", "--link=no"]);
    assert!(
        out.ok() && out.stderr.contains("systemctl try-reload-or-restart plex-authd.service: Unit not found."),
        "{out:?}"
    );
    world.sh("rm /run/systemctl");
    assert!(plain(&world, &["--pam=no", "--link=no"]).ok());
    assert!(!world.run(&["test", "-e", "/run/systemctl"]).ok(), "nothing has changed, so nothing is restarted");
}
