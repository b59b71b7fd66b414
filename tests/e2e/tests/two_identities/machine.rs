//! A machine whose owner's token was issued to a device of its own.

use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Endpoint, Reissue};

/// The client identifier that the owner's token was issued to.
pub const KEPT: &str = "0123456789abcdef0123456789abcdef";

/// Possible effects of a second sign-in with the same account and identifier.
pub const EVERY: [Reissue; 3] = [Reissue::Rotate, Reissue::Same, Reissue::Keep];

/// Configuration for every test: a friend list that is fetched continuously, and room for many logins.
pub const QUICK: &str = "link_sign_in = true\nlink_services = [\"alone\", \"sudo\"]\n\
                         [timeouts]\nfriend_list = \"1s\"\n[throttle]\nfree_tries = 20\nrejected_per_hour = 1000\n";

/// The Den, with the owner's token issued to this identifier.
pub fn den(identifier: &str) -> String {
    let token = "token = \"TOKEN-SECRET-olga\"\n";
    assert!(DEN.contains(token));
    DEN.replacen(token, &format!("{token}token_client = \"{identifier}\"\n"), 1)
}

/// A machine with the identifier in its configuration, at a plex.tv that issues tokens in this way.
pub fn machine(reissue: Reissue) -> Option<World> {
    let world = World::with_everything(&den(KEPT), &format!("client_identifier = \"{KEPT}\"\n{QUICK}"))?;
    world.plex().send(&Command::Tokens(reissue)).unwrap();
    Some(world)
}

/// Asserts that plex.tv still returns the friend list, and a friend can sign in.
pub fn assert_friend_list_works(world: &World) {
    let lists = || world.plex().counters().of(Endpoint::SharedServers);
    let (before, start) = (lists(), Instant::now());
    // One request may have been in progress already.
    while lists() < before + 2 {
        assert!(start.elapsed() < Duration::from_secs(10), "nobody reads the list any more");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert!(!world.syslog().contains("the friend list cannot be read"), "{}", world.syslog());
}

/// Asserts that every token was used by the device that it was issued to, and no sign-in used the owner's.
pub fn assert_devices_are_kept_apart(world: &World, kept: &str) {
    let sign_ins = world.sign_in_id();
    for seen in world.plex().seen().into_iter().filter(|seen| seen.product.as_deref() == Some("plex-auth")) {
        let id = seen.client_id.as_deref().unwrap_or_default();
        if let Some(device) = &seen.token_client {
            assert_eq!(id, device, "{seen:?}");
        }
        match seen.endpoint {
            Endpoint::Signin | Endpoint::Pins => assert!(id.starts_with(&sign_ins), "{seen:?}"),
            Endpoint::SharedServers | Endpoint::Users => assert_eq!(id, kept, "{seen:?}"),
            _ => {}
        }
    }
}

/// Signs a user in by a link code, at the module alone.
pub fn by_link(world: &World, user: &str, approver: &str, rhost: &str) -> Code {
    let mut login = world.pam_terminal("alone", user, rhost);
    let code = login.ask_for_code();
    world.approve(&code, approver);
    login.verdict()
}

/// True if plex.tv accepts a token.
pub fn is_good(world: &World, token: &str) -> bool {
    let address = std::fs::read_to_string(world.shared().join("plex/address")).unwrap();
    world.write(
        "/run/headers",
        0o600,
        "root:root",
        &format!("X-Plex-Token: {token}\nX-Plex-Client-Identifier: a-test\n"),
    );
    let script = "curl -s -o /dev/null -w '%{http_code}' --cacert /mnt/plex/ca.pem -H @/run/headers";
    let code = world.sh(&format!("{script} {}/api/v2/user", address.trim_end())).stdout;
    world.sh("rm /run/headers");
    code == "200"
}
