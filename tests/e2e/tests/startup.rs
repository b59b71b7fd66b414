//! R14: the daemon looks up accounts, and the program that starts it may ask about accounts; neither waits for the
//! other forever.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password, within};

/// Passes a socket to a program, as systemd does, while a connection waits there, and makes another one half a second later.
/// Prints what each of the two has read, the exit code of the program, and its seconds of processor time.
const PASS: &str = "import os,resource,socket,sys,time\n\
    path='/run/passed'; listener=socket.socket(socket.AF_UNIX); listener.bind(path); listener.listen()\n\
    def connect():\n  s=socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(path); return s\n\
    first=connect(); pid=os.fork()\n\
    if pid==0:\n\
    \x20 os.dup2(listener.fileno(),3); os.environ.update(LISTEN_FDS='1',LISTEN_PID=str(os.getpid()))\n\
    \x20 os.set_inheritable(3,True); os.execv(sys.argv[1],sys.argv[1:])\n\
    read=first.recv(1); time.sleep(0.5); read+=connect().recv(1); os.unlink(path)\n\
    code=os.waitstatus_to_exitcode(os.waitpid(pid,0)[1])\n\
    print(read,code,int(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime))\n";

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
    let fails = |program: &[&str], why: &str| {
        let start = Instant::now();
        let (out, log) = world.logged(|| world.run(&[&["python3", "-c", PASS], program].concat()));
        assert_eq!(out.stdout, "b'' 78 0\n", "{program:?}: {out:?}\n{log}");
        assert!(start.elapsed() < Duration::from_secs(15), "{program:?}: {:?}", start.elapsed());
        assert_eq!(log.matches("cannot run: ").count(), 1, "{log}");
        assert!(log.contains(why), "{log}");
    };
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
    fails(&["/usr/sbin/plex-auth-shadow", "--user", "no-such-user"], "no-such-user");
    // The module acts as without a daemon: it is not there.
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
}
