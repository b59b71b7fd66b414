//! R14: the daemon looks up accounts, and the program that starts it may ask about accounts; neither waits for the
//! other forever.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password, within};

/// `COUNT SIGNAL PROGRAM …`: passes sockets to a program, as systemd does, while a connection waits at each of them. When these
/// are closed, sends the signal, if it is not 0, and makes another connection. Prints what the connections have read, `late` if
/// the program ended without closing the last one, the exit code, and the seconds of processor time.
const PASS: &str = "import fcntl,os,resource,socket,sys
count,signal=int(sys.argv[1]),int(sys.argv[2])
def listen(path):
  if os.path.exists(path): os.unlink(path)
  s=socket.socket(socket.AF_UNIX); s.bind(path); s.listen(); return s
def connect(path):
  s=socket.socket(socket.AF_UNIX); s.settimeout(60); s.connect(path); return s
paths=['/run/passed%d'%n for n in range(count)]
listeners=[listen(path) for path in paths]
waiting=[connect(path) for path in paths]
pid=os.fork()
if pid==0:
  high=[fcntl.fcntl(s.fileno(),fcntl.F_DUPFD,50) for s in listeners]
  for n,fd in enumerate(high): os.dup2(fd,3+n); os.set_inheritable(3+n,True); os.close(fd)
  os.environ.update(LISTEN_FDS=str(count),LISTEN_PID=str(os.getpid())); os.execv(sys.argv[3],sys.argv[3:])
read=b''.join(s.recv(1) for s in waiting)
if signal: os.kill(pid,signal)
last=connect(paths[0])
code=os.waitstatus_to_exitcode(os.waitpid(pid,0)[1]); last.settimeout(1)
try: read+=last.recv(1)
except OSError: read='late'
print(read,code,int(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime))";

/// Waits until Alice can log in, and returns the time it took.
fn until_alice_is_in(world: &World, most: u64) -> Duration {
    let start = Instant::now();
    loop {
        let code = world.authenticate("alice", &password("alice"));
        if code == Code::SUCCESS {
            return start.elapsed();
        }
        assert_eq!(code, Code::AUTHINFO_UNAVAIL);
        assert!(start.elapsed() < Duration::from_secs(most), "{:?}", start.elapsed());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Number of times that su's stack could not reach the daemon.
fn failed_requests(world: &World) -> usize {
    world.syslog().lines().filter(|line| line.contains("pam_plex(su:account)")).count()
}

#[test]
fn r14_su_does_not_wait_for_the_starting_daemon() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    let end = [
        ("no socket", "pkill -TERM -x plex-authd; while pgrep -x plex-authd; do sleep 0.02; done"),
        ("a stale socket", "pkill -KILL -x plex-authd; while pgrep -x plex-authd; do sleep 0.02; done"),
    ];
    for (what, end) in end {
        world.sh(end);
        let before = failed_requests(&world);
        world.start(&["su", "-s", "/bin/sh", "plex-auth", "-c", "'exec /usr/sbin/plex-authd'"]);
        until_alice_is_in(&world, 60);
        assert!(failed_requests(&world) > before, "{what}: su's stack did not ask");
        assert_eq!(world.run(&["pgrep", "-xu", "plex-auth", "plex-authd"]).stdout.lines().count(), 1, "{what}");
    }
}

#[test]
fn r14_first_login_and_su_do_not_deadlock_when_su_starts_the_daemon() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    // Another program listens, and starts the daemon at the first login. Then su's stack, and the login that caused it,
    // wait at a socket that is not served before su has finished.
    let daemon = "'LISTEN_PID=$$ exec /usr/sbin/plex-authd'";
    let su = ["su", "-s", "/bin/sh", "plex-auth", "-c", daemon];
    world.start(&[&["systemd-socket-activate", "--listen=/run/plex-auth/socket"], &su[..]].concat());
    world.sh("while [ ! -S /run/plex-auth/socket ]; do sleep 0.02; done");
    let start = Instant::now();
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    until_alice_is_in(&world, 60);
    assert_eq!(failed_requests(&world), 1, "su's stack did not ask");
}

#[test]
fn r14_slow_name_service_delays_no_other_login() {
    let Some(world) = World::new() else { return };
    world.add_user("alice", true, None);
    world.start_plex(DEN);
    let library = world.c_library("nss_slow");
    world.sh(&format!(
        "libraries=$(dirname \"$(find /usr/lib /usr/lib64 -name libc.so.6 2>/dev/null | head -n 1)\")
         install -m 644 {library} \"$libraries/libnss_slow.so.2\"
         sed -i 's/^passwd:.*/passwd: slow files/' /etc/nsswitch.conf"
    ));
    let took = |what: &dyn Fn()| {
        let start = Instant::now();
        what();
        start.elapsed()
    };
    let slow = took(&|| assert!(!world.run(&["getent", "passwd", "stranger"]).ok()));
    assert!(slow > Duration::from_secs(3), "{slow:?}");

    let mut started = false;
    within(Duration::from_secs(2), "the daemon's start", || {
        if std::mem::replace(&mut started, true) {
            world.stop_authd();
        }
        world.start_authd(&world.config("[users]\nstranger = \"alice\"\n"));
    });
    until_alice_is_in(&world, 60);
    std::thread::scope(|scope| {
        let world = &world;
        let strangers = [1, 2, 3, 4, 5, 6, 7, 8]
            .map(|number| scope.spawn(move || (number, world.authenticate(&format!("stranger{number}"), "x"))));
        std::thread::sleep(Duration::from_millis(300));
        within(Duration::from_secs(1), "alice", || {
            assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
        });
        assert!(strangers.iter().all(|stranger| !stranger.is_finished()), "nobody was slow");
        for (number, code) in strangers.map(|stranger| stranger.join().unwrap()) {
            // The module's time limit is shorter than this name service's delay.
            assert_eq!(code, Code::AUTHINFO_UNAVAIL, "stranger{number}");
        }
    });
    assert_eq!(world.authenticate("nobody-here", "x"), Code::USER_UNKNOWN);
}

#[test]
fn service_that_cannot_start_closes_the_connections_at_its_passed_socket() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    let daemon = ["/usr/sbin/plex-authd", "--user", "plex-auth"];
    let pass = |count: &str, signal: &str, program: &[&str]| {
        let start = Instant::now();
        let (out, log) = world.logged(|| world.run(&[&["python3", "-c", PASS, count, signal], program].concat()));
        assert!(start.elapsed() < Duration::from_secs(60), "{program:?}: {:?}", start.elapsed());
        assert_eq!(log.matches("cannot run: ").count(), 1, "{program:?}: {out:?}\n{log}");
        (out.stdout, log)
    };
    let fails_with = |count: &str, program: &[&str], why: &str| {
        // On a busy machine, the last connection can be made after the second in which connections are closed.
        let (out, log) = (0..5).map(|_| pass(count, "0", program)).find(|(out, _)| !out.starts_with("late")).unwrap();
        assert_eq!(out, "b'' 78 0\n", "{program:?}: {log}");
        assert!(log.contains(why), "{log}");
    };
    let fails = |program: &[&str], why: &str| fails_with("1", program, why);
    world.sh("cp -p /etc/plex-auth.toml /root/good; echo nonsense = 1 >>/etc/plex-auth.toml");
    fails(&daemon, "nonsense");
    // Its own socket is closed with the process, which has the same exit code.
    let out = world.run(&daemon);
    assert_eq!(out.code, 78, "{out:?}");
    world.sh("! test -e /run/plex-auth/socket; rm /etc/plex-auth.toml");
    fails(&daemon, "/etc/plex-auth.toml");
    world.sh("cp -p /root/good /etc/plex-auth.toml; chmod 777 /var/lib/plex-auth");
    fails(&daemon, "others could change");
    world.sh("chmod 700 /var/lib/plex-auth; sqlite3 /var/lib/plex-auth/state.db 'PRAGMA user_version = 99'");
    fails(&daemon, "newer version");
    fails(&["/usr/sbin/plex-authd"], "refuses to run as root");
    let shadow = ["/usr/sbin/plex-auth-shadow", "--user", "no-such-user"];
    fails(&shadow, "no-such-user");
    // A drop-in with another ListenStream=: nothing may wait at any of the sockets, or systemd starts it again at once.
    fails_with("2", &daemon, "LISTEN_FDS is more than 1");
    fails_with("2", &shadow, "LISTEN_FDS is more than 1");
    // Stopped in that second, it has not failed.
    let stopped = (0..5).map(|_| pass("2", "15", &daemon).0).find(|out| !out.contains(" 78 "));
    assert!(stopped.as_ref().is_some_and(|out| out.contains(" 0 0\n")), "{stopped:?}");
    // The module acts as without a daemon: it is not there.
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
}

#[test]
fn descriptors_that_a_supervisor_left_open_are_closed() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    world.start_authd_behind(&["sh", "-c", "'exec \"$0\" \"$@\" 7>>/root/file'"], &world.config(""));
    let open = world.sh("ls -l /proc/$(pgrep -x plex-authd)/fd").stdout;
    assert!(world.sh("ls /root").stdout.contains("file") && open.contains("socket:"), "{open}");
    assert!(!open.contains("/root/file"), "{open}");
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert!(!world.syslog().contains("left open"), "{}", world.syslog());
}
