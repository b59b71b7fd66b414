//! R31: su and sudo pass the module an environment chosen by an attacker. Here it contains a trap: a proxy that leads
//! to a plex.tv which accepts everything, and the CA that makes its certificate valid.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs;
use std::process::Command;

use e2e::{DEN, World, password};
use fakeplex::{Control, Endpoint};

const WRONG: &str = "what the attacker types";

/// A second plex.tv where every password is the attacker's, and a proxy that leads every connection there.
struct Trap {
    plex: Control,
    variables: Vec<(&'static str, String)>,
}

impl Trap {
    fn set_up(world: &World) -> Self {
        let directory = world.shared().join("trap");
        fs::create_dir_all(&directory).unwrap();
        let people: String = DEN
            .lines()
            .map(|line| if line.starts_with("password = ") { format!("password = \"{WRONG}\"") } else { line.into() })
            .fold(String::new(), |text, line| text + &line + "\n");
        fs::write(directory.join("world.toml"), people).unwrap();
        world.start(&["/mnt/fakeplex", "serve", "--state", "/mnt/trap/world.toml", "--dir", "/mnt/trap"]);
        world.sh("while [ ! -e /mnt/trap/address ]; do sleep 0.02; done");
        let port = world.sh("sed 's/.*://; s,/,,' /mnt/trap/address").stdout.trim().to_owned();
        // The proxy answers every CONNECT with a connection to the trap.
        let script = format!(
            "#!/bin/sh\nwhile read -r line && [ \"${{#line}}\" -gt 1 ]; do :; done\n\
             printf 'HTTP/1.1 200 Connection established\\r\\n\\r\\n'\nexec socat - TCP:127.0.0.1:{port}\n"
        );
        world.write("/run/proxy", 0o755, "root:root", &script);
        world.start(&["socat", "TCP-LISTEN:3128,fork,reuseaddr,bind=127.0.0.1", "EXEC:/run/proxy"]);
        world.sh("until ss -lnt | grep -q ':3128 '; do sleep 0.02; done");
        let trap = Self { plex: Control::new(&directory), variables: Self::variables() };
        trap.assert_works(world);
        trap
    }

    fn variables() -> Vec<(&'static str, String)> {
        let proxies = ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
        let proxies = proxies.into_iter().map(|name| (name, "http://127.0.0.1:3128".to_owned()));
        let others = [
            ("SSL_CERT_FILE", "/mnt/trap/ca.pem"),
            ("SSL_CERT_DIR", "/mnt/trap"),
            ("CURL_CA_BUNDLE", "/mnt/trap/ca.pem"),
            ("SSLKEYLOGFILE", "/tmp/keys"),
            ("OPENSSL_CONF", "/tmp/hostile/openssl.cnf"),
            ("RUST_LOG", "trace"),
            ("RUST_BACKTRACE", "full"),
            ("HOME", "/tmp/hostile"),
            ("XDG_CONFIG_HOME", "/tmp/hostile"),
            ("PATH", "/tmp/hostile:/usr/bin:/bin:/usr/sbin:/sbin"),
            ("LD_PRELOAD", "/tmp/hostile/evil.so"),
            ("LD_LIBRARY_PATH", "/tmp/hostile"),
            ("LD_DEBUG", "all"),
            ("LD_DEBUG_OUTPUT", "/tmp/hostile/ld"),
            ("GCONV_PATH", "/tmp/hostile"),
            ("RES_OPTIONS", "debug"),
            ("LOCALDOMAIN", "hostile.test"),
            ("HOSTALIASES", "/tmp/hostile/aliases"),
            ("MALLOC_CHECK_", "3"),
            ("TZ", "/tmp/hostile/zone"),
            ("LISTEN_FDS", "1"),
            ("NOTIFY_SOCKET", "/tmp/hostile/notify"),
        ];
        proxies.chain(others.map(|(name, value)| (name, value.to_owned()))).collect()
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Asserts that the trap works: a client that trusts its environment is accepted.
    fn assert_works(&self, world: &World) {
        let mut curl = world.command(&["curl", "-sS", "--max-time", "5", "https://localhost:1/api/v2/users/signin"]);
        curl.args(["-H", "X-Plex-Client-Identifier: x", "-H", "Accept: application/json"]);
        curl.args(["--data-urlencode", "login=alice@example.org", "--data-urlencode", &format!("password={WRONG}")]);
        let caught = world.finish(self.set(curl), "");
        assert!(caught.stdout.contains("authToken"), "the trap is not live: {caught:?}");
        // This client also writes the key log that the environment names.
        world.sh("rm /tmp/keys");
        self.plex.reset();
    }

    fn set(&self, mut command: Command) -> Command {
        command.envs(self.environment()).env("PATH", "/usr/bin:/bin").env_remove("LD_DEBUG").env_remove("LD_PRELOAD");
        command
    }

    fn assert_unused(&self) {
        let counters = self.plex.counters();
        assert_eq!((counters.connections, counters.total()), (0, 0), "somebody went into the trap");
    }
}

/// A command run as a user, in a hostile directory with hostile limits and open descriptors.
fn hostile_start(user: &str) -> String {
    format!(
        "mkdir -p /tmp/hostile; chmod 777 /tmp/hostile; cd /tmp/hostile; : >plex-auth.toml; mkdir -p run etc; \
         ulimit -c unlimited; ulimit -n 64; ulimit -s 1024; ulimit -f 1024; exec 8<&0 9<>/tmp/hostile/left; \
         exec setpriv --reuid {user} --regid {user} --init-groups "
    )
}

fn run(world: &World, trap: &Trap, user: &str, what: &str, typed: &str) -> e2e::Out {
    let mut command = world.command(&["sh", "-c", &format!("{}{what}", hostile_start(user))]);
    // The shell and setpriv must not be affected, so the loader's variables are set after them.
    let late: Vec<_> = trap.environment().into_iter().filter(|(name, _)| name.starts_with("LD_")).collect();
    command.envs(trap.environment());
    for (name, _) in &late {
        command.env_remove(name);
    }
    world.finish(command, &format!("{typed}\n"))
}

/// The loader's variables for the set-uid program itself: the loader must drop them, and the module must not read them.
const LOADER: &str = "env LD_PRELOAD=/tmp/hostile/evil.so LD_LIBRARY_PATH=/tmp/hostile LD_DEBUG=all \
                      LD_DEBUG_OUTPUT=/tmp/hostile/ld GCONV_PATH=/tmp/hostile ";

#[test]
fn r31_su_and_sudo_ignore_a_hostile_environment() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.allow_sudo(&["alice", "bob"]);
    let trap = Trap::set_up(&world);
    let sudo = format!("{LOADER}sudo -S -k -p '' id -un");
    let su = |target: &str| format!("{LOADER}su {target} -c 'id -un'");
    world.plex().reset();
    let cases = [
        ("alice", sudo.clone(), password("alice"), Some("root\n"), 1),
        ("alice", sudo.clone(), WRONG.into(), None, 1),
        ("bob", sudo, password("bob"), None, 0),
        ("bob", su("alice"), password("alice"), Some("alice\n"), 1),
        ("bob", su("alice"), WRONG.into(), None, 1),
        ("alice", su("bob"), password("bob"), None, 0),
        ("alice", su("root"), WRONG.into(), None, 0),
        ("alice", su("local"), "LOCAL-SECRET".into(), Some("local\n"), 0),
    ];
    for (user, what, typed, expected, sign_ins) in cases {
        let before = world.plex().counters().of(Endpoint::Signin);
        let out = run(&world, &trap, user, &what, &typed);
        assert_eq!(out.ok().then_some(out.stdout.as_str()), expected, "{user}: {what} {typed}: {out:?}");
        // sudo prompts again while there is more input; here the first wrong password ends it.
        let sent = world.plex().counters().of(Endpoint::Signin) - before;
        assert_eq!(sent, sign_ins, "{user}: {what} {typed}: {out:?}");
    }
    trap.assert_unused();
    let left = world.sh("ls /tmp/keys /tmp/hostile/ld* /tmp/hostile/core* 2>/dev/null || true");
    assert_eq!(left.stdout, "", "something was written where the environment said");
    world.assert_no_secret_leaked();
}

#[test]
fn r31_daemon_ignores_proxy_and_ca_variables() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let trap = Trap::set_up(&world);
    world.stop_authd();
    // Without the loader's variables: a daemon's own loader trusts root.
    let variables: Vec<String> = trap
        .environment()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("LD_") && !["PATH", "LISTEN_FDS", "MALLOC_CHECK_"].contains(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut line = vec!["env"];
    line.extend(variables.iter().map(String::as_str));
    line.extend(["/usr/sbin/plex-authd", "--user", "plex-auth"]);
    let before = world.syslog().matches("is ready").count();
    world.start(&line);
    world.sh(&format!("until [ $(grep -c 'is ready' /var/log/syslog) -gt {before} ]; do sleep 0.02; done"));
    assert_eq!(world.authenticate("alice", &password("alice")), e2e::Code::SUCCESS);
    assert_eq!(world.authenticate("alice", WRONG), e2e::Code::AUTH_ERR);
    trap.assert_unused();
    assert!(!world.run(&["test", "-e", "/tmp/keys"]).ok(), "a key log was written");
}
