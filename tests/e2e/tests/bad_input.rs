//! Invalid input: a configuration with a mistake, malformed bytes at the socket, malformed responses from plex.tv.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use e2e::{Code, DEN, World, password};
use fakeplex::{Endpoint, Fault};

/// Runs the daemon, which must refuse to start, and returns its log line.
fn refusal(world: &World) -> String {
    let start = || world.run(&["timeout", "60", "/usr/sbin/plex-authd", "--user", "plex-auth"]);
    let (out, log) = world.logged(start);
    assert_eq!(out.code, 78, "{out:?}");
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    log.lines().find(|line| line.contains("cannot run")).unwrap_or_else(|| panic!("{log}")).to_owned()
}

#[test]
fn daemon_refuses_a_broken_configuration_and_names_line_and_column() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    let good = world.config("");
    let cases: [(String, &[&str]); 6] = [
        (format!("{good}group = plex\n"), &["plex-auth.toml:9:", "double quotes"]),
        (good.replace("\"plex-users\"", "true"), &["plex-auth.toml:4:9:", "wrong type", "a string"]),
        (format!("{good}strict_freinds = false\n"), &["plex-auth.toml:9:1:", "did you mean 'strict_friends'?"]),
        (good.replace("token = \"TOKEN-SECRET-olga\"\n", ""), &["plex-auth.toml: ", "token"]),
        (good.replace("machine_id", "# machine_id"), &["plex-auth.toml: ", "strict_friends needs machine_id"]),
        (good.replace("/mnt/plex/ca.pem", "/mnt/plex/none.pem"), &["/mnt/plex/none.pem", "No such file"]),
    ];
    for (text, words) in &cases {
        world.write_config(text);
        let said = refusal(&world);
        assert!(words.iter().all(|word| said.contains(word)), "{said}\n{text}");
    }
    world.assert_no_secret_leaked();
}

#[test]
fn daemon_refuses_a_configuration_accessible_to_others_and_names_the_fix() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    let good = world.config("");
    for (mode, owner) in [(0o644, "root:plex-auth"), (0o660, "root:plex-auth"), (0o640, "alice:plex-auth")] {
        world.write("/etc/plex-auth.toml", mode, owner, &good);
        let said = refusal(&world);
        let fix = if owner.starts_with("root") { "chmod 0640" } else { "chown root:plex-auth" };
        assert!(said.contains("/etc/plex-auth.toml") && said.contains(fix), "{mode:o} {owner}: {said}");
    }
    world.sh("rm /etc/plex-auth.toml");
    assert!(refusal(&world).contains("/etc/plex-auth.toml"));
    // The command in the message is sufficient.
    world.start_authd(&good);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn daemon_refuses_to_run_as_root_and_keeps_no_privileges() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    // All four ids of every thread are the daemon's own, and its capability sets are empty.
    let threads = world.sh("uid=$(id -u plex-auth) gid=$(id -g plex-auth); \
         for task in /proc/$(pgrep -x plex-authd)/task/*; do \
           awk -v uid=\"$uid\" -v gid=\"$gid\" \
             '/^(Uid|Gid):/ { for (i = 2; i <= 5; i++) if ($i != ($1 == \"Uid:\" ? uid : gid)) print } \
              /^Cap(Eff|Prm|Inh|Amb):/ && $2 !~ /^0+$/ { print } END { print \"seen\" }' $task/status; \
         done");
    let lines: Vec<&str> = threads.stdout.lines().collect();
    assert!(lines.len() > 2 && lines.iter().all(|line| *line == "seen"), "threads with other rights: {lines:?}");
    world.stop_authd();
    for arguments in ["", "--user root", "--user nobody-here"] {
        let out = world.run(&["sh", "-c", &format!("exec timeout 5 /usr/sbin/plex-authd {arguments}")]);
        assert_eq!(out.code, 78, "{arguments}: {out:?}");
    }
    world.wait_for_log(&["cannot run", "refuses to run as root; add --user plex-auth"]);
    world.wait_for_log(&["cannot run", "--user must name another user than root"]);
    world.wait_for_log(&["cannot run", "useradd --system"]);
}

#[test]
fn unreachable_plex_tv_is_a_named_outage_that_passes() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    let good = world.config("");
    let address = good.lines().find_map(|line| line.strip_prefix("plex_url = ")).unwrap();
    for elsewhere in ["\"https://127.0.0.1:1\"", "\"https://no-such-host.invalid\""] {
        world.start_authd(&good.replace(address, elsewhere));
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "{elsewhere}");
        assert_eq!(world.account("alice"), Code::PERM_DENIED, "R65: {elsewhere}");
        assert_eq!(world.authenticate("local", "x"), Code::USER_UNKNOWN, "{elsewhere}");
        world.stop_authd();
    }
    world.wait_for_log(&["unavailable", "user=\"alice\"", "plex.tv"]);
    world.start_authd(&good);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
}

#[test]
fn malformed_friend_lists_are_an_outage_and_the_daemon_keeps_running() {
    let quick = "[timeouts]\nfriend_list = \"1s\"\nlogin = \"3s\"";
    let Some(world) = World::with_everything(DEN, quick) else { return };
    let daemon = world.sh("pgrep -x plex-authd").stdout;
    assert_eq!(world.account("alice"), Code::SUCCESS);
    for fault in [Fault::Garbage, Fault::Truncated, Fault::Huge(9), Fault::Status(200, "<a><b/>".into())] {
        // Both sources of the list.
        world.plex().fault(Endpoint::SharedServers, fault.clone());
        world.plex().fault(Endpoint::Users, fault.clone());
        std::thread::sleep(Duration::from_millis(1300));
        assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL, "{fault:?}");
        assert_eq!(world.account("alice"), Code::SUCCESS, "by the last list: {fault:?}");
        world.plex().clear_faults();
        std::thread::sleep(Duration::from_millis(1300));
        assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS, "after {fault:?}");
    }
    assert_eq!(world.sh("pgrep -x plex-authd").stdout, daemon, "it is the same process");
}

/// A frame of the protocol.
fn frame(json: &str) -> Vec<u8> {
    let length = u32::try_from(json.len()).unwrap();
    [&length.to_be_bytes()[..], json.as_bytes()].concat()
}

#[test]
fn r10_malformed_frames_close_only_their_own_connection() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let daemon = world.sh("pgrep -x plex-authd").stdout;
    let path = format!("/proc/{}/root/run/plex-auth/socket", world.process());
    let hello = r#"{"hello":{"version":1,"phase":"authenticate","user":"alice","service":null,"tty":null,"rhost":null,"ruser":null}}"#;
    let answer = r#"{"answer":{"text":"PASSWORD-SECRET-alice"}}"#;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("half a length", vec![0, 0]),
        ("no length", vec![0; 4]),
        ("a length over the limit", (64 * 1024 + 1_u32).to_be_bytes().to_vec()),
        ("all bits", vec![0xff; 70_000]),
        ("half a frame", frame(hello).into_iter().take(20).collect()),
        ("text", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("no JSON", frame("hello")),
        ("not UTF-8", [&[0, 0, 0, 2][..], b"\xff\xfe"].concat()),
        ("deep JSON", frame(&"[".repeat(60_000))),
        ("another message", frame(answer)),
        ("an unknown field", frame(&hello.replace("\"tty\"", "\"pty\""))),
        ("an unknown phase", frame(&hello.replace("authenticate", "open"))),
        ("the hello twice", [frame(hello), frame(hello)].concat()),
    ];
    for (what, bytes) in cases {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
        // The daemon may close the connection before it has read everything.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut back = Vec::new();
        if let Err(error) = stream.read_to_end(&mut back) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{what}: the daemon does not hang up");
        }
        assert!(!String::from_utf8_lossy(&back).contains("success"), "{what}");
    }
    let mut old = UnixStream::connect(&path).unwrap();
    old.write_all(&frame(&hello.replace("\"version\":1", "\"version\":0"))).unwrap();
    let mut back = String::new();
    old.take(1024).read_to_string(&mut back).unwrap();
    assert!(back.ends_with(r#"{"verdict":"unavailable"}"#), "{back:?}");
    world.wait_for_log(&["uses version 0 of the protocol"]);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert_eq!(world.sh("pgrep -x plex-authd").stdout, daemon, "it is the same process");
}
