//! doctor and `test` know as whom a server calls the module.

use e2e::{Code, Out, World, password};

use crate::patient::Patient;

const AS_SERVER: [&str; 6] = ["setpriv", "--reuid", "www-data", "--regid", "www-data", "--clear-groups"];

fn sign_in(world: &World, before: &[&str], service: &str) -> Code {
    world.codes_as(before, service, "alice", "auth", &format!("{}\n", password("alice"))).of("auth")
}

fn test(world: &World, service: &str) -> Out {
    world.run(&["plex-auth", "test", "alice", "--service", service])
}

#[test]
fn doctor_warns_of_ssh_servers_that_do_not_use_pam() {
    let Some(patient) = Patient::new("") else { return };
    patient.0.sh("cp /bin/sleep /usr/sbin/dropbear && { dropbear 600 >/dev/null 2>&1 & }");
    let verdict = patient.look();
    let line =
        verdict.find("SSH without PAM", "warning", "dropbear does not use PAM: it accepts keys of removed friends");
    let hint = line.and_then(|line| line.hint.as_deref());
    assert_eq!(hint, Some("use OpenSSH instead, and stop dropbear"), "{verdict:#?}");
    patient.0.sh("pkill -x dropbear");
    patient.wait_until_healthy("dropbear has ended");
}

#[test]
fn doctor_and_test_judge_a_server_by_its_own_user() {
    let Some(patient) = Patient::new("") else { return };
    let world = &patient.0;
    let stack = "auth required pam_plex.so\naccount required pam_plex.so\n";
    // The file that services are links to is none of them.
    for file in ["plex-server", "vnc"] {
        world.write(&format!("/etc/pam.d/{file}"), 0o644, "root:root", stack);
    }
    world.sh("ln -s plex-server /etc/pam.d/radiusd; ln -s /etc/pam.d/plex-server /etc/pam.d/nginx");
    // One without which nobody could log in stays one.
    world.sh("ln -s sshd /etc/pam.d/terminal");
    assert!(patient.look().find("PAM", "ok", "plex-auth, sshd, su, su-l, sudo, terminal").is_some());
    world.sh("rm /etc/pam.d/terminal");
    // Nothing has run yet.
    assert!(patient.look().find("PAM", "info", "nginx, radiusd, vnc (auth): there is no pam_unix.so").is_some());
    assert!(test(world, "radiusd").ok());

    // One has left its user in the log of logins, another is running. A person can do both.
    assert_eq!(sign_in(world, &AS_SERVER, "radiusd"), Code::AUTH_ERR);
    let alice = ["setpriv", "--reuid", "alice", "--regid", "alice", "--init-groups"];
    assert_eq!(sign_in(world, &alice, "vnc"), Code::SUCCESS);
    world.sh(&format!("cp /bin/sleep /usr/sbin/nginx && {{ {} nginx 600 >/dev/null 2>&1 & }}", AS_SERVER.join(" ")));
    let verdict = patient.look();
    let words =
        "nginx, radiusd: called as www-data (seen in the running nginx), which is not listed in trusted_callers";
    let line = verdict.find("callers", "error", words).unwrap_or_else(|| panic!("{verdict:#?}"));
    let advice = "write into /etc/plex-auth.toml, above the first section: trusted_callers = [\"www-data\"]; then run: \
                  systemctl reload plex-authd";
    assert!(line.hint.as_deref().is_some_and(|hint| hint.contains(advice)), "{line:?}");
    assert!(verdict.find("PAM", "info", "vnc (auth): there is no pam_unix.so").is_some(), "{verdict:#?}");
    for (service, seen) in [("radiusd", "the log of logins"), ("nginx", "the running nginx")] {
        let out = test(world, service);
        let caller = format!("{service} calls the module as www-data (seen in {seen})");
        let words = [&caller, "may only authenticate its own account", advice, "alice would not be let in."];
        assert!(out.code == 1 && words.iter().all(|words| out.stdout.contains(words)), "{words:?}: {out:?}");
    }
    assert!(test(world, "vnc").ok() && test(world, "sshd").ok());

    world.sh("sed -i '1i trusted_callers = [\"www-data\"]' /etc/plex-auth.toml && systemctl restart plex-authd");
    patient.wait_until_healthy("the server's user is trusted");
    assert!(patient.look().find("PAM", "ok", "nginx, radiusd: Plex alone; denied users are refused").is_some());
    assert_eq!(sign_in(world, &AS_SERVER, "radiusd"), Code::SUCCESS);
    assert!(test(world, "radiusd").ok() && test(world, "nginx").ok());
}
