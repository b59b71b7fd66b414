//! `tests/words` finds old names and avoided words, and nothing else.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::process::Command;

/// Runs the script on a file with this text. Returns whether it succeeds, and the line and word of each finding.
fn checked(text: &str) -> (bool, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sample.rs"), text).unwrap();
    let out = Command::new(e2e::checkout().join("tests/words")).arg(folder.path()).output().unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    let words = said.lines().map(|line| {
        let (place, word) = line.split_once(": “").unwrap();
        format!("{} {}", place.rsplit_once(':').unwrap().1, word.split_once('”').unwrap().0)
    });
    (out.status.success(), words.collect())
}

#[test]
fn words_finds_old_identifiers_in_code_and_links() {
    let text =
        "/// Uses [`Desk`].\nfn open(desk: &Desk) {\n    let _ = (everybody, r\"x\", 'a', wait_for_turn::<'a>());\n}\n";
    let all = ["1 Desk", "2 Desk", "2 desk", "3 everybody", "3 wait_for_turn"].map(str::to_owned);
    assert_eq!(checked(text), (false, all.into()));
}

#[test]
fn words_finds_avoided_words_and_openings_in_comments() {
    let text = "//! Whether a\n//! login succeeds.\n\n/// What is left.\nstruct Left;\n\n\
                /// The socket.\nfn socket() {} // made anew\n\n/// The same.\nfn other() {\n    // It may\n    // be asked.\n}\n\n\
                /* Somebody\n   takes any code. */\n";
    let all = [
        "1 Whether …",
        "4 What …",
        "7 The socket.",
        "8 anew",
        "10 The same. …",
        "12 may be asked",
        "16 Somebody",
        "17 takes",
    ];
    assert_eq!(checked(text), (false, all.map(str::to_owned).into()));
}

#[test]
fn words_accepts_strings_code_examples_and_longer_words() {
    let text = "//! Signs accounts in. `Context` is shared, it takes 3 ms.\n\n/// The longest line, in characters.\n///\n\
                /// ```\n/// let anew = kin;\n/// ```\nconst LINE: &str = \"// anew, somebody's Desk\"; // `mend` in kindness\n\
                /// Takes a lock.\nfn lock(deskside: u8) -> char { '\"' }\n";
    assert_eq!(checked(text), (true, Vec::new()));
}
