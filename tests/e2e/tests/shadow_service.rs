//! plex-auth-shadow alone: its authorised callers and its answers, and its units.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeSet;

use e2e::{Code, DEN, Out, World, checkout, password};
use fakeplex::Endpoint;

/// Sends a request to the service and prints the response.
const ASK: &str = "import socket,struct,sys\n\
    question=sys.stdin.buffer.read()\n\
    s=socket.socket(socket.AF_UNIX); s.connect('/run/plex-auth-shadow/socket')\n\
    s.sendall(struct.pack('>I',len(question))+question)\n\
    sys.stdout.write(s.makefile('rb').read()[4:].decode())\n";

/// Sends a request as a process of this user.
fn ask(world: &World, caller: &str, user: &str) -> Out {
    let line = ["setpriv", "--reuid", caller, "--regid", caller, "--init-groups", "python3", "-c", ASK];
    world.run_with(&line, &format!("{{\"version\":5,\"user\":\"{user}\"}}"))
}

/// The answer to plex-authd.
fn answer_for(world: &World, user: &str) -> String {
    let out = ask(world, "plex-auth", user);
    assert!(out.ok(), "{out:?}");
    out.stdout
}

const NOTHING: &str = "\"nothing\"";
const SOMETHING: &str = "\"something\"";

#[test]
fn r43_shadow_service_answers_plex_authd_only_and_reveals_no_more() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    for caller in ["alice", "local", "www-data"] {
        let refused = ask(&world, caller, "alice");
        assert!(!refused.ok() && refused.stderr.contains("PermissionError"), "{caller}: {refused:?}");
    }
    // Root is not restricted by the socket's mode.
    assert_eq!(ask(&world, "root", "alice").stdout, "");
    world.wait_for_log(&["plex-auth-shadow[", "uid 0 sent a request", "only plex-authd may"]);
    assert_eq!((answer_for(&world, "alice"), answer_for(&world, "local")), (NOTHING.into(), SOMETHING.into()));
    for nonsense in ["", "nobody-here", "alice:*", "../shadow", "+", "#alice"] {
        assert_eq!(answer_for(&world, nonsense), SOMETHING, "{nonsense:?}");
    }
    let modes = world.sh("stat -c '%a %U %G' /run/plex-auth-shadow /run/plex-auth-shadow/socket").stdout;
    assert_eq!(modes, "755 root root\n660 root plex-auth\n");
}

#[test]
fn shadow_service_sees_changes_of_passwd_and_usermod_immediately() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    for (change, expected) in [
        ("echo alice:LOCAL-SECRET | chpasswd", SOMETHING),
        ("usermod --lock alice", SOMETHING),
        ("passwd --quiet --delete alice", SOMETHING),
        ("usermod --password '!' alice", NOTHING),
        ("usermod --password '*' alice", NOTHING),
        ("line=$(grep ^alice: /etc/shadow); echo \"$line\" >>/etc/shadow", SOMETHING),
        ("sed -i '/^alice:/d' /etc/shadow", SOMETHING),
        ("echo 'alice:!!:20000:0:99999:7:::' >>/etc/shadow", NOTHING),
        ("sed -i 's/^alice:x:/alice:\\$y\\$x:/' /etc/passwd", SOMETHING),
        ("sed -i 's/^alice:[^:]*:/alice:x:/' /etc/passwd", NOTHING),
        ("mv /etc/shadow /etc/shadow.away", SOMETHING),
        ("mv /etc/shadow.away /etc/shadow", NOTHING),
    ] {
        world.sh(change);
        assert_eq!(answer_for(&world, "alice"), expected, "{change}");
    }
    world.wait_for_log(&["plex-auth-shadow[", "/etc/shadow: cannot be read"]);
}

#[test]
fn r44_shadow_service_keeps_no_hash_in_memory_and_sends_none() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.sh("usermod --password '$y$HASH-SECRET$x' local; usermod --password '!HASH-SECRET' alice");
    for user in ["alice", "local", "frank", "nobody-here"] {
        answer_for(&world, user);
        world.codes("plex-auth", user, "auth", &format!("{}\n", password("frank")));
    }
    assert!(!world.traces("plex-auth-shado", "/etc/shadow").is_empty(), "the search finds nothing at all");
    for program in ["plex-auth-shado", "plex-authd"] {
        let found = world.traces(program, "HASH-SECRET");
        assert!(found.is_empty(), "{program}: {}", found.join("\n"));
    }
    assert!(!world.syslog().contains("HASH-SECRET"));
}

#[test]
fn hanging_shadow_service_delays_a_login_by_at_most_its_timeout() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.sh("pkill -STOP -x plex-auth-shado");
    let start = std::time::Instant::now();
    // pam_unix checks the password first, and then plex.tv accepts it.
    let codes = world.codes("plex-auth", "frank", "auth", &format!("{}\n", password("frank")));
    assert_eq!((codes.of("auth"), codes.prompts()), (Code::SUCCESS, 1), "{codes:?}");
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
    world.wait_for_log(&["plex-authd[", "no answer in time", "systemctl enable --now plex-auth-shadow.socket"]);
    world.sh("pkill -CONT -x plex-auth-shado");
    world.plex().reset();
    let (codes, log) = world.logged(|| world.codes("plex-auth", "frank", "auth", &format!("{}\n", password("frank"))));
    assert_eq!(codes.of("auth"), Code::SUCCESS);
    assert!(!log.contains("pam_unix") && !log.contains("plex-auth-shadow.socket"), "it is asked again: {log}");
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 1);
}

/// A setting in the service's unit.
fn setting(name: &str) -> String {
    let unit = std::fs::read_to_string(checkout().join("packaging/systemd/plex-auth-shadow.service")).unwrap();
    let prefix = format!("{name}=");
    unit.lines().filter_map(|line| line.strip_prefix(&prefix)).collect::<Vec<_>>().join(" ")
}

#[test]
fn r40_r43_sandboxed_shadow_service_reads_shadow_with_mode_0_and_waits_without_end() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.kill_shadow_service();
    for unit in ["plex-auth-shadow.socket", "plex-auth-shadow.service"] {
        let file = checkout().join("packaging/systemd").join(unit);
        world.copy(&file, &format!("/etc/systemd/system/{unit}"), 0o644);
    }
    let verified = world.run(&["sh", "-c", "systemd-analyze verify --man=no /etc/systemd/system/plex-auth-shadow.*"]);
    assert!(verified.ok() && !verified.stderr.contains("plex-auth-shadow"), "{verified:?}");
    let unit = "/etc/systemd/system/plex-auth-shadow.service";
    let out = world.run(&["systemd-analyze", "security", "--offline=yes", "--threshold=15", unit]);
    assert!(out.ok(), "{out:?}");

    // As on Fedora, with only the unit's capabilities.
    world.sh("chmod 0 /etc/shadow");
    assert_eq!(setting("CapabilityBoundingSet"), "CAP_DAC_READ_SEARCH");
    let sandbox = "setpriv --bounding-set=-all,+dac_read_search --inh-caps=-all --ambient-caps=-all --no-new-privs";
    // The socket, created and passed as systemd does.
    world.sh("rm -f /run/plex-auth-shadow/socket");
    let pass = "import os,shutil,socket; path='/run/plex-auth-shadow/socket'; s=socket.socket(socket.AF_UNIX); s.bind(path)\n\
                shutil.chown(path,'root','plex-auth'); os.chmod(path,0o660); s.listen(); fd=s.detach(); fd!=3 and os.dup2(fd,3)\n\
                os.set_inheritable(3,True); os.environ.update(LISTEN_FDS='1',LISTEN_PID=str(os.getpid()))\n\
                line=os.environ['SANDBOX'].split(); os.execvp(line[0],line)\n";
    world.write("/usr/sbin/passing.py", 0o755, "root:root", pass);
    let sandboxed = format!("SANDBOX='strace -D -f -o /mnt/trace {sandbox} /usr/sbin/plex-auth-shadow'");
    world.start(&["env", &sandboxed, "python3", "/usr/sbin/passing.py"]);
    world.sh("until [ -S /run/plex-auth-shadow/socket ]; do sleep 0.02; done");
    assert_eq!((answer_for(&world, "frank"), answer_for(&world, "local")), (NOTHING.into(), SOMETHING.into()));
    let typed = format!("{}\n", password("frank"));
    let (code, log) = world.logged(|| world.codes("plex-auth", "frank", "auth", &typed).of("auth"));
    assert!(code == Code::SUCCESS && !log.contains("pam_unix"), "{log}");

    let trace = std::fs::read_to_string(world.shared().join("trace")).unwrap();
    let trace = trace.split_once("execve(\"/usr/sbin/plex-auth-shadow\"").unwrap().1;
    let called: BTreeSet<&str> = trace
        .lines()
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('(').map(|(name, _)| name))
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'))
        .collect();
    assert!(called.len() > 15 && called.contains("accept4"), "{called:?}");
    for never in ["setuid", "setgid", "setresuid", "setresgid", "clone", "clone3", "fork", "vfork", "bind", "unlink"] {
        assert!(!called.contains(never), "{never}: {trace}");
    }
    let writes = |line: &&str| line.contains("O_WRONLY") || line.contains("O_RDWR") || line.contains("O_CREAT");
    assert_eq!(trace.lines().find(writes), None);
    // A message has a time limit; the wait for the next connection, at the passed socket, has none.
    let waits: Vec<_> = trace.lines().filter(|line| line.contains("poll([{fd=3, ")).collect();
    assert!(!waits.is_empty() && waits.iter().all(|wait| wait.contains(", 1, -1")), "{waits:#?}");
}

/// Accounts of a directory, one of them under a name that `/etc/passwd` has for another account, and one with a line in
/// `/etc/shadow` that is no longer its own.
#[test]
fn accounts_of_other_sources_are_never_asked_for_a_plex_password_first() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let library = world.c_library("nss_spell");
    world.sh(&format!(
        "libraries=$(dirname \"$(find /usr/lib /usr/lib64 -name libc.so.6 2>/dev/null | head -n 1)\")
         install -m 644 {library} \"$libraries/libnss_spell.so.2\"
         useradd --password '*' emil && echo 'dirk:*:20000::::::' >>/etc/shadow
         sed -i 's/^passwd:.*/passwd: spell files/' /etc/nsswitch.conf; getent passwd emil | grep -q :5002:"
    ));
    world.stop_authd();
    world.start_authd(&world.config("[users]\ndirk = \"alice\"\nemil = \"frank\"\nalice = \"alice\""));
    for (user, plex, asked_first) in [("dirk", "alice", true), ("emil", "frank", true), ("alice", "alice", false)] {
        let typed = format!("{}\n", password(plex));
        let (codes, log) = world.logged(|| world.codes("plex-auth", user, "auth", &typed));
        assert_eq!((codes.of("auth"), codes.prompts()), (Code::SUCCESS, 1), "{user}: {codes:?}");
        assert_eq!(log.contains("pam_unix(plex-auth:auth): authentication failure"), asked_first, "{user}: {log}");
    }
}
