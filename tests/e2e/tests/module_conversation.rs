//! Answers of a program to the module's prompts, and missing or invalid PAM items.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use e2e::{Code, DEN, EVERY, World, password};
use fakeplex::{Endpoint, Fault};

#[test]
fn r7_r38_every_answer_to_a_prompt_has_a_defined_return_code() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.plex().reset();
    for broken in ["error", "null-array", "null-string"] {
        let facts = world.observe("alone", "alice", "auth,account", broken);
        assert_eq!((facts.code("auth"), facts.get("prompts")), (Code::CONV_ERR, "1"), "{broken}");
        assert_eq!(facts.code("account"), Code::SUCCESS, "the account phase asks nothing: {broken}");
    }
    let typed: [(&str, Vec<u8>); 5] = [
        ("empty", vec![]),
        ("64 KiB", vec![b'x'; 65_536]),
        ("64 KiB of no UTF-8", vec![0xff; 65_536]),
        ("not UTF-8", b"\xff\xfe\x80".to_vec()),
        ("a character cut in half", b"PASSWORD-SECRET-alice\xc3".to_vec()),
    ];
    for (what, bytes) in typed {
        world.types(bytes);
        let facts = world.observe("alone", "alice", "auth", "typed");
        assert_eq!((facts.code("auth"), facts.get("prompts")), (Code::AUTH_ERR, "1"), "{what}");
    }
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0, "nothing of that was sent");
    world.types(password("alice"));
    assert_eq!(world.observe("alone", "alice", "auth", "typed").code("auth"), Code::SUCCESS);
    world.assert_no_secret_leaked();
}

#[test]
fn r39_password_over_1024_bytes_is_refused_and_not_truncated() {
    let longest = "p".repeat(1024);
    let world = DEN.replace("\"PASSWORD-SECRET-alice\"", &format!("\"{longest}\""));
    let Some(world) = World::with_everything(&world, "") else { return };
    world.types(&longest);
    assert_eq!(world.observe("alone", "alice", "auth", "typed").code("auth"), Code::SUCCESS, "1024 bytes");
    world.plex().reset();
    for longer in [format!("{longest}p"), format!("{longest}{longest}"), format!("{}\u{e9}", "p".repeat(1023))] {
        world.types(&longer);
        assert_eq!(world.observe("alone", "alice", "auth", "typed").code("auth"), Code::AUTH_ERR, "{}", longer.len());
    }
    assert_eq!(world.plex().counters().of(Endpoint::Signin), 0);
}

#[test]
fn r34_r39_username_too_long_or_not_utf8_is_refused_without_a_prompt() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    // The friend list is fetched when the daemon starts, independently of logins.
    assert_eq!(world.account("alice"), Code::SUCCESS);
    world.plex().reset();
    world.types(password("alice"));
    let about = |name: &[u8]| {
        std::fs::write(world.shared().join("name"), name).unwrap();
        let (facts, log) = world.logged(|| world.observe(EVERY, "@/mnt/name", "auth,account", "typed"));
        let codes = (facts.code("auth"), facts.code("account"), facts.get("prompts").to_owned());
        assert!(codes == (Code::USER_UNKNOWN, Code::PERM_DENIED, "0".into()), "{name:?}: {facts:?}");
        log
    };
    // The longest valid name: the daemon is contacted, and does not know it.
    let log = about(&[b'a'; 256]);
    assert!(log.matches("verdict NotManaged").count() == 2 && log.matches("not-managed user=").count() == 2, "{log}");
    for (name, words) in [
        (&[b'a'; 257][..], "the account's name is empty or too long"),
        (&[b'a'; 5000][..], "the account's name is empty or too long"),
        (b"alice\xff", "the account's name is not UTF-8"),
        (b"\xc3", "the account's name is not UTF-8"),
    ] {
        let log = about(name);
        assert_eq!(log.matches(words).count(), 2, "{name:?}: {log}");
        assert!(!log.contains("plex-authd"), "the daemon was asked: {log}");
    }
    assert_eq!(world.plex().counters().total(), 0);
}

#[test]
fn r56_every_pam_item_except_the_user_may_be_missing() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.types(password("alice"));
    let facts = world.facts(&[], "observe", &["alone", "alice", "auth,account", "typed", "unset"]);
    assert_eq!((facts.code("auth"), facts.code("account")), (Code::SUCCESS, Code::SUCCESS));
    // libpam itself requires a service name; a program that calls the module without libpam need not set one.
    let facts = world.facts(&[], "traps", &[&world.module("pam_plex"), "alice", "typed", "pam_get_item"]);
    assert_eq!(["traps", "authenticate", "acct_mgmt", "setcred"].map(|fact| facts.get(fact)), ["1", "0", "0", "0"]);
    world.wait_for_log(&["accepted", "user=\"alice\"", "phase=auth", "service=\"-\"", "rhost=\"-\""]);
    world.wait_for_log(&["pam_plex(-:auth)", "verdict Success"]);
}

/// `auth sufficient pam_plex.so`, then `pam_unix` with `try_first_pass`: one prompt for both, however the module's attempt ends.
#[test]
fn typed_password_is_kept_for_the_next_module_whatever_the_result() {
    let Some(world) = World::with_everything(DEN, "[throttle]\nfree_tries = 3") else { return };
    let stack =
        "auth sufficient pam_plex.so\nauth required pam_unix.so try_first_pass\naccount required pam_permit.so\n";
    world.write("/etc/pam.d/both", 0o644, "root:root", stack);
    let set_local = |user: &str, password: &[u8]| {
        std::fs::write(world.shared().join("local"), [user.as_bytes(), b":", password, b"\n"].concat()).unwrap();
        world.sh("chpasswd --crypt-method SHA512 </mnt/local; rm /mnt/local");
    };
    let one_prompt = |user: &str, typed: &[u8], code: Code, when: &str| {
        world.types(typed);
        let facts = world.observe("both", user, "auth", "typed");
        assert_eq!((facts.code("auth"), facts.get("prompts")), (code, "1"), "{when}");
    };
    set_local("bob", b"LOCAL-SECRET");
    one_prompt("bob", b"LOCAL-SECRET", Code::SUCCESS, "no access");
    one_prompt("bob", b"wrong", Code::AUTH_ERR, "no access");
    set_local("bob", b"LOCAL-SECRET-\xe4");
    one_prompt("bob", b"LOCAL-SECRET-\xe4", Code::SUCCESS, "no UTF-8");
    // Of the code prompt, nothing is kept, and of the password's, all.
    set_local("erin", b"000000");
    let typed = format!("{}\n{}", password("erin"), "000000\n".repeat(3));
    let codes = world.codes("both", "erin", "auth", &typed);
    assert_eq!((codes.of("auth"), codes.prompts()), (Code::AUTH_ERR, 4), "{codes:?}");
    set_local("erin", format!("{}000000", password("erin")).as_bytes());
    one_prompt("erin", format!("{}000000", password("erin")).as_bytes(), Code::SUCCESS, "with a code behind it");
    set_local("alice", b"LOCAL-SECRET");
    one_prompt("alice", b"LOCAL-SECRET", Code::SUCCESS, "wrong at plex.tv");
    world.plex().fault(Endpoint::Signin, Fault::Status(500, "out".into()));
    one_prompt("alice", b"LOCAL-SECRET", Code::SUCCESS, "plex.tv is out");
    world.plex().clear_faults();
    for _ in 0..4 {
        one_prompt("alice", b"wrong", Code::AUTH_ERR, "wrong everywhere");
    }
    let ((), log) = world.logged(|| one_prompt("alice", b"LOCAL-SECRET", Code::SUCCESS, "throttled"));
    assert!(log.contains("throttled user=\"alice\""), "{log}");
    let mut dies = world.pam_terminal("both", "alice", "");
    dies.wait_for("assword");
    world.kill_authd();
    dies.type_line("LOCAL-SECRET");
    assert_eq!(dies.exit(), 0, "{}", dies.contents());
    let codes = e2e::Codes { text: dies.contents() };
    assert_eq!((codes.of("auth"), codes.prompts()), (Code::SUCCESS, 1), "the daemon dies: {codes:?}");
    one_prompt("alice", b"LOCAL-SECRET", Code::SUCCESS, "the daemon is stopped");
    world.assert_no_secret_leaked();
}
