//! A machine whose owner's token was given to a device of its own.

use std::time::{Duration, Instant};

use e2e::{Code, DEN, World, password};
use fakeplex::{Command, Endpoint, Reissue};

/// The identifier that the owner's token was given to.
pub const KEPT: &str = "0123456789abcdef0123456789abcdef";

/// What a second sign-in of the same account and identifier may do.
pub const EVERY: [Reissue; 3] = [Reissue::Rotate, Reissue::Same, Reissue::Keep];

/// What every test needs: a list that is read all the time, and room for many logins.
pub const QUICK: &str = "link_sign_in = true\nlink_services = [\"alone\", \"sudo\"]\n\
                         [timeouts]\nfriend_list = \"1s\"\n[throttle]\nfree_tries = 20\nrejected_per_hour = 1000\n";

/// The Den, whose owner's token was given to this identifier.
pub fn den(identifier: &str) -> String {
    let token = "token = \"TOKEN-SECRET-olga\"\n";
    assert!(DEN.contains(token));
    DEN.replacen(token, &format!("{token}token_client = \"{identifier}\"\n"), 1)
}

/// A machine whose configuration has the identifier, at a plex.tv that hands out tokens in this way.
pub fn machine(reissue: Reissue) -> Option<World> {
    let world = World::with_everything(&den(KEPT), &format!("client_identifier = \"{KEPT}\"\n{QUICK}"))?;
    world.plex().send(&Command::Tokens(reissue)).unwrap();
    Some(world)
}

/// plex.tv shows the friend list still, and so a friend signs in.
pub fn assert_the_list_works(world: &World) {
    let lists = || world.plex().counters().of(Endpoint::SharedServers);
    let (before, start) = (lists(), Instant::now());
    // One may have been under way already.
    while lists() < before + 2 {
        assert!(start.elapsed() < Duration::from_secs(10), "nobody reads the list any more");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    assert!(!world.syslog().contains("the friend list cannot be had"), "{}", world.syslog());
}

/// Every token went to plex.tv as the device that it was given to, and nobody signed in as the one that holds the owner's.
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

/// Signs somebody in by a link code, at the module alone.
pub fn by_link(world: &World, user: &str, approver: &str, rhost: &str) -> Code {
    let mut login = world.pam_terminal("alone", user, rhost);
    let code = login.ask_for_code();
    world.approve(&code, approver);
    login.verdict()
}

/// Whether plex.tv still takes a token.
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
