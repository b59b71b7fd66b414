//! `OpenRC` and runit supervise plex-authd as docs/how-to/without-systemd.md says, with the real openrc-run and
//! runsvdir.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, World, page_commands, password};

const PAGE: &str = "docs/how-to/without-systemd.md";

/// A machine with everything except running daemons, and the examples where the package installs them.
fn machine() -> Option<World> {
    let world = World::with_everything(DEN, "")?;
    world.stop_authd();
    world.kill_shadow_service();
    world.copy_examples();
    Some(world)
}

/// The daemon, by its user: `OpenRC`'s health check is a process of the same name, of root.
fn process(world: &World) -> String {
    world.sh("pgrep -xu plex-auth plex-authd").stdout.trim().to_owned()
}

/// Asserts that setup finds the supervisor and restarts the daemon.
fn set_up_again(world: &World) {
    world.write("/root/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    let setup = world.run(&["plex-auth", "setup", "--yes", "--token-file", "/root/token"]);
    assert!(setup.ok() && setup.stdout.contains("plex-authd runs with the new configuration"), "{setup:?}");
}

fn assert_friend_can_log_in(world: &World) {
    let (code, log) = world.logged(|| world.codes("plex-auth", "alice", "auth", &format!("{}\n", password("alice"))));
    assert!(code.of("auth") == Code::SUCCESS && !log.contains("pam_unix"), "plex-auth-shadow is there: {log}");
    assert_eq!(world.account("bob"), Code::PERM_DENIED);
}

/// Asserts that the daemon and plex-auth-shadow can write nothing but the daemon's state, whatever started them.
fn assert_services_are_restricted(world: &World) {
    world.assert_confines_itself(&process(world), Some("/var/lib/plex-auth"));
    let shadow = world.sh("pgrep -x plex-auth-shado").stdout;
    world.assert_confines_itself(shadow.trim(), None);
}

/// Waits until a different process answers.
fn wait_for_another(world: &World, before: &str) {
    world.until(&format!("pid=$(pgrep -xu plex-auth plex-authd) && [ $pid != {before} ] && plex-auth status"));
}

/// Runs a line of shell, after which the daemon reads its configuration again.
fn reload(world: &World, script: &str) {
    let read_again = "has been read again";
    let before = world.syslog().matches(read_again).count();
    world.sh(script);
    world.until(&format!("[ $(grep -c '{read_again}' /var/log/syslog) -gt {before} ]"));
}

#[test]
fn openrc_starts_supervises_reloads_and_stops_the_daemon() {
    let Some(world) = machine() else { return };
    // The state that OpenRC has after booting. The machine's other services are replaced by empty ones.
    world.sh("rm -f /etc/init.d/*; mkdir -p /run/openrc/exclusive /etc/conf.d; touch /run/openrc/softlevel; echo healthcheck_timer=1 >/etc/conf.d/plex-authd");
    for name in ["net", "firewall", "sshd", "logger", "dns"] {
        world.sh(&format!(
            "printf '#!/sbin/openrc-run\\nstart() {{ :; }}\\n' >/etc/init.d/{name}; chmod 755 /etc/init.d/{name}"
        ));
    }
    world.follow(&page_commands(PAGE, "OpenRC"));
    // The start command waited until the daemon was ready.
    world.sh("plex-auth status; rc-service plex-authd status");
    assert_friend_can_log_in(&world);

    let before = process(&world);
    assert_eq!(
        world
            .sh(&format!("stat -c %U /proc/{before}; grep -c '^Max core file size *0 *0' /proc/{before}/limits"))
            .stdout,
        "plex-auth\n1\n"
    );
    reload(&world, "rc-service plex-authd reload");
    // supervise-daemon accepts no signal during a health check. A stopped daemon keeps the check waiting, and goes on before
    // the check's time limit of five seconds.
    reload(
        &world,
        &format!(
            "kill -STOP {before}; until pgrep -f '^/usr/bin/plex-auth status'; do sleep 0.02; done
             rc-service plex-authd reload & reload=$!
             sleep 2; kill -CONT {before}; wait $reload"
        ),
    );
    assert_eq!(process(&world), before);
    world.sh("cp -p /etc/plex-auth.toml /root/good; echo nonsense = 1 >>/etc/plex-auth.toml");
    let broken = world.run(&["rc-service", "plex-authd", "reload"]);
    let said = format!("{}{}", broken.stdout, broken.stderr);
    assert!(!broken.ok() && said.contains("nonsense") && said.contains("stays in use"), "{broken:?}");
    assert_eq!(process(&world), before);
    assert_friend_can_log_in(&world);
    world.sh("cp -p /root/good /etc/plex-auth.toml");
    assert_services_are_restricted(&world);

    world.sh(&format!("kill -KILL {before}"));
    wait_for_another(&world, &before);
    let before = process(&world);
    world.sh(&format!("kill -STOP {before}"));
    wait_for_another(&world, &before);
    let before = process(&world);
    world.sh("rc-service plex-authd restart");
    wait_for_another(&world, &before);

    set_up_again(&world);
    world.sh("rc-service plex-authd stop; ! pgrep -x plex-authd; ! rc-service plex-authd status");
    // Errors at the start are shown to the user who starts the service.
    world.sh("echo nonsense = 1 >>/etc/plex-auth.toml");
    let broken = world.run(&["rc-service", "plex-authd", "start"]);
    assert!(!broken.ok() && format!("{broken:?}").contains("nonsense"), "{broken:?}");
    world.assert_no_secret_leaked();
}

#[test]
fn runit_starts_supervises_reloads_and_stops_the_daemon() {
    let Some(world) = machine() else { return };
    world.sh("rm -rf /etc/service; mkdir -p /etc/service");
    world.start(&["runsvdir", "/etc/service"]);
    world.follow(&page_commands(PAGE, "runit"));
    world.sh("sv status plex-authd | grep -q '^run: plex-authd'");
    assert_friend_can_log_in(&world);
    assert_services_are_restricted(&world);
    let before = process(&world);
    reload(&world, "sv hup plex-authd");
    assert_eq!(process(&world), before);
    world.sh(&format!("kill -KILL {before}"));
    wait_for_another(&world, &before);
    set_up_again(&world);
    world.sh("sv stop plex-authd; ! pgrep -x plex-authd; sv start plex-authd; plex-auth status");

    // Without syslog, svlogd keeps the log lines, readable by root only.
    world.sh("sv stop plex-authd; busybox pkill -x -f 'busybox syslogd.*'; rm -f /dev/log; sv start plex-authd");
    assert_eq!(world.authenticate("alice", "wrong"), Code::AUTH_ERR);
    world.sh("until grep -q 'denied user=\"alice\"' /var/log/plex-authd/current; do sleep 0.05; done");
    assert_eq!(world.sh("stat -c %U:%a /var/log/plex-authd").stdout, "root:700\n");
    // If the daemon does not start, sv fails, and the log contains the reason.
    world.sh(
        "sv stop plex-authd; echo nonsense = 1 >>/etc/plex-auth.toml; ! sv -w 1 start plex-authd; sv force-stop plex-authd",
    );
    world.sh("grep -q nonsense /var/log/plex-authd/current");
    world.assert_no_secret_leaked();
}
