//! `plex-auth doctor --plex`: the shapes of real answers, without their content.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test may panic")]

use e2e::{Code, DEN, Out, World, password};
use fakeplex::{Command, Endpoint, Fault, ListShape};
use serde_json::Value;

/// Names of the requests that need no password, in their order.
const READ_ONLY: [&str; 6] = [
    "GET /api/v2/user",
    "GET /api/users",
    "GET /api/servers/{machine_id}/shared_servers",
    "GET /api/v2/resources",
    "GET /identity",
    "GET /",
];

const SHARES: &str = READ_ONLY[2];

/// A machine whose daemon does not run.
fn machine(further: &str) -> Option<World> {
    let world = World::new()?;
    world.start_plex(DEN);
    let identifier = "client_identifier = \"0a0b0c0d0e0f\"\nowner_id = 1\n";
    let server = format!("server_url = \"{}\"\n", world.media_server("Den"));
    world.write_config(&world.config(&format!("{identifier}{server}{further}")));
    Some(world)
}

fn compare(world: &World) -> (Out, Vec<Value>) {
    let out = world.run(&["plex-auth", "doctor", "--plex", "--json"]);
    let lines: Vec<Value> = serde_json::from_str(&out.stdout).unwrap_or_else(|error| panic!("{error}: {out:?}"));
    assert_no_content(world, &format!("{}{}", out.stdout, out.stderr));
    (out, lines)
}

/// Asserts that neither the screen nor a file has anything of the Den's people.
fn assert_no_content(world: &World, shown: &str) {
    for content in ["SECRET", "example.org", "alice", "erin", "frank", "carol", e2e::MACHINE, "1700", "Den"] {
        assert!(!shown.contains(content), "{content} in {shown}");
    }
    world.assert_no_secret_leaked();
}

fn line<'a>(lines: &'a [Value], name: &str) -> &'a Value {
    lines.iter().find(|line| line["name"] == name).unwrap_or_else(|| panic!("{name}: {lines:#?}"))
}

/// Asserts status and words of a request's line.
fn assert_line(lines: &[Value], name: &str, status: &str, words: &[&str]) {
    let found = line(lines, name);
    let what = found["what"].as_str().unwrap();
    assert!(found["status"] == status && words.iter().all(|word| what.contains(word)), "{words:?}: {found:#}");
}

#[test]
fn r41_doctor_plex_compares_each_answer_once_and_shows_no_content() {
    let Some(world) = machine("") else { return };
    world.plex().reset();
    let (out, lines) = compare(&world);
    assert_eq!(out.code, 0, "{lines:#?}");
    for name in READ_ONLY {
        assert_line(&lines, name, "ok", &["as expected: status "]);
        assert!(out.stderr.contains(name), "{name} was not announced: {}", out.stderr);
    }
    assert_line(&lines, "GET /api/v2/user", "ok", &["application/json", "1 object: id (number), username (text)"]);
    let shares = [
        "xml; 1 MediaContainer: size (number), totalSize (number); 4 SharedServer: userID (number) in all, acceptedAt (number) in 3 of 4",
    ];
    assert_line(&lines, SHARES, "ok", &shares);
    assert_line(&lines, "GET /", "ok", &["status 401"]);
    let counters = world.plex().counters();
    for endpoint in [Endpoint::User, Endpoint::Users, Endpoint::SharedServers, Endpoint::Resources] {
        assert_eq!(counters.of(endpoint), 1, "{endpoint:?}: {counters:?}");
    }
    assert_eq!(counters.total(), 4, "{counters:?}");
    let seen = world.plex().seen();
    assert!(seen.iter().all(|seen| seen.method == "GET"), "{seen:?}");
    // R72: the media server never sees the owner's token.
    let pms: Vec<_> = seen.iter().filter(|seen| seen.endpoint == Endpoint::Pms).collect();
    assert!(pms.len() == 2 && pms.iter().all(|seen| seen.token_of.is_none()), "{pms:?}");
    let text = world.run(&["plex-auth", "doctor", "--plex"]);
    assert!(text.ok() && text.stdout.contains("✓ GET /api/users: as expected: status 200"), "{text:?}");
}

#[test]
fn doctor_plex_names_each_change_of_the_list_of_shares() {
    let Some(world) = machine("") else { return };
    for (shape, words) in [
        (ListShape::NoAcceptedAt, "acceptedAt is missing in 4 of 4 rows"),
        (ListShape::RenamedId, "userID is missing in 4 of 4 rows"),
        (ListShape::RenamedRow, "it counts 4 rows and has 0"),
        (ListShape::ShortOfSize, "it counts 5 rows and has 4"),
        (ListShape::OddRow, "userID is missing in 1 of 5 rows"),
        (ListShape::Forbidden, "status 403 in place of 200 to 299"),
        (ListShape::Forbidden1080, "status 403, code 1080"),
        (ListShape::NotFound, "status 404"),
        (ListShape::Gone, "status 410"),
        (ListShape::Page, "it is no"),
    ] {
        world.plex().send(&Command::Shape(Endpoint::SharedServers, shape)).unwrap();
        let (out, lines) = compare(&world);
        assert_eq!(out.code, 3, "{shape:?}: {lines:#?}");
        assert_line(&lines, SHARES, "warning", &["differs: ", words]);
        let hint = line(&lines, SHARES)["hint"].as_str().unwrap();
        assert!(hint.contains("second source") && hint.contains("plex-auth report --plex"), "{hint}");
        world.plex().clear_faults();
    }
    // Tokens of other people are not relied on, and their absence changes nothing.
    for shape in [ListShape::NoAccessToken, ListShape::Empty] {
        world.plex().send(&Command::Shape(Endpoint::SharedServers, shape)).unwrap();
        assert_eq!(compare(&world).0.code, 0, "{shape:?}");
    }
}

#[test]
fn doctor_plex_accepts_every_spelling_that_the_client_reads() {
    let Some(world) = machine("") else { return };
    for fault in [Fault::OddShape, Fault::Bare] {
        world.plex().fault(Endpoint::All, fault.clone());
        let (out, lines) = compare(&world);
        assert_eq!(out.code, 0, "{fault:?}: {lines:#?}");
        world.plex().clear_faults();
    }
}

#[test]
fn doctor_plex_tells_a_dead_token_and_a_rate_limit_from_a_changed_shape() {
    let Some(world) = machine("") else { return };
    world.plex().fault(Endpoint::Users, Fault::Status(429, String::new()));
    world.plex().reset();
    let (out, lines) = compare(&world);
    assert_eq!(out.code, 3, "{lines:#?}");
    assert_line(&lines, "GET /api/users", "warning", &["status 429"]);
    assert_line(&lines, SHARES, "info", &["not sent: plex.tv limits requests"]);
    assert_eq!(world.plex().counters().of(Endpoint::SharedServers), 0);
    world.plex().clear_faults();
    world.plex().send(&Command::KillTokens("olga".into())).unwrap();
    let (out, lines) = compare(&world);
    assert_eq!(out.code, 1, "{lines:#?}");
    assert_line(&lines, SHARES, "error", &["no longer accepts the token"]);
}

#[test]
fn r64_doctor_plex_sends_no_v2_request_with_a_pasted_token_and_an_owner_id() {
    let Some(world) = machine("") else { return };
    world.sh("sed -i /^client_identifier/d /etc/plex-auth.toml");
    world.plex().reset();
    let (out, lines) = compare(&world);
    assert_eq!(out.code, 0, "{lines:#?}");
    for name in ["GET /api/v2/user", "GET /api/v2/resources"] {
        assert_line(&lines, name, "info", &["not sent: the token was pasted"]);
    }
    let counters = world.plex().counters();
    let sent = [Endpoint::User, Endpoint::Resources, Endpoint::Users, Endpoint::SharedServers];
    assert_eq!(sent.map(|endpoint| counters.of(endpoint)), [0, 0, 1, 1]);
}

#[test]
fn doctor_plex_signs_in_once_ends_it_and_leaves_no_token() {
    let Some(world) = machine("") else { return };
    let live = world.plex().counters().live_tokens;
    let mut terminal = world.terminal_of(200, 60, "C.UTF-8", &["plex-auth", "doctor", "--plex", "--sign-in"]);
    terminal.wait_for("POST /api/v2/users/signin to ");
    terminal.wait_for("Plex username or e-mail address of the owner [olga]:");
    assert_eq!(world.plex().counters().total(), 0, "nothing is sent before it was announced and agreed to");
    terminal.type_line("");
    terminal.wait_for("Plex password (not shown, not stored):");
    assert!(!terminal.shows_what_is_typed());
    terminal.type_line(&password("olga"));
    terminal.wait_for("Verification code (empty if plex.tv asks for none):");
    terminal.type_line("");
    let code = terminal.exit();
    let shown = terminal.contents();
    assert_eq!(code, 0, "{shown}");
    assert_no_content(&world, &shown);
    for (method, path) in [
        ("POST", "/api/v2/users/signin"),
        ("DELETE", "/api/v2/users/signout"),
        ("POST", "/api/v2/pins"),
        ("GET", "/api/v2/pins/{id}"),
    ] {
        assert!(shown.contains(&format!("✓ {method} {path}: as expected: status 20")), "{method} {path}: {shown}");
    }
    let counters = world.plex().counters();
    assert_eq!((counters.of(Endpoint::Signin), counters.signouts, counters.live_tokens), (1, 1, live), "{counters:?}");
    // R63: the sign-in is not made with the identifier of the owner's token, which would end that token.
    let seen = world.plex().seen();
    let sign_in = seen.iter().find(|seen| seen.endpoint == Endpoint::Signin).unwrap();
    assert!(sign_in.client_id.is_some() && sign_in.client_id.as_deref() != Some("0a0b0c0d0e0f"), "{sign_in:?}");
    assert!(compare(&world).0.ok());
}

#[test]
fn r60_doctor_plex_sends_no_sign_in_while_plex_tv_blocks_this_address() {
    let Some(world) = machine("") else { return };
    world.add_user("alice", true, None);
    let config = world.sh("cat /etc/plex-auth.toml").stdout;
    world.start_authd(&config);
    world.plex().fault(Endpoint::Signin, Fault::Api(401, 1031));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    world.plex().reset();
    let mut terminal = world.terminal_of(200, 60, "C.UTF-8", &["plex-auth", "doctor", "--plex", "--sign-in"]);
    assert_eq!(terminal.exit(), 1);
    let shown = terminal.contents();
    assert!(
        shown.contains("plex-authd sends no sign-ins or link codes at present: plex.tv blocks this machine"),
        "{shown}"
    );
    assert!(shown.contains("nothing was sent") && shown.contains("leave --sign-in out"), "{shown}");
    assert_eq!(world.plex().counters().total(), 0);
}

#[test]
fn doctor_plex_refuses_a_sign_in_without_a_terminal_and_other_users() {
    let Some(world) = machine("") else { return };
    let fails = |arguments: &[&str], code: i32, words: &[&str]| {
        let out = world.run(arguments);
        assert_eq!(out.code, code, "{out:?}");
        assert!(words.iter().all(|word| out.stderr.contains(word)), "{words:?}: {out:?}");
    };
    fails(
        &["plex-auth", "doctor", "--plex", "--sign-in"],
        1,
        &["there is no terminal for questions; nothing was sent", "leave --sign-in out"],
    );
    let mut terminal = world.terminal_of(200, 60, "C.UTF-8", &["plex-auth", "doctor", "--plex", "--sign-in"]);
    terminal.wait_for("Plex username or e-mail address of the owner [olga]:");
    terminal.type_line("");
    terminal.wait_for("Plex password (not shown, not stored):");
    terminal.type_line("");
    assert_eq!(terminal.exit(), 1);
    let shown = terminal.contents();
    let no_password = "no username or no password was typed; nothing was sent";
    assert!(shown.contains(no_password) && shown.contains("leave --sign-in out: plex-auth doctor --plex"), "{shown}");
    fails(&["plex-auth", "doctor", "--sign-in"], 2, &["--plex"]);
    world.add_user("local", false, None);
    let local = e2e::as_user("local", &["plex-auth", "doctor", "--plex"]);
    fails(&local, 1, &["only root may do this", "sudo plex-auth doctor --plex"]);
    assert_eq!(world.plex().counters().total(), 0);
}
