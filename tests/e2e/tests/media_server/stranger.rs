//! R72: while the media server is stopped, any local user can listen on its port.

use std::fs;

use e2e::{Code, DEN, World, password};
use fakeplex::Endpoint;

use crate::listener::{ADDRESS, INSECURE, Listener};
use crate::logging;

/// Token that no server knows, by which the daemon finds out whether a server rejects any.
const INVALID: &str = "plex-auth-asks-whether-you-say-no";

/// A friend's token for the Den alone.
const FOR_THE_DEN: &str = "ACCESS-SECRET-Den-2";

/// Log line of a login without the media server's answer.
const UNANSWERED: &str = "plex.tv alone accepted the sign-in; the server does not answer";

/// A machine with sshd, on which Mallory is an ordinary local user.
fn machine(further: &str) -> Option<World> {
    let world = World::with_everything(DEN, further)?;
    world.start_sshd();
    assert_eq!(world.account("alice"), Code::SUCCESS);
    Some(world)
}

/// The Den's https address at the port where Mallory listens.
fn secure_address(world: &World) -> String {
    let address = world.media_server("Den");
    format!("{}:32400", address.rsplit_once(':').unwrap().0)
}

/// HTTP status of a request to plex.tv with this token.
fn at_plex_tv(world: &World, token: &str, path: &str) -> String {
    let address = fs::read_to_string(world.shared().join("plex/address")).unwrap();
    let headers = format!("X-Plex-Token: {token}\nX-Plex-Client-Identifier: a-test\n");
    world.write("/run/headers", 0o600, "root:root", &headers);
    let script = format!(
        "curl -s -o /dev/null -w '%{{http_code}}' --cacert /mnt/plex/ca.pem -H @/run/headers {}{path}",
        address.trim_end()
    );
    world.sh(&format!("{script}; rm /run/headers")).stdout
}

#[test]
fn r72_listener_without_the_servers_certificate_gets_no_request() {
    let Some(world) = machine("") else { return };
    let address = secure_address(&world);
    world.stop_authd();
    world.start_authd(&world.config(&format!("server_url = \"{address}\"")));
    let log_in = || {
        let out = logging(&world, 1, UNANSWERED, || world.ssh("password", "alice", &password("alice")));
        assert!(out.ok(), "{out:?}");
        assert!(world.ssh("password", "olga", &password("olga")).ok());
    };
    {
        let listener = Listener::start(&world, "accept");
        log_in();
        let heard = listener.heard();
        assert!(!heard.is_empty() && !heard.contains("HTTP/1"), "nothing but the beginning of TLS: {heard}");
        assert_eq!(listener.tokens(), [""; 0]);
        world.sh("rm /home/mallory/heard");
    }
    {
        let name = address.trim_start_matches("https://").trim_end_matches(":32400");
        let listener = Listener::start_with_tls(&world, name);
        log_in();
        assert_eq!(listener.heard(), "", "the handshake fails");
    }
    // A media server of Mallory's own has a valid certificate, for its own name.
    let shed = "[[server]]\nmachine_id = \"2222222222222222222222222222222222222222\"\nname = \"Shed\"\n\
                owner = \"mallory\"\nlocal = \"normal\"\n";
    let Some(world) = World::with_everything(&format!("{DEN}\n{shed}"), "") else { return };
    let port = world.media_server("Shed").rsplit(':').next().unwrap().to_owned();
    world.start(&["socat", "TCP-LISTEN:32400,bind=127.0.0.1,fork,reuseaddr", &format!("TCP:127.0.0.1:{port}")]);
    world.sh("until ss -lnt | grep -q ':32400 '; do sleep 0.02; done");
    world.stop_authd();
    world.start_authd(&world.config(&format!("server_url = \"{}\"", secure_address(&world))));
    let code = logging(&world, 1, UNANSWERED, || world.authenticate("alice", &password("alice")));
    assert_eq!(code, Code::SUCCESS);
    assert!(world.plex().seen().iter().all(|seen| seen.endpoint != Endpoint::Pms));
}

#[test]
fn r72_owners_login_sends_nothing_to_the_media_server() {
    let Some(world) = machine(&format!("{INSECURE}link_sign_in = true\n")) else { return };
    let listener = Listener::start(&world, "accept");
    assert!(world.ssh("password", "olga", &password("olga")).ok());
    world.wait_for_log(&["accepted", "user=\"olga\"", "service=\"sshd\"", "plex.tv accepted the sign-in"]);
    let mut ssh = world.ssh_terminal("127.0.0.1", "olga", 1);
    let code = ssh.ask_for_code();
    world.approve(&code, "olga");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
    assert_eq!(listener.heard(), "", "not one byte");
    // Without a list, the owner is known by owner_id.
    world.stop_authd();
    let config = world.config(&format!("owner_id = 1\n{INSECURE}")).replace("token = \"TOKEN-SECRET-olga\"\n", "");
    world.start_authd(&config);
    let proof = "plex.tv accepted the sign-in and confirmed access to the server";
    let code = logging(&world, 1, proof, || world.authenticate("olga", &password("olga")));
    assert_eq!(code, Code::SUCCESS);
    assert_eq!(listener.heard(), "", "not one byte");
}

#[test]
fn r72_nothing_that_plex_tv_accepts_reaches_a_listener_over_plain_http() {
    let Some(world) = machine(&format!("{INSECURE}link_sign_in = true\n")) else { return };
    let listener = Listener::start(&world, "accept");
    assert!(world.ssh("password", "alice", &password("alice")).ok());
    world.wait_for_log(&["accepted", "user=\"alice\"", "plex.tv and the media server accepted the sign-in"]);
    assert_eq!(listener.tokens(), [INVALID, FOR_THE_DEN]);
    let mut ssh = world.ssh_terminal("127.0.0.1", "alice", 1);
    let code = ssh.ask_for_code();
    world.approve(&code, "alice");
    ssh.type_line("");
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
    assert_eq!(listener.tokens(), [INVALID, FOR_THE_DEN, INVALID, FOR_THE_DEN]);
    for token in [INVALID, FOR_THE_DEN] {
        for path in ["/api/v2/user", "/api/v2/resources", "/api/users"] {
            assert_eq!(at_plex_tv(&world, token, path), "401", "{path}");
        }
    }
    assert_eq!(at_plex_tv(&world, "TOKEN-SECRET-olga", "/api/v2/user"), "200", "the check itself works");
    // Neither password, nor names, nor anything about the device that plex.tv knows.
    let heard = listener.heard();
    for private in ["PASSWORD", "TOKEN-SECRET", "alice", "olga", "X-Plex-Client", &world.sign_in_id()] {
        let quiet = heard.replace("ACCESS-SECRET-Den-2", "");
        assert!(!quiet.to_lowercase().contains(&private.to_lowercase()), "{private} in {heard}");
    }
    let names = heard.replace("^M", "");
    let mut names: Vec<_> = names.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent", "x-plex-token"]);
    world.stop_authd();
    world.assert_no_secret_leaked();
}

/// plex.tv gives the token of the account itself for a device that the account has registered.
#[test]
fn r72_token_of_the_sign_in_is_not_sent_although_plex_tv_gives_it_for_the_server() {
    let Some(world) = machine(INSECURE) else { return };
    let row = "[[device]]\naccount = \"alice\"\nmachine_id = \"0123456789abcdef0123456789abcdef01234567\"\n\
               provides = \"server\"\nowner_id = 1\n";
    world.plex().load(&format!("{}\n{row}", DEN.replace("shared_with = [\"alice\", ", "shared_with = [")));
    let listener = Listener::start(&world, "accept");
    assert!(world.ssh("password", "alice", &password("alice")).ok());
    world.wait_for_log(&[
        "accepted",
        "user=\"alice\"",
        "plex.tv alone accepted the sign-in; plex.tv shows no token for the server alone",
    ]);
    assert_eq!(listener.tokens(), [INVALID]);
}

#[test]
fn r72_commands_of_root_send_no_token_to_the_media_server() {
    let Some(world) = machine(&format!("owner_id = 1\nclient_identifier = \"0a0b0c0d0e0f\"\n{INSECURE}")) else {
        return;
    };
    let listener = Listener::start(&world, "accept");
    world.write("/run/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    world.preferences(e2e::MACHINE, "SERVER-SECRET");
    let plex = fs::read_to_string(world.shared().join("plex/address")).unwrap();
    let setup = format!("plex-auth setup --plex-url {} --ca-file /mnt/plex/ca.pem --yes --pam=no", plex.trim_end());
    for command in [
        "plex-auth doctor; true",
        "plex-auth doctor --plex; true",
        "plex-auth friends",
        "plex-auth status",
        "plex-auth report --output /root/report.txt",
        "plex-auth test alice; true",
        &format!("{setup} --dry-run"),
        &format!("{setup} --token-file /run/token --server-url {ADDRESS} --server-url-insecure --dry-run"),
        &format!("{setup} --sign-in preferences --dry-run; true"),
    ] {
        world.sh(command);
    }
    assert!(listener.heard().contains("/identity"));
    assert!(listener.tokens().iter().all(|token| token == INVALID), "{:?}", listener.tokens());
    assert!(!listener.heard().contains("SECRET"));
    assert!(!listener.heard().to_lowercase().contains("x-plex-client"), "{}", listener.heard());
    // doctor names the listener's user, and the address that would prove who listens.
    let shown = world.sh("plex-auth doctor; true").stdout;
    for part in [
        "while the server is stopped, any local user can listen at http://127.0.0.1:32400/",
        &format!("--server-url {}", world.media_server("Den")),
        "the process that listens on port 32400 belongs to mallory, not to the media server",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
}
