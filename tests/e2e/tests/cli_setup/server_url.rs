//! R72: `server_url` is written only if the owner asks for it, and leads to where a certificate proves who listens.

use e2e::{DEN, Out, World};

use crate::machine::{file, machine, machine_with_server, script, token_file};

const INSECURE: &str = "http://127.0.0.1:32400";

/// The line of the file, if there is one.
fn lines(world: &World) -> Vec<String> {
    file(world).lines().filter(|line| line.starts_with("server_url")).map(str::to_owned).collect()
}

fn run(world: &World, further: &[&str]) -> Out {
    script(world, &[&["--yes", "--pam=no"], further].concat())
}

#[test]
fn r72_setup_writes_the_address_that_plex_tv_shows_if_the_owner_asks_for_it() {
    let Some(world) = machine_with_server() else { return };
    assert!(run(&world, &[]).ok());
    assert_eq!(lines(&world), [""; 0], "it never decides so by itself");
    let address = world.media_server("Den");
    let expected = [format!("server_url = \"{address}\"")];
    let out = run(&world, &["--server-url", "auto"]);
    assert!(out.ok(), "{out:?}");
    assert_eq!(lines(&world), expected);
    // Later runs keep it, while the server is stopped as well.
    assert!(run(&world, &[]).ok());
    world.sh("pkill -x socat");
    assert!(run(&world, &[]).ok());
    assert_eq!(lines(&world), expected);
    assert!(run(&world, &["--server-url", &address]).ok());
    assert_eq!(lines(&world), expected);
    assert!(run(&world, &["--server-url", ""]).ok());
    assert_eq!(lines(&world), [""; 0]);
    // An address at which another server answers, or none, is not taken from plex.tv.
    world.sh("grep -v plex.direct /etc/hosts >/run/hosts; cat /run/hosts >/etc/hosts");
    let out = run(&world, &["--server-url", "auto"]);
    assert!(
        out.code == 1 && out.stderr.contains(&format!("Den does not answer at {address}, https://203-0-113-5.")),
        "{out:?}"
    );
    assert_eq!(lines(&world), [""; 0]);
}

#[test]
fn r72_setup_allows_plain_http_with_an_option_of_its_own() {
    let Some(world) = machine_with_server() else { return };
    let out = run(&world, &["--server-url", INSECURE]);
    assert!(out.code == 1 && out.stderr.contains("or allow it: --server-url-insecure"), "{out:?}");
    assert!(run(&world, &["--server-url", INSECURE, "--server-url-insecure"]).ok());
    let insecure = [format!("server_url = \"{INSECURE}\""), "server_url_insecure = true".to_owned()];
    assert_eq!(lines(&world), insecure);
    assert!(run(&world, &[]).ok());
    assert_eq!(lines(&world), insecure);
    assert!(run(&world, &["--server-url", "auto"]).ok());
    assert_eq!(lines(&world), [format!("server_url = \"{}\"", world.media_server("Den"))]);
    assert!(run(&world, &["--server-url", INSECURE, "--server-url-insecure"]).ok());
    assert!(run(&world, &["--server-url", ""]).ok());
    assert_eq!(lines(&world), [""; 0]);
}

#[test]
fn r72_address_of_an_earlier_setup_is_refused_everywhere_and_setup_takes_it_out() {
    let Some(world) = machine(DEN) else { return };
    assert!(run(&world, &["--token-file", token_file(&world)]).ok());
    world.sh(&format!("sed -i '/^group/a server_url = \"{INSECURE}\"' /etc/plex-auth.toml"));
    let parts = ["plex-auth.toml:", "any local user can listen there", "plex-auth setup", "server_url_insecure = true"];
    for command in ["plex-auth config check", "plex-auth doctor"] {
        let shown = world.sh(&format!("{command} 2>&1; true")).stdout;
        assert!(parts.iter().all(|part| shown.contains(part)), "{command}:\n{shown}");
    }
    assert!(!world.run(&["/usr/sbin/plex-authd", "--user", "plex-auth"]).ok());
    world.wait_for_log(&parts);
    let out = run(&world, &[]);
    assert!(out.ok(), "{out:?}");
    for part in [
        "warning: server_url = \"http://127.0.0.1:32400\" is left out, so plex.tv decides alone: ",
        &format!("--server-url auto, or with that risk: --server-url {INSECURE} --server-url-insecure"),
    ] {
        assert!(out.stderr.contains(part), "{part}: {out:?}");
    }
    assert_eq!(lines(&world), [""; 0]);
    assert!(world.run(&["plex-auth", "config", "check"]).ok());
}
