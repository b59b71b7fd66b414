//! A local media server that requires secure connections closes every other without an answer.

use e2e::{DEN, MACHINE};

use crate::machine::{PREFERENCES, file, machine, preferences, script, token_file};

#[test]
fn setup_names_the_option_for_a_server_that_requires_secure_connections() {
    let Some(world) = machine(DEN) else { return };
    let usual = ["--yes", "--pam=no", "--dry-run", "--token-file", token_file(&world)];
    let secure =
        "--server-url https://127-0-0-1.HASH.plex.direct:32400 (HASH is CertificateUUID in its Preferences.xml)";
    let run = |further: &[&str]| script(&world, &[&usual, further].concat());
    let out = run(&[]);
    assert!(out.ok() && !out.stderr.contains("plex.direct"), "nothing listens: {out:?}");
    world.start(&["socat", "TCP-LISTEN:32400,bind=127.0.0.1,fork,reuseaddr", "SYSTEM:'sleep 0.1'"]);
    world.sh("until ss -lnt | grep -q ':32400 '; do sleep 0.02; done");
    let out = run(&[]);
    assert!(
        out.ok() && out.stderr.contains("warning: no Plex Media Server answers at http://127.0.0.1:32400"),
        "{out:?}"
    );
    assert!(out.stderr.contains(secure), "{out:?}");
    let out = run(&["--server-url", "http://127.0.0.1:32400"]);
    assert!(out.code == 1 && out.stderr.contains(secure), "{out:?}");
    // The server's preferences name its certificate.
    preferences(&world, MACHINE, "OLD-SECRET");
    world.sh(&format!("sed -i 's/PlexOnlineToken/CertificateUUID=\"0123abcd\" PlexOnlineToken/' '{PREFERENCES}'"));
    for further in [&[][..], &["--server-url", "http://127.0.0.1:32400"], &["--preferences", PREFERENCES]] {
        let out = run(further);
        assert!(
            out.stderr.contains("--server-url https://127-0-0-1.0123abcd.plex.direct:32400\n"),
            "{further:?}: {out:?}"
        );
    }
    // That address is accepted in the configuration.
    let out = script(&world, &["--yes", "--pam=no", "--token-file", token_file(&world)]);
    assert!(out.ok() && !file(&world).contains("server_url"), "{out:?}");
    let server = "https://127-0-0-1.0123abcd.plex.direct:32400";
    world.sh(&format!("sed -i '/^group/a server_url = \"{server}\"' /etc/plex-auth.toml; plex-auth config check"));
}
