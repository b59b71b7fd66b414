//! Setup writes the configuration atomically, whatever interrupts it.

use e2e::{DEN, password};
use fakeplex::Endpoint;

use crate::machine::{FILE, apply, approve, asked, end, etc, file, machine, script, setup, token_file};

const OLD: &str = "token = \"TOKEN-SECRET-olga\"\nmachine_id = \"0123456789abcdef0123456789abcdef01234567\" # old\n";

#[test]
fn setup_interrupted_at_any_question_changes_nothing() {
    let Some(world) = machine(DEN) else { return };
    world.write_config(OLD);
    let before = etc(&world);
    for question in ["Waiting for the approval", "Who should be able", "What may friends do here", "Apply?"] {
        let before = etc(&world);
        let mut terminal = setup(&world, &["--sign-in", "link"]);
        terminal.wait_for("Waiting for the approval");
        if question != "Waiting for the approval" {
            approve(&world, &mut terminal, "olga");
            for earlier in ["Who should be able", "What may friends do here", "Apply?"] {
                terminal.wait_for(earlier);
                if earlier == question {
                    break;
                }
                terminal.type_line(if earlier.starts_with("Who") { "2" } else { "" });
            }
        }
        terminal.type_text("\u{3}");
        let shown = end(&world, terminal, 130);
        assert!(shown.contains("stopped; nothing was changed"), "{question}: {shown}");
        assert_eq!(etc(&world), before, "{question}");
        assert_eq!(world.plex().counters().live_tokens, 0, "{question}: a token for nothing is signed out");
    }
    assert_eq!(file(&world), OLD);
    assert_eq!(etc(&world), before);
}

#[test]
fn setup_interrupted_at_a_password_prompt_restores_terminal_echo() {
    let Some(world) = machine(DEN) else { return };
    let command = crate::machine::command(&world, &["--sign-in", "password"]).join(" ");
    let script = format!("trap : INT; {command}; echo code $?; read line; stty -a | grep -o ' -*echo '");
    for signal in ["", "pkill -TERM -x plex-auth", "pkill -HUP -x plex-auth"] {
        let mut terminal = world.terminal(&["sh", "-c", &script]);
        terminal.wait_for("The owner's Plex username");
        terminal.type_line("olga");
        terminal.wait_for("Plex password (not shown)");
        terminal.type_text("half a SECRET");
        if signal.is_empty() {
            terminal.type_text("\u{3}");
        } else {
            world.sh(signal);
        }
        terminal.wait_for("code 130");
        terminal.type_line("seen");
        let shown = end(&world, terminal, 0);
        assert!(shown.contains("stopped; nothing was changed") && !shown.contains("error:"), "{shown}");
        assert!(shown.contains("\nseen\n") && shown.ends_with(" echo"), "{signal}: {shown}");
    }
    assert_eq!(asked(&world, Endpoint::Signin), 0);
}

#[test]
fn setup_on_a_full_disk_keeps_the_old_configuration() {
    let Some(world) = machine(DEN) else { return };
    world.sh("mkdir /run/small; mount -t tmpfs -o size=16k,nr_inodes=20,mode=755 tmpfs /run/small");
    let config = "/run/small/plex-auth.toml";
    world.write(config, 0o640, "root:plex-auth", OLD);
    world.sh("dd if=/dev/zero of=/run/small/full bs=1k count=100 2>/dev/null; true");
    let before = world.sh(&format!("stat -c '%i %Y %a %U:%G' {config}; cat {config}; ls -A /run/small")).stdout;
    let run = || script(&world, &["--config", config, "--yes", "--pam=no", "--token-file", token_file(&world)]);
    let out = run();
    assert_eq!(out.code, 1, "{out:?}");
    assert!(out.stderr.contains("cannot be written: No space left on device"), "{out:?}");
    assert!(out.stderr.contains("\n    nothing was changed; make room and run this again"), "{out:?}");
    let after = world.sh(&format!("stat -c '%i %Y %a %U:%G' {config}; cat {config}; ls -A /run/small")).stdout;
    assert_eq!(after, before);
    world.sh("rm /run/small/full; touch /run/small/.plex-auth.toml.new");
    assert!(run().ok());
    assert!(world.sh(&format!("cat {config}")).stdout.contains("owner_id = 1\n"));
    assert_eq!(world.sh("ls -A /run/small").stdout, "plex-auth.toml\n", "what a killed run left is gone");
}

#[test]
fn setup_reports_a_read_only_file_system_before_the_sign_in() {
    let Some(world) = machine(DEN) else { return };
    world.write_config(OLD);
    world.sh("mount -o remount,bind,ro /etc");
    let mut terminal = setup(&world, &["--sign-in", "password"]);
    let ended = terminal.exit();
    let shown = terminal.contents();
    assert_eq!(ended, 1, "{shown}");
    assert!(
        shown.contains(
            "nothing can be written to /etc: Read-only file system\n    make it writable: mount -o remount,rw /etc"
        ),
        "{shown}"
    );
    assert_eq!(file(&world), OLD);
}

#[test]
fn setup_killed_while_writing_leaves_a_complete_configuration() {
    let Some(world) = machine(DEN) else { return };
    let token = token_file(&world);
    let done = script(&world, &["--yes", "--pam=no", "--token-file", token]);
    assert!(done.ok(), "{done:?}");
    let new = file(&world);
    let command = crate::machine::command(&world, &["--yes", "--pam=no", "--token-file", token]).join(" ");
    // Killed at each system call that creates the new file.
    let calls = [
        ("openat", ".plex-auth.toml.new"),
        ("write", "token"),
        ("fchown", ""),
        ("fchmod", ""),
        ("fsync", ""),
        ("rename", ""),
    ];
    for (call, _) in calls {
        world.write_config(OLD);
        world.sh(&format!("rm -f /etc/.plex-auth.toml.new; cat >/run/kill.sh <<'END'\n{command}\nEND"));
        let filter = if call == "write" || call == "openat" { "-P /etc/.plex-auth.toml.new" } else { "" };
        let out = world.run(&[
            "sh",
            "-c",
            &format!(
                "strace -f -o /dev/null {filter} -e trace={call} -e inject={call}:signal=KILL:when=1 sh /run/kill.sh"
            ),
        ]);
        assert!(!out.ok(), "{call}: {out:?}");
        let text = file(&world);
        assert!(text == OLD || text == new, "{call}: {text}");
        assert_eq!(world.sh(&format!("stat -c '%U:%G %a' {FILE}")).stdout, "root:plex-auth 640\n", "{call}");
    }
}

#[test]
fn r41_setup_leaves_no_secret_on_disk() {
    let Some(world) = machine(DEN) else { return };
    world.sh("mkdir -p /var/lib/plex-auth; chown plex-auth: /var/lib/plex-auth");
    let mut terminal = setup(&world, &["--sign-in", "password", "--strict", "--link=no", "--create=no", "--pam=no"]);
    terminal.wait_for("The owner's Plex username");
    terminal.type_line("olga");
    terminal.wait_for("Plex password (not shown)");
    terminal.type_line(&password("olga"));
    terminal.wait_for("Who should be able to sign in");
    // While setup is running and holds the secrets.
    world.assert_no_secret_leaked();
    let places = "/etc /var /tmp /run /home";
    let found =
        world.sh(&format!("find {places} -xdev -type f -newer /etc/hosts -exec grep -la PASSWORD-SECRET {{}} +; true"));
    assert_eq!(found.stdout, "");
    terminal.type_line("all");
    terminal.wait_for("What may friends do here");
    terminal.type_line("");
    apply(&mut terminal);
    end(&world, terminal, 0);
    let id = world.sh("stat -c '%U %a' /var/lib/plex-auth/client-id").stdout;
    assert_eq!(id, "plex-auth 600\n", "the daemon is the same device at plex.tv");
}
