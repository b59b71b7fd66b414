//! plex-auth-samba alone: its authorised callers and requests, the program that it runs, and the traces that it leaves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::time::Duration;

use e2e::{Code, DEN, Out, SYNC, World, password};

/// Sends a request to the service and prints the response.
const ASK: &str = "import socket,struct,sys\n\
    order=sys.stdin.buffer.read()\n\
    s=socket.socket(socket.AF_UNIX); s.connect('/run/plex-auth-samba/socket')\n\
    s.sendall(struct.pack('>I',len(order))+order)\n\
    sys.stdout.write(s.makefile('rb').read()[4:].decode())\n";

/// Sends a request as a process of this user.
fn order(world: &World, caller: &str, order: &str) -> Out {
    let line = ["setpriv", "--reuid", caller, "--regid", caller, "--init-groups", "python3", "-c", ASK];
    world.run_with(&line, order)
}

fn set(user: &str, password: &str) -> String {
    format!(
        "{{\"version\":5,\"user\":\"{user}\",\"act\":{{\"password\":{{\"password\":\"{password}\",\"unless\":null}}}}}}"
    )
}

fn entries(world: &World) -> String {
    world.sh("pdbedit -L | cut -d: -f1 | sort | tr '\\n' ' '").stdout
}

#[test]
fn r43_samba_service_accepts_requests_of_plex_authd_only() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    for caller in ["alice", "local", "www-data"] {
        let refused = order(&world, caller, &set("alice", "SMB-SECRET"));
        assert!(!refused.ok() && refused.stderr.contains("PermissionError"), "{caller}: {refused:?}");
    }
    // Root is not restricted by the socket's mode.
    let root = order(&world, "root", &set("alice", "SMB-SECRET"));
    assert_eq!(root.stdout, "", "{root:?}");
    world.wait_for_log(&["plex-auth-samba[", "uid 0 sent a request", "only plex-authd may"]);
    assert_eq!(entries(&world), "");
    let done = order(&world, "plex-auth", &set("alice", "SMB-SECRET"));
    assert!(done.stdout.starts_with("{\"done\""), "{done:?}");
    assert_eq!(world.smb_says("alice", "SMB-SECRET"), "ok");
}

#[test]
fn samba_service_limits_a_compromised_daemon_to_managed_accounts() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    world
        .sh("useradd --system --groups plex-users system-one; useradd --non-unique --uid 0 --groups plex-users toor; \
         useradd --badname --groups plex-users Local; useradd --badname --groups plex-users -- -x");
    let refused = |user: &str, password: &str, why: &str| {
        let out = order(&world, "plex-auth", &set(user, password));
        assert!(out.stdout.starts_with("{\"failed\"") && out.stdout.contains(why), "{user} {password}: {out:?}");
    };
    for (user, why) in [
        ("root", "root and system accounts"),
        ("toor", "root and system accounts"),
        ("system-one", "root and system accounts"),
        ("local", "neither in [users] nor in the group"),
        ("nobody-here", "no such local account"),
        // Samba treats this name as `local`.
        ("Local", "capital letters"),
        ("-x", "no name"),
        ("", "no name"),
    ] {
        refused(user, "SMB-SECRET", why);
    }
    for (typed, why) in [
        ("", "empty"),
        ("a\\nb", "control byte"),
        ("a\\rb", "control byte"),
        ("a\\u0000b", "control byte"),
        ("\\u007f", "control byte"),
        (&"x".repeat(255), "255 bytes"),
    ] {
        refused("alice", typed, why);
    }
    for nonsense in ["", "{}", "x", &set("alice", "x").replace('5', "3"), &set("alice", "x").replace("unless", "when")]
    {
        let out = order(&world, "plex-auth", nonsense);
        assert!(out.stdout.is_empty() || out.stdout.starts_with("{\"failed\""), "{nonsense}: {out:?}");
    }
    assert_eq!(entries(&world), "");
    // Disabled, the service refuses every request immediately.
    world.write_config(&world.config(""));
    refused("alice", "SMB-SECRET", "sync_password is not true");
    world.sh("rm /etc/plex-auth.toml");
    refused("alice", "SMB-SECRET", "cannot be read");
    assert_eq!(entries(&world), "");
}

#[test]
fn r48_smbpasswd_runs_by_absolute_path_with_clean_ids_and_environment() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    world.kill_samba_service();
    world.sh("mv /usr/bin/smbpasswd /usr/bin/smbpasswd.real; mkdir -p /run/evil; chmod 777 /run/evil");
    // The sandbox lets it write to few places. The shell reads its status itself, since it blocks all signals while it starts
    // another program. Entries of other members are disabled, at times of their own.
    let spy = "#!/bin/sh\n[ \"$3\" = alice ] || exec /usr/bin/smbpasswd.real \"$@\"\n\
               { while IFS= read -r line; do case $line in Uid*|Gid*|Umask*|SigBlk*) echo \"$line\" ;; esac; \
               done </proc/$$/status; tr '\\0' ' ' </proc/$$/cmdline; echo; grep 'core file' /proc/$$/limits; \
               echo environment:$(tr '\\0' ' ' </proc/$$/environ); pwd; \
               for fd in /proc/$$/fd/*; do readlink $fd; done; } >/run/samba/new 2>&1\nmv /run/samba/new /run/samba/seen\n\
               exec /usr/bin/smbpasswd.real \"$@\"\n";
    world.write("/usr/bin/smbpasswd", 0o755, "root:root", spy);
    // The worst possible start: another real user, hostile variables, an open descriptor, core dumps enabled.
    let badly = "exec 7</etc/shadow; ulimit -c unlimited; umask 000; cd /run/evil; exec env PATH=/run/evil \
                 LD_PRELOAD= SMB_CONF_PATH=/run/evil/smb.conf HOME=/run/evil IFS=x /usr/bin/setpriv --ruid 1001 \
                 /usr/sbin/plex-auth-samba";
    world.write("/run/badly", 0o755, "root:root", &format!("#!/bin/sh\n{badly}\n"));
    world.start_samba_service_behind(&["strace -f -v -s 300 -o /run/trace -e trace=execve", "/run/badly"]);
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_smb("alice", &password("alice"), "ok");
    let seen = world.sh("cat /run/samba/seen").stdout;
    for line in [
        "/bin/sh /usr/bin/smbpasswd -s -a alice ",
        "Uid:\t0\t0\t0\t0",
        "Gid:\t0\t0\t0\t0",
        "Umask:\t0077",
        "SigBlk:\t0000000000000000",
        "environment:",
        "/",
    ] {
        assert!(seen.lines().any(|seen| seen == line), "no line {line:?} in:\n{seen}");
    }
    let core = seen.lines().find(|line| line.contains("core file")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    assert!(!seen.contains("shadow") && !seen.contains("socket:"), "{seen}");
    // The service itself executes only this program, without environment and without a secret in the arguments.
    let trace = world.sh("cat /run/trace").stdout;
    let after = trace.split_once("execve(\"/usr/sbin/plex-auth-samba\"").unwrap().1;
    // The shell of the script above sets PWD.
    let run: Vec<&str> =
        after.lines().filter(|line| line.contains("execve(") && !line.contains("[\"PWD=/\"]")).collect();
    let is_smbpasswd = |line: &&str, arguments: &str| {
        line.contains("execve(\"/usr/bin/smbpasswd\", [\"/usr/bin/smbpasswd\", ")
            && line.contains(&format!("{arguments}], []"))
    };
    assert!(run.iter().all(|line| is_smbpasswd(line, "")), "{run:#?}");
    assert!(run.iter().any(|line| is_smbpasswd(line, "\"-s\", \"-a\", \"alice\"")), "{run:#?}");
    assert!(!trace.contains("PASSWORD-SECRET"), "{trace}");
    let created = world.sh("stat -c '%a %U' /var/lib/samba/private/passdb.tdb; ls -A /run/evil").stdout;
    assert_eq!(created, "600 root\n");
    world.assert_no_secret_leaked();
}

#[test]
fn r44_password_leaves_no_trace_in_either_process_and_no_core_dump() {
    let Some(world) = World::with_samba(DEN, SYNC) else { return };
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.wait_for_smb("alice", &password("alice"), "ok");
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    std::thread::sleep(Duration::from_secs(1));
    assert!(!world.traces("plex-auth-samba", "plex-auth.toml").is_empty(), "the search finds nothing at all");
    for program in ["plex-auth-samba", "plex-authd"] {
        let found = world.traces(program, "PASSWORD-SECRET");
        assert!(found.is_empty(), "{program}: {}", found.join("\n"));
    }
    let found = world.traces("plex-auth-samba", "TOKEN-SECRET");
    assert!(found.is_empty(), "the owner's token: {}", found.join("\n"));
    world.sh("pkill -SEGV -x plex-auth-samba; sleep 0.2; pkill -SEGV -x plex-auth-samba; sleep 0.5");
    assert!(!world.run(&["pgrep", "-x", "plex-auth-samba"]).ok());
    let cores =
        world.sh("find /var/lib/samba /run/plex-auth-samba /run /tmp / -maxdepth 1 -name '*core*' 2>/dev/null; true");
    assert_eq!(cores.stdout, "");
    world.assert_no_secret_leaked();
}
