//! A local media server that requires secure connections closes every other without an answer.

use e2e::{DEN, MACHINE, SERVER_TOKEN, with_server_token};

use crate::machine::{PREFERENCES, file, machine, preferences, script, token_file};

#[test]
fn setup_finds_a_server_that_requires_secure_connections_by_the_name_in_its_certificate() {
    let Some(world) = machine(&with_server_token(DEN)) else { return };
    let usual = ["--yes", "--pam=no", "--dry-run", "--token-file", token_file(&world)];
    let out = script(&world, &usual);
    assert!(out.ok() && !out.stderr.contains("plex.direct"), "nothing listens: {out:?}");
    // Only TLS gets through to the server.
    let port = world.media_server("Den").rsplit(':').next().unwrap().to_owned();
    world.write(
        "/run/secure-only.py",
        0o644,
        "root:root",
        &format!(
            "import os, socket, subprocess\n\
             s = socket.create_server(('127.0.0.1', 32400))\n\
             while True:\n    c = s.accept()[0]\n    if c.recv(1, socket.MSG_PEEK) == b'\\x16':\n        \
             subprocess.Popen(['socat', '-', 'TCP:127.0.0.1:{port}'], stdin=c, stdout=c)\n    c.close()\n"
        ),
    );
    world.start(&["python3", "/run/secure-only.py"]);
    world.sh("until ss -lnt | grep -q ':32400 '; do sleep 0.02; done");
    let out = script(&world, &usual);
    assert!(
        out.ok() && out.stderr.contains("warning: no Plex Media Server answers at http://127.0.0.1:32400"),
        "{out:?}"
    );
    assert!(
        out.stderr.contains("127-0-0-1.HASH.plex.direct (HASH is CertificateUUID in its Preferences.xml)"),
        "{out:?}"
    );
    // The server's preferences name its certificate.
    preferences(&world, MACHINE, SERVER_TOKEN);
    let hash = &MACHINE[..32];
    world.sh(&format!("sed -i 's/PlexOnlineToken/CertificateUUID=\"{hash}\" PlexOnlineToken/' '{PREFERENCES}'"));
    let out = script(&world, &["--yes", "--pam=no"]);
    let found = format!("✓ Plex Media Server: Den, https://127-0-0-1.{hash}.plex.direct:32400");
    assert!(out.ok() && out.stdout.contains(&found), "{out:?}");
    assert!(out.stdout.contains("✓ The owner: olga, by a code that the media server approved"), "{out:?}");
    assert!(!file(&world).contains("server_url"), "{}", file(&world));
    // An address that never answers is not written, but the one that does.
    let http = "http://127.0.0.1:32400";
    let out = script(&world, &["--yes", "--pam=no", "--server-url", http, "--server-url-insecure"]);
    assert!(
        out.ok() && out.stderr.contains(&format!("{http} does not answer, and https://127-0-0-1.{hash}")),
        "{out:?}"
    );
    let written = format!("server_url = \"https://127-0-0-1.{hash}.plex.direct:32400\"");
    let shown = file(&world);
    assert!(shown.contains(&written) && !shown.contains("server_url_insecure"), "{shown}");
    assert!(script(&world, &["--yes", "--pam=no", "--server-url", ""]).ok());
    // Where the name does not resolve, it is said.
    world.sh("grep -v plex.direct /etc/hosts >/run/hosts; cat /run/hosts >/etc/hosts");
    let out = script(&world, &["--yes", "--pam=no", "--dry-run"]);
    let hint = format!("this name must lead to it: 127-0-0-1.{hash}.plex.direct\n");
    assert!(out.ok() && out.stderr.contains(&hint), "{out:?}");
}
