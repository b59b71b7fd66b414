//! Prompts as the real OpenSSH client shows them, and filtering of text that could control a terminal.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, Out, World, password};
use fakeplex::{Endpoint, Fault};

/// `ssh erin@localhost id -un`, with a program that answers each prompt and records its text.
fn ssh_with_code(world: &World, method: &str, typed: &str, code: &str) -> Out {
    world.write("/run/password", 0o600, "root:root", typed);
    world.write("/run/code", 0o600, "root:root", code);
    let answer = "#!/bin/sh\nprintf '%s\\n' \"$1\" >>/run/prompts\n\
                  case \"$1\" in *verification*) cat /run/code ;; *) cat /run/password ;; esac\n";
    world.write("/run/answer", 0o755, "root:root", answer);
    world.sh("rm -f /run/prompts");
    let mut command = world.ssh_command(method, "erin");
    command.env("SSH_ASKPASS", "/run/answer").env("SSH_ASKPASS_REQUIRE", "force");
    world.finish(command, "")
}

fn prompts(world: &World) -> Vec<String> {
    world.sh("cat /run/prompts").stdout.lines().map(str::to_owned).collect()
}

#[test]
fn r21_r26_keyboard_interactive_prompts_for_password_and_then_for_the_code() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.start_sshd();
    let erin = ssh_with_code(&world, "keyboard-interactive", &password("erin"), "314159");
    assert_eq!(erin.stdout, "erin\n", "{erin:?}");
    assert_eq!(prompts(&world), ["(erin@127.0.0.1) Password: ", "(erin@127.0.0.1) Plex verification code: "]);
    let wrong = ssh_with_code(&world, "keyboard-interactive", &password("erin"), "000000");
    assert!(!wrong.ok());
    assert_eq!(prompts(&world).len(), 4, "the code is asked for three times: {:?}", prompts(&world));
    world.wait_for_log(&["denied", "user=\"erin\"", "wrong verification code"]);
    world.assert_no_secret_leaked();
    assert!(!world.syslog().contains("314159"), "a code is in the log");
}

#[test]
fn r22_password_method_with_2fa_sends_one_request_and_logs_the_missing_code() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.start_sshd();
    world.plex().reset();
    assert!(!ssh_with_code(&world, "password", &password("erin"), "314159").ok());
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 1);
    assert!(world.plex().seen().iter().all(|request| !request.code_sent), "the password was sent as a code");
    world.wait_for_log(&["denied", "user=\"erin\"", "append the six digits to the password"]);
    let both = ssh_with_code(&world, "password", &format!("{}314159", password("erin")), "");
    assert_eq!(both.stdout, "erin\n", "{both:?}");
    world.assert_no_secret_leaked();
}

#[test]
fn r27_text_from_plex_tv_and_clients_is_logged_as_one_line_without_control_characters() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.stop_authd();
    // Unfiltered bytes: an ordinary syslog would sanitise some of them itself.
    world.sh("pkill -x busybox; rm -f /dev/log; while pgrep -x busybox >/dev/null; do sleep 0.01; done");
    world.start(&["socat", "-u", "UNIX-RECV:/dev/log,mode=666", "OPEN:/run/raw,creat,append"]);
    world.sh("until [ -S /dev/log ]; do sleep 0.01; done");
    // A username that would clear a screen and forge a log line, as sent by a client and, as far as XML allows, by
    // plex.tv.
    let hostile = "ali\u{1b}[2Jce\r\nOct 1 sshd: Accepted\u{202e}\u{9b}31m";
    let escaped = "ali\\u009b2Jce\\r\\nOct 1 sshd: Accepted\\u202e\\u009b31m";
    let renamed = DEN.replace("username = \"alice\"", &format!("username = \"{escaped}\""));
    world.plex().load(&renamed.replace("shared_with = [\"alice\"", &format!("shared_with = [\"{escaped}\"")));
    world.write_config(&world.config("[users]\nalice = \"2\""));
    world.start(&["/usr/sbin/plex-authd", "--user", "plex-auth"]);
    world.sh("until grep -q 'is ready' /run/raw; do sleep 0.02; done");
    assert_eq!(world.authenticate("alice", &password("alice")), Code::SUCCESS);
    world.codes("alone", hostile, "auth,acct", "x\n");
    let from = world.codes_from(hostile, "alone", "bob", &password("bob"));
    assert_eq!(from.of("auth"), Code::AUTH_ERR);
    let message = "{\"errors\":[{\"code\":4711,\"message\":\"\\u001b[31mno\\r\\nway\"}]}";
    world.plex().fault(Endpoint::Signin, Fault::Status(500, message.into()));
    assert_eq!(world.authenticate("alice", &password("alice")), Code::AUTHINFO_UNAVAIL);
    world.sh("until grep -q 4711 /run/raw; do sleep 0.02; done");
    let raw = world.sh("cat /run/raw").stdout;
    assert!(raw.contains("rhost=\"ali?[2Jce??Oct"), "{raw:?}");
    assert!(!raw.chars().any(|c| c.is_control() || c == '\u{202e}'), "{raw:?}");
}

#[test]
fn r27_link_code_with_control_characters_is_never_shown() {
    let further = "link_sign_in = true\nlink_services = [\"alone\"]\n[throttle]\nfree_tries = 20";
    let Some(world) = World::with_everything(DEN, further) else { return };
    let mut plain = world.pam_terminal("alone", "alice", "192.0.2.1");
    plain.ask_for_code();
    let shown = plain.contents();
    let (_, text) = shown.split_once("prompt2=").unwrap();
    assert!(text.len() < 512 && text.is_ascii(), "{text}");
    let long = "A".repeat(2000);
    for (rhost, code) in (2..).zip(["\\u001b[2J", "AB\\r\\n12", "AB 12", "\\u202eAB12", "", &long]) {
        let body = format!("{{\"id\":7,\"code\":\"{code}\",\"expiresIn\":900,\"authToken\":null}}");
        world.plex().fault(Endpoint::Pins, Fault::Status(201, body));
        let mut login = world.pam_terminal("alone", "alice", &format!("192.0.2.{rhost}"));
        login.wait_for("assword");
        assert_eq!(login.verdict(), Code::AUTHINFO_UNAVAIL, "{code:?}");
        assert_eq!(login.contents().matches("prompt").count(), 2, "one prompt and the sum: {}", login.contents());
        world.plex().clear_faults();
    }
}
