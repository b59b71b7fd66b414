//! The file of a configuration: owner, mode and size.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use config::{Mistake, Problem, load, load_owned_by};

const TEXT: &str = "token = \"t\"\nmachine_id = \"0123456789abcdef\"\n";

/// Largest file that is read.
const MOST: usize = 256 * 1024;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, text: &str, mode: u32) -> PathBuf {
        let path = self.0.path().join("plex-auth.toml");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }
}

fn owner(path: &Path) -> u32 {
    path.metadata().unwrap().uid()
}

fn refused(path: &Path, owner: u32) -> Problem {
    load_owned_by(path, owner).unwrap_err()
}

#[test]
fn only_the_expected_owner_may_have_written_the_file() {
    let place = Place::new();
    let file = place.file(TEXT, 0o640);
    let me = owner(&file);
    assert_eq!(load_owned_by(&file, me).unwrap().machine_id.as_deref(), Some("0123456789abcdef"));
    for other in [me + 1, me + 2, u32::MAX] {
        let problem = refused(&file, other);
        assert_eq!(problem.mistake, Mistake::Owner { file: file.clone(), found: me, expected: other });
        assert!(problem.hint().contains(&format!("chown {other}:plex-auth")), "{problem}");
    }
    // The file of the programs is root's: anybody else's is refused by name.
    let root = load(&file);
    assert_eq!(root.is_ok(), me == 0);
    let to_root = Mistake::Owner { file: file.clone(), found: 1, expected: 0 };
    assert_eq!(to_root.hint(), format!("run: chown root:plex-auth {}", file.display()));
}

#[test]
fn no_bit_of_the_mode_lets_others_in_or_the_group_write() {
    let place = Place::new();
    for mode in [0o640, 0o600, 0o400, 0o440, 0o740, 0o700, 0o4640, 0o1640] {
        let file = place.file(TEXT, mode);
        assert!(load_owned_by(&file, owner(&file)).is_ok(), "{mode:o}");
    }
    for mode in [0o641, 0o642, 0o644, 0o650, 0o660, 0o604, 0o610, 0o620, 0o1644] {
        let file = place.file(TEXT, mode);
        let problem = refused(&file, owner(&file));
        assert_eq!(problem.mistake, Mistake::Mode(file.clone(), mode));
        assert_eq!(problem.what(), format!("has mode {mode:04o}, but it holds a token"));
        assert_eq!(problem.hint(), format!("run: chmod 0640 {}", file.display()));
    }
}

#[test]
fn a_file_of_256_kib_is_read_and_a_larger_one_is_not() {
    let place = Place::new();
    let padded = |length: usize| {
        let comment = "#".repeat(length - TEXT.len());
        place.file(&format!("{TEXT}{comment}"), 0o600)
    };
    let file = padded(MOST);
    assert!(load_owned_by(&file, owner(&file)).is_ok());
    let file = padded(MOST - 1);
    assert!(load_owned_by(&file, owner(&file)).is_ok());
    for length in [MOST + 1, 2 * MOST] {
        let file = padded(length);
        let problem = refused(&file, owner(&file));
        assert_eq!(problem.mistake, Mistake::TooLarge(262_144));
        assert_eq!(problem.what(), "is larger than 262144 bytes");
    }
}

#[test]
fn r78_files_in_another_encoding_are_identified_and_the_printed_command_converts_them() {
    let place = Place::new();
    let file = place.file("", 0o640);
    let text = format!("# für Jörg\n{TEXT}admin_account = \"jörg\"\n");
    let utf16 = |big: bool, mark: bool| -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        // Without a mark, the first character shows the byte order.
        format!("{mark}{text}")
            .encode_utf16()
            .flat_map(|c| if big { c.to_be_bytes() } else { c.to_le_bytes() })
            .collect()
    };
    let latin1: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let windows =
        [&b"# \x84f\xFCr J\xF6rg\x93\n"[..], text.split_once('\n').unwrap().1.replace('ö', "o").as_bytes()].concat();
    let cases = [
        (utf16(false, true), "UTF-16", None),
        (utf16(true, true), "UTF-16", None),
        (utf16(false, false), "UTF-16LE", None),
        (utf16(true, false), "UTF-16BE", None),
        (latin1, "ISO-8859-1", Some((1, 4))),
        (windows, "WINDOWS-1252", Some((1, 3))),
    ];
    for (bytes, encoding, position) in cases {
        fs::write(&file, &bytes).unwrap();
        let problem = refused(&file, owner(&file));
        assert_eq!(problem.what(), format!("this is not UTF-8, but probably {encoding}"));
        assert_eq!(problem.position, position, "{problem}");
        let hint = problem.hint();
        let (_, command) = hint.split_once("run: ").unwrap();
        assert!(std::process::Command::new("sh").args(["-c", command]).status().unwrap().success(), "{command}");
        let config = load_owned_by(&file, owner(&file)).unwrap_or_else(|problem| panic!("{encoding}: {problem}"));
        assert!(config.admin_account.is_some(), "{encoding}");
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o640, "{encoding}");
    }
    // The mark of UTF-8 itself is no mistake.
    fs::write(&file, format!("\u{feff}{text}")).unwrap();
    assert!(load_owned_by(&file, owner(&file)).is_ok());
    // A token in a file of its own, too.
    let token = place.0.path().join("token");
    fs::write(&token, "\u{feff}TOKEN\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, format!("token_file = \"{}\"\nmachine_id = \"0123456789abcdef\"\n", token.display())).unwrap();
    let problem = refused(&file, owner(&file));
    let marked = |text: &str| fs::write(&token, format!("\u{feff}{text}\r\n")).unwrap();
    marked("TOKEN");
    assert!(load_owned_by(&file, owner(&file)).is_ok());
    for (text, mistake) in [("\"TOKEN\"", Mistake::TokenWithQuotes), ("X-Plex-Token=TOKEN", Mistake::TokenWithName)] {
        marked(text);
        assert_eq!(refused(&file, owner(&file)).mistake, mistake);
    }
    assert_eq!((problem.file.clone(), problem.mistake.clone()), (token.clone(), Mistake::Encoding(token, "UTF-16")));
}

#[test]
fn a_pipe_does_not_block_and_is_no_file() {
    let place = Place::new();
    let pipe = place.0.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg("-m").arg("0600").arg(&pipe).status().unwrap();
    assert!(made.success());
    assert_eq!(refused(&pipe, owner(&pipe)).mistake, Mistake::NotAFile);
}

#[test]
fn a_problem_is_shown_as_place_mistake_and_fix() {
    let place = Place::new();
    let file = place.file("token = 5\n", 0o600);
    let said = refused(&file, owner(&file)).to_string();
    assert_eq!(said, format!("{}:1:9: wrong type of value; write a string", file.display()));
    let said = refused(place.0.path(), owner(place.0.path())).to_string();
    assert_eq!(said, format!("{}: is not a regular file; name the file itself", place.0.path().display()));
}
