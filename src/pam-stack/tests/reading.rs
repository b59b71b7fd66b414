//! Stacks as libpam reads them from files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::path::Path;

use pam_stack::evaluate::evaluate;
use pam_stack::include::{Content, Step, stack};
use pam_stack::return_code::Code;
use pam_stack::{Action, Broken, Control, InvalidControl, Kind};

/// Steps of the service `x`, from files by their path.
fn steps(kind: Kind, files: &[(&str, &str)]) -> Vec<Step> {
    let read = |file: &Path| files.iter().find(|(path, _)| Path::new(path) == file).map(|(_, text)| (*text).to_owned());
    stack("x", kind, &read)
}

/// File, line, level and module of each step; a substack is `-` and a broken line `!`.
fn shown(steps: &[Step]) -> Vec<String> {
    let one = |step: &Step| {
        let content = match &step.content {
            Content::Module(_, module) => [&[module.name().to_owned()][..], &module.arguments].concat().join(" "),
            Content::Substack => "-".to_owned(),
            Content::Broken(_) => "!".to_owned(),
        };
        format!("{}:{} {} {content}", step.file.display(), step.line, step.level)
    };
    steps.iter().map(one).collect()
}

#[test]
fn each_kind_is_read_in_any_case_and_with_a_hyphen() {
    let text = "Auth required a.so\n-AUTH required b.so\naccount required c.so\npassword required d.so\nsession required e.so\n";
    for (kind, expected) in [
        (Kind::Auth, vec!["/etc/pam.d/x:1 0 a", "/etc/pam.d/x:2 0 b"]),
        (Kind::Account, vec!["/etc/pam.d/x:3 0 c"]),
        (Kind::Password, vec!["/etc/pam.d/x:4 0 d"]),
        (Kind::Session, vec!["/etc/pam.d/x:5 0 e"]),
    ] {
        assert_eq!(shown(&steps(kind, &[("/etc/pam.d/x", text)])), expected, "{kind:?}");
    }
}

#[test]
fn comments_blank_lines_and_continued_lines_are_read_as_one_line_each() {
    let text = "# auth required no.so\n\n   auth\trequired  a.so  one two # three\nauth \\\n  required \\\n  b.so [x y] z\n\
                auth required c.so # no more \\\nauth required d.so\nauth required e.so \\";
    let expected = [
        "/etc/pam.d/x:3 0 a one two",
        "/etc/pam.d/x:4 0 b [x y] z",
        "/etc/pam.d/x:7 0 c",
        "/etc/pam.d/x:8 0 d",
        "/etc/pam.d/x:9 0 e",
    ];
    assert_eq!(shown(&steps(Kind::Auth, &[("/etc/pam.d/x", text)])), expected);
}

#[test]
fn includes_keep_the_level_and_substacks_are_one_level_deeper() {
    let files = [
        ("/etc/pam.d/x", "auth include y\nauth substack z\n@include y\nauth required a.so\n"),
        ("/etc/pam.d/y", "auth required b.so\naccount required c.so\n"),
        ("/usr/lib/pam.d/z", "auth required d.so\nauth substack y\n"),
        ("/usr/lib/pam.d/y", "auth required never.so\n"),
    ];
    let expected = [
        "/etc/pam.d/y:1 0 b",
        "/etc/pam.d/x:2 0 -",
        "/usr/lib/pam.d/z:1 1 d",
        "/usr/lib/pam.d/z:2 1 -",
        "/etc/pam.d/y:1 2 b",
        "/etc/pam.d/y:1 0 b",
        "/etc/pam.d/x:4 0 a",
    ];
    assert_eq!(shown(&steps(Kind::Auth, &files)), expected);
    assert_eq!(shown(&steps(Kind::Account, &files)), ["/etc/pam.d/y:2 0 c"]);
}

#[test]
fn a_service_without_a_line_of_a_kind_has_those_of_other() {
    let files =
        [("/etc/pam.d/x", "auth required a.so\n"), ("/etc/pam.d/other", "account required b.so\nauth required c.so\n")];
    assert_eq!(shown(&steps(Kind::Auth, &files)), ["/etc/pam.d/x:1 0 a"]);
    assert_eq!(shown(&steps(Kind::Account, &files)), ["/etc/pam.d/other:1 0 b"]);
    assert_eq!(shown(&steps(Kind::Session, &files)), [""; 0]);
}

#[test]
fn files_are_followed_16_deep() {
    for (link, level) in [("include", 0), ("substack", 1)] {
        let names: Vec<String> = (0..20).map(|number| format!("/etc/pam.d/{}", name(number))).collect();
        let texts: Vec<String> = (1..=20).map(|next| format!("auth {link} {}\n", name(next))).collect();
        let files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
        let found = steps(Kind::Auth, &files);
        let last = found.last().unwrap();
        assert_eq!(last.content, Content::Broken(Broken::Include(name(17))), "{link}");
        assert_eq!((last.level, last.file.as_path()), (16 * level, Path::new("/etc/pam.d/x16")), "{link}");
    }
}

fn name(number: usize) -> String {
    if number == 0 { "x".to_owned() } else { format!("x{number}") }
}

#[test]
fn a_line_that_libpam_does_not_understand_is_broken_with_its_reason() {
    for (line, reason) in [
        ("@include", "@include without a file"),
        ("auht required a.so", "'auht' is neither auth, account, session nor password"),
        ("auth", "no control and no module"),
        ("auth required", "no module"),
        ("auth requird a.so", "'requird' is no control"),
        ("auth [success=1 a.so", "no module"),
        ("auth [success] a.so", "'success' is not value=action"),
        ("auth [success=yes] a.so", "'yes' is no action"),
        ("auth [success=0] a.so", "'0' is no action"),
        ("auth [succes=ok] a.so", "'succes' is no return value"),
        ("auth include none", "none cannot be included"),
        ("auth substack none", "none cannot be included"),
    ] {
        let found = steps(Kind::Auth, &[("/etc/pam.d/x", line)]);
        let reasons: Vec<String> = found
            .iter()
            .filter_map(|step| match &step.content {
                Content::Broken(why) => Some(why.to_string()),
                _ => None,
            })
            .collect();
        // A line of no kind counts for every one.
        let expected = if line.starts_with("auht") && found.is_empty() { vec![] } else { vec![reason] };
        assert_eq!(reasons, expected, "{line}");
    }
}

#[test]
fn each_control_has_an_action_for_every_code() {
    let action = |control: &str, code: &str| Control::parse(control).unwrap().action(Code::parse(code).unwrap());
    for (control, success, expired, ignore, other) in [
        ("required", Action::Ok, Action::Ok, Action::Ignore, Action::Bad),
        ("requisite", Action::Ok, Action::Ok, Action::Ignore, Action::Die),
        ("optional", Action::Ok, Action::Ok, Action::Ignore, Action::Ignore),
        ("sufficient", Action::Done, Action::Done, Action::Ignore, Action::Ignore),
        ("SUFFICIENT", Action::Done, Action::Done, Action::Ignore, Action::Ignore),
        ("[success=2 ignore=reset default=die]", Action::Jump(2), Action::Die, Action::Reset, Action::Die),
        ("[ success = ok  new_authtok_reqd =done ]", Action::Ok, Action::Done, Action::Bad, Action::Bad),
        ("[default=ignore success=bad]", Action::Bad, Action::Ignore, Action::Ignore, Action::Ignore),
        ("[]", Action::Bad, Action::Bad, Action::Bad, Action::Bad),
    ] {
        let codes = ["success", "new_authtok_reqd", "ignore", "incomplete"];
        assert_eq!(codes.map(|code| action(control, code)), [success, expired, ignore, other], "{control}");
    }
    assert_eq!(Control::parse("success=ok"), Err(InvalidControl::Control("success=ok".into())));
    assert_eq!(Control::parse("[success=-1]"), Err(InvalidControl::Action("-1".into())));
}

#[test]
fn each_code_has_its_number_of_libpam() {
    for (name, number) in [("success", 0), ("perm_denied", 6), ("ignore", 25), ("incomplete", 31)] {
        let code = Code::parse(name).unwrap();
        assert_eq!((code.number(), code.to_string().as_str()), (number, name));
    }
    assert_eq!(Code::parse("Success"), None);
    assert_eq!(Code::from_number(0), Some(Code::SUCCESS));
    assert_eq!(Code::from_number(31), Code::parse("incomplete"));
    assert_eq!([32, 33, usize::MAX].map(Code::from_number), [None; 3]);
}

/// The code of a stack whose modules return the code that is their name.
fn result(text: &str, others: &[(&str, &str)]) -> String {
    let files = [&[("/etc/pam.d/x", text)][..], others].concat();
    evaluate(&steps(Kind::Auth, &files), &|module| Code::parse(module.name()).unwrap()).to_string()
}

#[test]
fn the_first_failure_is_the_stacks_and_no_success_undoes_it() {
    for (text, expected) in [
        ("auth required success\n", "success"),
        ("auth required auth_err\nauth required perm_denied\n", "auth_err"),
        ("auth required auth_err\nauth sufficient success\n", "auth_err"),
        ("auth sufficient success\nauth required auth_err\n", "success"),
        ("auth requisite auth_err\nauth required perm_denied\n", "auth_err"),
        ("auth optional auth_err\n", "perm_denied"),
        ("auth optional auth_err\nauth required success\n", "success"),
        ("auth required ignore\n", "perm_denied"),
        ("auth [default=bad] ignore\n", "perm_denied"),
        ("auth [default=ok] user_unknown\nauth required success\n", "user_unknown"),
        ("auth required success\nauth [default=ok] user_unknown\n", "user_unknown"),
        ("auth required success\nauth [default=reset] auth_err\n", "perm_denied"),
        ("auth required auth_err\nauth [default=reset] auth_err\nauth required success\n", "success"),
    ] {
        assert_eq!(result(text, &[]), expected, "{text}");
    }
}

#[test]
fn a_jump_skips_steps_and_a_substack_as_one() {
    let sub = [("/etc/pam.d/s", "auth required auth_err\nauth required perm_denied\n")];
    for (text, expected) in [
        ("auth [success=1] success\nauth required auth_err\nauth required success\n", "success"),
        (
            "auth [success=2] success\nauth required auth_err\nauth required perm_denied\nauth required success\n",
            "success",
        ),
        ("auth [success=1] success\nauth substack s\nauth required success\n", "success"),
        ("auth required success\nauth [success=1] success\nauth substack s\n", "success"),
        // Further than the end: a failure.
        ("auth required success\nauth [success=2] success\nauth substack s\n", "perm_denied"),
        ("auth required success\nauth [success=2] success\nauth required auth_err\n", "perm_denied"),
        ("auth [success=1] success\nauth required auth_err\n", "perm_denied"),
    ] {
        assert_eq!(result(text, &sub), expected, "{text}");
    }
}

#[test]
fn the_end_of_a_substack_ends_nothing_else() {
    let sub = [("/etc/pam.d/s", "auth sufficient success\nauth required auth_err\n")];
    assert_eq!(result("auth substack s\nauth required perm_denied\n", &sub), "perm_denied");
    assert_eq!(result("auth include s\nauth required perm_denied\n", &sub), "success");
    let reset = [("/etc/pam.d/s", "auth required auth_err\nauth [default=reset] auth_err\n")];
    assert_eq!(result("auth required success\nauth substack s\nauth required success\n", &reset), "success");
    assert_eq!(result("auth required perm_denied\nauth substack s\nauth required success\n", &reset), "perm_denied");
}
