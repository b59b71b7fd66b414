//! `plex-auth report`: a file without anything private that still tells what happened.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, MACHINE, World, as_user, password};

/// Texts that no report may contain, upper and lower case aside.
const PRIVATE: [&str; 24] = [
    "hunter2",
    "olga",
    "alice",
    "zoeu",
    "Ünïcödé",
    "Bundy",
    "example.org",
    "familie",
    "attic",
    "203.0.113",
    "fd12:",
    "::42",
    "789a",
    MACHINE,
    "0a0b0c0d0e0f",
    "7654321",
    "8123456",
    "8123457",
    "8123458",
    "bobsproxy",
    "notify.sh",
    "02:00:5e",
    "token.private",
    "ca.pem",
];

/// Where the report is written.
const FILE: &str = "/root/report.txt";

/// A friend's account and their access to the Den.
fn friend(id: u32, name: &str, email: &str) -> String {
    format!(
        "\n[[account]]\nid = {id}\nusername = \"{name}\"\nemail = \"{email}\"\npassword = \"{}\"\nfriend_of = [\"olga\"]\n",
        password(email)
    )
}

/// A machine whose people have names that are hard to find, or that are words of the log.
fn machine() -> Option<World> {
    let world = World::new()?;
    world.sh("rm /etc/pam.d/alone /etc/pam.d/every; hostname olgas-attic");
    world.sh("ip addr add 203.0.113.77/32 dev lo; ip -6 addr add fd12:3456:789a::42/128 dev lo nodad; \
              ip link add eth7 address 02:00:5e:11:22:33 type dummy 2>/dev/null || true");
    for name in ["zoeu", "al", "user", "denied", "olga", "mark"] {
        world.add_user(name, true, None);
    }
    world.add_user("bobsproxy", false, Some("LOCAL-SECRET"));
    let friends = [
        friend(7_654_321, "Zoë Ünïcödé Bundy", "zoe.private@familie.example"),
        friend(8_123_456, "al", "al@familie.example"),
        friend(8_123_457, "user", "user@familie.example"),
        friend(8_123_458, "denied", "denied@familie.example"),
    ];
    let shared = "shared_with = [\"Zoë Ünïcödé Bundy\", \"al\", \"user\", \"denied\", ";
    world.start_plex(&(DEN.replace("shared_with = [", shared) + &friends.concat()));
    let server = world.media_server("Den");
    world.write("/etc/token.private", 0o640, "root:plex-auth", "TOKEN-SECRET-olga\n");
    let further = format!(
        "owner_id = 1\nclient_identifier = \"0a0b0c0d0e0f\"\nserver_url = \"{server}\"\ntrusted_callers = [\"bobsproxy\"]\n\
         [users]\nzoeu = \"zoe.private@familie.example\"\nal = \"8123456\"\n[cache]\nremember = \"5m\"\n"
    );
    let config = world.config(&further).replace("token = \"TOKEN-SECRET-olga\"", "token_file = \"/etc/token.private\"");
    let service = "# olga's own service\nauth include plex-auth\naccount include plex-auth\n\
                   session optional pam_exec.so seteuid /home/olga/notify.sh key=PAM-SECRET\n";
    world.write("/etc/pam.d/olgas-service", 0o644, "root:root", service);
    world.start_sshd();
    world.start_authd(&config);
    Some(world)
}

/// Logins that succeed and that fail, and a password that was typed as a name.
fn log_in(world: &World) {
    let from = "203.0.113.77";
    assert!(
        world.ssh_from(from, "password", "zoeu", &password("zoe.private@familie.example")).ok(),
        "{}",
        world.syslog()
    );
    assert!(world.ssh("password", "al", &password("al@familie.example")).ok());
    for name in ["user", "denied", "hunter2-SECRET-typed"] {
        assert!(!world.ssh_from(from, "password", name, "WRONG-SECRET").ok());
    }
    world.wait_for_log(&["denied user=\"denied\"", "wrong password"]);
    world.wait_for_log(&["user=\"hunter2-SECRET-typed\""]);
}

/// Runs the command, and returns what it wrote to the file.
fn report(world: &World, further: &[&str]) -> String {
    let out = world.run(&[&["plex-auth", "report", "--output", FILE], further].concat());
    assert!(
        out.ok() && out.stdout.contains("/root/report.txt is written") && out.stdout.contains("read it before"),
        "{out:?}"
    );
    assert_eq!(world.sh(&format!("stat -c '%a %U' {FILE}")).stdout, "600 root\n");
    let text = world.sh(&format!("cat {FILE}; rm {FILE}")).stdout;
    assert!(!text.contains("SECRET"), "{text}");
    let lower = text.to_lowercase();
    for private in PRIVATE {
        let found = lower.contains(&private.to_lowercase());
        assert!(!found, "{private} is in the report:\n{text}");
    }
    // A given name that is also a word of the messages.
    let mark = lower.split(|c: char| !c.is_alphanumeric()).any(|word| word == "mark");
    assert!(!mark, "mark is in the report:\n{text}");
    text
}

#[test]
fn r41_report_has_nothing_private_and_all_that_is_needed() {
    let Some(world) = machine() else { return };
    log_in(&world);
    let text = report(&world, &[]);
    for needed in [
        concat!("plex-auth ", env!("CARGO_PKG_VERSION")),
        concat!("plex-authd ", env!("CARGO_PKG_VERSION")),
        "distribution debian ",
        "fail2ban: it is installed",
        "not requested; plex-auth report --plex adds them",
        "configuration: /etc/plex-auth.toml is understood and kept private",
        "token = (hidden)\n",
        "token_file = /etc/path-",
        "strict_friends = true\n",
        "group = plex-users\n",
        "cache.remember = 5m\n",
        "throttle.free_tries = 3\n",
        "link_services = sshd, login\n",
        "/etc/pam.d/plex-auth\n",
        "/etc/pam.d/sshd\n",
        "    auth include plex-auth\n",
        "    session optional pam_exec.so ",
        " phase=auth caller=0 ms=",
        ": wrong password\n",
        ": plex.tv and the media server accepted the sign-in\n",
    ] {
        assert!(text.contains(needed), "{needed} is not in:\n{text}");
    }
    // Names that are words of the log are replaced in their place, and stay as words.
    for name in ["user", "denied", "al"] {
        assert!(
            !text.contains(&format!("user=\"{name}\"")) && !text.contains(&format!("users.{name} ")),
            "{name}:\n{text}"
        );
    }
    let denied = text.lines().filter(|line| line.contains("plex-authd: denied user=\"user-")).count();
    assert!(denied >= 2, "{text}");
    // The same person has the same label in the configuration and in the log.
    let mapped = text.lines().find(|line| line.starts_with("users.user-") && line.ends_with("email-1"));
    let user =
        mapped.and_then(|line| line.strip_prefix("users.")?.split(' ').next()).unwrap_or_else(|| panic!("{text}"));
    assert!(text.contains(&format!("accepted user=\"{user}\" plex_id=id-")), "{user}:\n{text}");
}

#[test]
fn report_with_plex_adds_shapes_and_sends_each_request_once() {
    let Some(world) = machine() else { return };
    world.stop_authd();
    world.plex().reset();
    let text = report(&world, &["--plex"]);
    assert!(text.contains("plex-authd does not answer\n"), "{text}");
    assert!(
        text.contains("ok      GET /api/users: as expected: status 200, application/xml; 1 MediaContainer"),
        "{text}"
    );
    assert!(text.contains("userID (number) in all"), "{text}");
    assert!(text.contains("; not used: friendlyName, identifier, ") && text.contains("allLibraries"), "{text}");
    assert!(text.contains("GET /api/v2/user: as expected"), "{text}");
    let of = |endpoint| world.plex().counters().of(endpoint);
    assert_eq!((of(fakeplex::Endpoint::Users), of(fakeplex::Endpoint::SharedServers)), (1, 1));
    let out = world.run(&["plex-auth", "report", "--output", FILE, "--plex"]);
    assert!(out.stderr.contains("This sends the requests of `plex-auth doctor --plex`"), "{out:?}");
}

#[test]
fn report_is_written_without_a_usable_configuration() {
    let Some(world) = machine() else { return };
    world.sh("sed -i 's/^machine_id/zoeu-typed-this/' /etc/plex-auth.toml");
    let text = report(&world, &[]);
    assert!(text.contains("it cannot be read; doctor says why") && text.contains("there is no key"), "{text}");
}

#[test]
fn r67_report_overwrites_nothing_and_is_not_written_where_others_can() {
    let Some(world) = World::new() else { return };
    let fails = |arguments: &[&str], words: &[&str]| {
        let out = world.run(arguments);
        assert!(out.code == 1 && words.iter().all(|word| out.stderr.contains(word)), "{words:?}: {out:?}");
    };
    world.sh("echo mine >/root/there; ln -s /root/there /root/link; mkdir -m 777 /root/open; mkdir /root/folder");
    for taken in ["/root/there", "/root/link"] {
        fails(&["plex-auth", "report", "--output", taken], &[taken, "already exists", "--output FILE"]);
    }
    assert_eq!(world.sh("cat /root/there").stdout, "mine\n");
    fails(&["plex-auth", "report", "--output", "/root/folder"], &["is not a regular file", "--output FILE"]);
    fails(&["plex-auth", "report", "--output", "/root/open/report"], &["/root/open: has mode 0777", "chmod go-w"]);
    fails(&["plex-auth", "report", "--output", "/root/none/report"], &["/root/none", "--output FILE"]);
    // An interrupted run leaves nothing in the way of the next one.
    let stopped = "timeout -s INT 0.2 plex-auth report --output /root/stopped; [ $? != 124 ] || [ ! -e /root/stopped ]";
    assert!(world.run(&["sh", "-c", stopped]).ok(), "an interrupted run leaves a file");
    world.add_user("local", false, None);
    fails(&as_user("local", &["plex-auth", "report"]), &["only root may do this", "sudo plex-auth report"]);
    // The default name, in the current directory.
    world.sh("cd /root/folder && plex-auth report && ls | grep -Eqx 'plex-auth-report-[0-9-]+\\.txt'");
}
