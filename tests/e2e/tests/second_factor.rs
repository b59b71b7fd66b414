//! Accounts with two-factor authentication in common programs: on a real terminal, and where only one prompt is
//! possible.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, Kind, Terminal, World, as_user, password};
use fakeplex::Endpoint;

const CODE: &str = "314159";
const PATIENT: &str = "[throttle]\nfree_tries = 20";
const HERE: &str = "127.0.0.1";

/// Erin's password with the code appended.
fn both() -> String {
    format!("{}{CODE}", password("erin"))
}

/// Number of sign-ins at plex.tv, and of those with a code.
fn sign_ins(world: &World) -> (u64, usize) {
    (world.plex().counters().of(Endpoint::Signin), world.plex().seen().iter().filter(|seen| seen.code_sent).count())
}

/// Types the password and these codes at their prompts, and checks what the screen shows.
fn type_password_and_codes(terminal: &mut Terminal, codes: &[&str]) {
    terminal.wait_for("assword");
    terminal.type_line(&password("erin"));
    for (number, code) in codes.iter().enumerate() {
        let before = codes.get(number.wrapping_sub(1));
        terminal.wait_for(match before {
            None => "Plex verification code: ",
            Some(code) if code.len() == CODE.len() => "Wrong code. Plex verification code: ",
            Some(_) => "The code has six digits. Plex verification code: ",
        });
        terminal.type_line(code);
        terminal.wait_for(&format!("Plex verification code: {code}"));
    }
    assert!(!terminal.contents().contains("SECRET"), "{}", terminal.contents());
}

#[test]
fn r26_ssh_prompts_for_the_password_and_then_for_the_code() {
    let Some(world) = World::with_everything(DEN, PATIENT) else { return };
    world.start_sshd();
    let mut ssh = world.ssh_terminal(HERE, "erin", 3);
    type_password_and_codes(&mut ssh, &[CODE]);
    assert_eq!(ssh.exit(), 0, "{}", ssh.contents());
    let seen = ["(erin@127.0.0.1) Password:", "(erin@127.0.0.1) Plex verification code: 314159", "erin"];
    assert_eq!(ssh.contents().lines().collect::<Vec<_>>(), seen);
    world.assert_no_secret_leaked();
    world.assert_code_unseen(CODE);
}

#[test]
fn ssh_sudo_and_su_prompt_for_the_code_up_to_three_times() {
    let Some(world) = World::with_everything(DEN, PATIENT) else { return };
    world.start_sshd();
    world.allow_sudo(&["erin"]);
    let sudo = as_user("erin", &["sudo", "-k", "id", "-un"]);
    let su = as_user("local", &["su", "erin", "-c", "id -un"]);
    let ways: [(&str, &dyn Fn() -> Terminal); 3] = [
        ("ssh", &|| world.ssh_terminal(HERE, "erin", 1)),
        ("sudo", &|| world.terminal(&sudo)),
        ("su", &|| world.terminal(&su)),
    ];
    for (way, start) in ways {
        let mut third = start();
        type_password_and_codes(&mut third, &["000000", "271828", CODE]);
        assert_eq!(third.exit(), 0, "{way}: {}", third.contents());
        world.plex().reset();
        let mut none = start();
        type_password_and_codes(&mut none, &["000000", "27182", "161803"]);
        if way == "sudo" {
            // sudo allows two more attempts. It ignores Control-C until it prompts again.
            none.wait_for("assword");
            none.type_text("\u{3}");
        }
        assert_ne!(none.exit(), 0, "{way}: {}", none.contents());
        assert_eq!(none.contents().matches("verification").count(), 3, "{way}: {}", none.contents());
        assert_eq!(sign_ins(&world), (3, 2), "{way}: what is no code is not sent as one");
    }
    world.wait_for_log(&["denied", "user=\"erin\"", "wrong verification code"]);
    world.assert_no_secret_leaked();
}

#[test]
fn r26_code_appended_to_the_password_works_at_a_single_prompt() {
    let Some(world) = World::with_everything(DEN, PATIENT) else { return };
    world.start_sshd();
    world.allow_sudo(&["erin"]);
    for method in ["password", "keyboard-interactive"] {
        let sshpass = world.ssh(method, "erin", &both());
        assert_eq!(sshpass.stdout, "erin\n", "{method}: {sshpass:?}");
    }
    assert_eq!(world.sudo("erin", &both(), &[]).stdout, "root\n");
    assert_eq!(world.su("local", "erin", &both(), &[]).stdout, "erin\n");
    world.assert_no_secret_leaked();
    world.assert_code_unseen(CODE);
}

#[test]
fn r22_client_with_a_single_prompt_is_refused_at_once_and_the_reason_logged() {
    let Some(world) = World::with_everything(DEN, PATIENT) else { return };
    world.start_sshd();
    world.allow_sudo(&["erin"]);
    // Like a screen locker or a file manager: cancels every prompt other than the password's.
    let answer = "#!/bin/sh\ncase \"$1\" in *assword:\\ ) cat /run/typed ;; *) exit 1 ;; esac\n";
    world.write("/run/answer", 0o755, "root:root", answer);
    world.write("/run/typed", 0o600, "root:root", &password("erin"));
    let graphical = || {
        let mut ssh = world.ssh_command("keyboard-interactive", "erin");
        ssh.env("SSH_ASKPASS", "/run/answer").env("SSH_ASKPASS_REQUIRE", "force");
        world.finish(ssh, "")
    };
    let ways: [(&str, &dyn Fn() -> bool); 5] = [
        ("sshpass", &|| world.ssh("password", "erin", &password("erin")).code == 255),
        ("a graphical ssh", &|| graphical().code == 255),
        ("sudo", &|| world.sudo("erin", &password("erin"), &[]).code == 1),
        ("su", &|| world.su("local", "erin", &password("erin"), &[]).code == 1),
        ("a locker", &|| world.authenticate("erin", &password("erin")) == Code::AUTH_ERR),
    ];
    for (way, refused) in ways {
        world.plex().reset();
        let (refused, log) = world.logged(refused);
        assert!(refused, "{way}: {log}");
        assert_eq!(sign_ins(&world), (1, 0), "{way}");
        assert!(log.contains("append the six digits to the password"), "{way}: {log}");
    }
    world.write("/run/typed", 0o600, "root:root", &both());
    assert_eq!(graphical().stdout, "erin\n");
    world.assert_no_secret_leaked();
}

/// What programs with a single prompt answer to the second one.
const SINGLE: &str = "append the six digits to the password";

#[test]
fn r22_answers_that_programs_give_by_themselves_are_sent_nowhere_and_the_log_says_what_helps() {
    // An account with six digits as its name, and one with six digits as its password.
    let den = DEN.replace("\"erin\"", "\"271828\"");
    let den = format!(
        "[[account]]\nid = 8\nusername = \"zoe\"\nemail = \"zoe@example.org\"\npassword = \"161803\"\n\
         code = \"{CODE}\"\nfriend_of = [\"olga\"]\n\n{}",
        den.replace("\"frank\"]", "\"frank\", \"zoe\"]")
    );
    let further = format!("trusted_callers = [\"www-data\"]\n[users]\nerin = \"5\"\n\"271828\" = \"5\"\n{PATIENT}");
    let Some(world) = World::with_everything(&den, &further) else { return };
    world.sh("echo 271828:x:2718:2718::/home:/bin/sh >>/etc/passwd; echo '271828:*:20000:::::::' >>/etc/shadow");
    let erin = password("erin");
    for service in ["alone", "single"] {
        if service == "single" {
            let stack = "auth required pam_plex.so one_prompt\naccount required pam_plex.so\n";
            world.write("/etc/pam.d/single", 0o644, "root:root", stack);
        }
        for kind in Kind::ONE_PROMPT {
            for (user, typed) in [("erin", erin.as_str()), ("271828", &erin), ("zoe", "161803")] {
                world.plex().reset();
                let (login, log) = world.logged(|| world.log_in_by(kind, service, user, typed));
                let prompts = if service == "single" { 1 } else { 2 };
                assert_eq!((login.code, login.prompts), (Code::AUTH_ERR, prompts), "{service} {kind:?} {user}: {log}");
                assert_eq!(sign_ins(&world), (1, 0), "{service} {kind:?} {user}: {log}");
                assert!(log.contains(SINGLE) && !log.contains("wrong verification code"), "{kind:?} {user}: {log}");
                let both = format!("{typed}{CODE}");
                assert_eq!(
                    world.log_in_by(kind, service, user, &both).code,
                    Code::SUCCESS,
                    "{service} {kind:?} {user}"
                );
            }
        }
    }
    // Not as root: the user's own program, and a server that is trusted.
    for caller in ["erin", "www-data"] {
        let before = ["setpriv", "--reuid", caller, "--regid", caller, "--clear-groups"];
        let (found, log) = world.logged(|| world.log_in_often_by(&before, Kind::Name, "alone", "erin", &erin, (1, 1)));
        assert_eq!(found.count(Code::AUTH_ERR), 1, "{caller}: {log}");
        assert!(log.contains(SINGLE) && log.contains("rhost=\"-\""), "{caller}: {log}");
    }
    world.assert_no_secret_leaked();
}
