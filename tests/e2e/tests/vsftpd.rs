//! FTP over TLS as set up by the page: the real vsftpd, the shipped stack, and curl as the client.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{DEN, Out, World, page_commands, password};
use fakeplex::Endpoint;

const PAGE: &str = "docs/how-to/vsftpd.md";

/// Output of curl for a login: over TLS, unless the options say otherwise.
fn fetch(world: &World, options: &[&str], path: &str, user: &str, password: &str) -> Out {
    // In a file, not on the command line, where every user could read it.
    let netrc = format!("/run/netrc-{user}");
    world.write(&netrc, 0o600, "root:root", &format!("machine den login {user} password {password}\n"));
    let url = format!("ftp://den{path}");
    let curl = ["curl", "-sS", "--max-time", "30", "--netrc-file", &netrc];
    world.run(&[&curl[..], options, &[&url]].concat())
}

fn by_tls(world: &World, path: &str, user: &str, password: &str) -> Out {
    fetch(world, &["--ssl-reqd", "--cacert", "/etc/ssl/certs/vsftpd.pem"], path, user, password)
}

/// curl's exit code for a refused login.
const REFUSED: i32 = 67;

#[test]
fn r55_vsftpd_serves_files_to_friends_only_and_over_tls_only() {
    let Some(world) = World::with_everything(DEN, "[timeouts]\nfriend_list = \"1s\"\n[throttle]\nfree_tries = 20")
    else {
        return;
    };
    world.ready_for_pages();
    world.sh("rm /etc/pam.d/plex-auth; mount -t tmpfs -o mode=755 tmpfs /srv");
    for heading in ["A certificate", "Friends only", "The server"] {
        world.follow(&page_commands(PAGE, heading));
    }
    world.sh("echo film >/srv/media/film; echo secret >/srv/other");

    let listed = by_tls(&world, "/", "alice", &password("alice"));
    assert!(listed.ok() && listed.stdout.contains("film"), "{listed:?}");
    assert_eq!(by_tls(&world, "/film", "alice", &password("alice")).stdout, "film\n");
    world.wait_for_log(&["accepted", "user=\"alice\"", "service=\"vsftpd\"", "127.0.0.1\"", "phase=auth"]);
    world.wait_for_log(&["accepted", "user=\"alice\"", "service=\"vsftpd\"", "phase=account"]);
    // Nothing outside the directory, and no write access.
    assert!(!by_tls(&world, "/../other", "alice", &password("alice")).stdout.contains("secret"));
    let tls = ["--ssl-reqd", "--cacert", "/etc/ssl/certs/vsftpd.pem", "--upload-file", "/etc/hostname"];
    assert!(!fetch(&world, &tls, "/new", "alice", &password("alice")).ok());

    // Refusals are delayed, so all run at once.
    world.plex().reset();
    let others = [
        ("alice", "wrong".to_owned()),
        ("bob", password("bob")),
        ("mallory", password("mallory")),
        ("local", "LOCAL-SECRET".into()),
        ("root", password("olga")),
        ("nobody-here", password("alice")),
    ];
    std::thread::scope(|scope| {
        for (user, typed) in &others {
            let world = &world;
            scope.spawn(move || {
                let out = by_tls(world, "/film", user, typed);
                assert!(out.code == REFUSED && out.stdout.is_empty(), "{user}: {out:?}");
            });
        }
    });
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 1, "the wrong password of a friend, and no other");

    // Without TLS the server does not even accept a password.
    world.plex().reset();
    let clear = fetch(&world, &["-v"], "/film", "alice", &password("alice"));
    assert!(clear.code == REFUSED && clear.stdout.is_empty(), "{clear:?}");
    assert!(clear.stderr.contains("530 Non-anonymous sessions must use encryption."), "{clear:?}");
    assert!(!clear.stderr.contains("PASS "), "it was sent: {clear:?}");
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);

    // With `remember`, plex.tv is contacted once; a removed friend is refused nevertheless.
    world.follow(&page_commands(PAGE, "Cache accepted passwords"));
    world.plex().reset();
    for _ in 0..3 {
        assert_eq!(by_tls(&world, "/film", "alice", &password("alice")).stdout, "film\n");
    }
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 1);
    world.plex().load(&DEN.replace("[\"alice\", ", "["));
    world.sh("sleep 1.2");
    assert_eq!(by_tls(&world, "/film", "alice", &password("alice")).code, REFUSED);
    world.assert_no_secret_leaked();
}
