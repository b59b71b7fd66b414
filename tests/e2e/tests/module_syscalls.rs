//! System calls of the module, as strace records them: its socket, and nothing else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Call, Code, DEN, EVERY, Facts, PHASES, World, password};

/// An environment chosen by an attacker, limited to what the dynamic loader of a non-setuid program tolerates.
const HOSTILE: [&str; 20] = [
    "env",
    "LC_ALL=C.UTF-8",
    "LANGUAGE=de:fr",
    "RUST_BACKTRACE=full",
    "RUST_LIB_BACKTRACE=1",
    "RUST_LOG=trace",
    "TZ=:/tmp/zone",
    "TZDIR=/tmp",
    "HOME=/tmp",
    "PATH=.",
    "TMPDIR=.",
    "GCONV_PATH=/tmp",
    "LOCPATH=/tmp",
    "NLSPATH=/tmp/%N",
    "RES_OPTIONS=debug",
    "HOSTALIASES=/tmp/aliases",
    "SSL_CERT_FILE=/tmp/ca",
    "SSLKEYLOGFILE=/tmp/keys",
    "HTTPS_PROXY=http://127.0.0.1:1",
    "MALLOC_TRACE=/tmp/trace",
];

/// R2, R28 and R32 as system calls: inspect the socket's path, talk to the socket, poll it, log, and query the
/// terminal's size. Besides memory there is nothing else: no file, no child, no thread, no signal, no timer, no sleep.
fn assert_nothing_but_the_socket(what: &str, calls: &[Call]) {
    for call in calls {
        let harmless = match call.name.as_str() {
            "statx" | "lstat" | "newfstatat" => {
                let path = call.line.split('"').nth(1).unwrap_or_default();
                ["/", "/run", "/run/plex-auth", "/run/plex-auth/socket"].contains(&path)
            }
            "socket" => {
                let flags = ["SOCK_STREAM|SOCK_CLOEXEC,", "SOCK_CLOEXEC|SOCK_NONBLOCK"];
                call.line.contains("AF_UNIX") && flags.iter().any(|flags| call.line.contains(flags))
            }
            // The time limit of the connect, which alone may wait in the kernel.
            "setsockopt" => call.line.contains("SO_SNDTIMEO"),
            "connect" => call.line.contains("\"/run/plex-auth/socket\""),
            "sendto" => {
                let to = call.line.split("sun_path=\"").nth(1).map(|to| to.starts_with("/dev/log\""));
                call.line.contains("MSG_NOSIGNAL") && to != Some(false)
            }
            "mmap" => call.line.contains("MAP_ANONYMOUS"),
            "fcntl" => call.line.contains("F_DUPFD_CLOEXEC, 3"),
            // The size of the terminal, queried from descriptors that may be one; and the socket waits for nothing once it is
            // connected.
            "ioctl" => call.line.contains("TIOCGWINSZ") || call.line.contains("FIONBIO"),
            "recvfrom" | "poll" | "getsockopt" | "close" | "getpid" | "brk" | "munmap" => true,
            _ => false,
        };
        assert!(harmless, "{what}: {}", call.line);
    }
}

#[test]
fn r2_r15_r28_r32_module_makes_only_system_calls_for_its_socket() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let check = |what: &str, user: &str, answer: &str, auth: Code| -> (Facts, Vec<Call>) {
        let (facts, calls) = world.strace(&HOSTILE, EVERY, user, PHASES, answer);
        assert_eq!(facts.code("auth"), auth, "{what}");
        assert_nothing_but_the_socket(what, &calls);
        (facts, calls)
    };
    let connects = |calls: &[Call]| calls.iter().filter(|call| call.name == "connect").count();

    world.types(password("alice"));
    let (_, calls) = check("right", "alice", "typed", Code::SUCCESS);
    assert_eq!(connects(&calls), 3, "one for each question, that about the password among them: {calls:?}");
    assert!(calls.iter().any(|call| call.name == "poll"), "it waits by poll: {calls:?}");
    check("no conversation", "alice", "error", Code::CONV_ERR);
    check("denied", "bob", "typed", Code::AUTH_ERR);
    let (facts, _) = check("not managed", "local", "typed", Code::USER_UNKNOWN);
    assert_eq!(facts.get("prompts"), "0", "R15: nobody else is prompted");
    let (facts, calls) = check("root", "root", "typed", Code::USER_UNKNOWN);
    assert_eq!((facts.get("prompts"), connects(&calls)), ("0", 0), "R15: root: {calls:?}");
    world.types("wrong");
    check("wrong", "alice", "typed", Code::AUTH_ERR);
    world.types(vec![b'x'; 65_536]);
    check("too long", "alice", "typed", Code::AUTH_ERR);

    world.sh("pkill -STOP -x plex-authd");
    check("hung", "alice", "typed", Code::AUTHINFO_UNAVAIL);
    world.sh("pkill -KILL -x plex-authd");
    check("nobody listens", "alice", "typed", Code::AUTHINFO_UNAVAIL);
    world.sh("rm /run/plex-auth/socket");
    check("no socket", "alice", "typed", Code::AUTHINFO_UNAVAIL);
    world.sh("rmdir /run/plex-auth");
    check("no directory", "alice", "typed", Code::AUTHINFO_UNAVAIL);
    world.wait_for_log(&["pam_plex(every:auth)", "/run/plex-auth: No such file or directory", "systemctl status"]);
}

#[test]
fn r9_module_writes_to_no_descriptor_below_three_even_if_those_are_closed() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.types(password("alice"));
    let closed = ["sh", "-c", "exec \"$0\" \"$@\" <&- >&- 2>&-"];
    let check = |code: Code| {
        let (facts, calls) = world.strace(&closed, EVERY, "alice", "auth", "typed");
        assert_eq!(facts.code("auth"), code);
        let low =
            |call: &&Call| ["(0,", "(1,", "(2,", "{fd=0,", "{fd=1,", "{fd=2,"].iter().any(|fd| call.line.contains(fd));
        let used: Vec<_> = calls.iter().filter(low).map(|call| call.name.as_str()).collect();
        assert!(used.iter().all(|name| ["fcntl", "close", "ioctl"].contains(name)), "{calls:#?}");
        assert!(!used.is_empty(), "the descriptors were not closed: {calls:#?}");
        assert!(
            calls.iter().any(|call| call.line.contains("F_DUPFD_CLOEXEC, 3)") && call.line.ends_with("= 3")),
            "{calls:#?}"
        );
    };
    check(Code::SUCCESS);
    world.stop_authd();
    check(Code::AUTHINFO_UNAVAIL);
}

/// In a stack of only this module, an unmanaged account is refused as late as a managed one, so that the time shows nothing
/// (R40). The daemon makes that delay, in which the module sleeps.
#[test]
fn r15_root_and_unmanaged_accounts_cost_less_than_a_millisecond_and_no_request() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.write("/etc/pam.d/local-first", 0o644, "root:root", "auth required pam_plex.so plex_only\n");
    // The friend list is fetched when the daemon starts, independently of logins.
    assert_eq!(world.account("alice"), Code::SUCCESS);
    world.plex().reset();
    // libpam turns a stack that only returns IGNORE into PERM_DENIED.
    let (unknown, ignored) = (Code::USER_UNKNOWN, Code::PERM_DENIED);
    // The last column: the refusal is delayed.
    for (service, user, phase, code, is_delayed) in [
        ("alone", "root", "auth", unknown, false),
        ("alone", "root", "account", ignored, false),
        ("alone", "local", "account", ignored, false),
        ("local-first", "local", "auth", ignored, false),
        ("alone", "local", "auth", unknown, true),
    ] {
        // The fastest of many: the machine has other work.
        let observed: Vec<_> = (0..if is_delayed { 8 } else { 30 })
            .map(|_| {
                let facts = world.observe(service, user, phase, "error");
                assert_eq!((facts.code(phase), facts.get("prompts")), (code, "0"), "{service} {user} {phase}");
                (facts.microseconds(phase), facts.cpu_microseconds(phase))
            })
            .collect();
        let quickest = observed.iter().map(|(took, cpu)| if is_delayed { *cpu } else { *took }).min().unwrap();
        assert!(quickest < 1000, "{service} {user} {phase}: {quickest} µs");
        assert!(!is_delayed || observed.iter().all(|(took, _)| *took >= 450_000), "{observed:?}");
    }
    assert_eq!(world.plex().counters().total(), 0);
}
