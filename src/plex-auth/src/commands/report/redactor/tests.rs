//! Values that are replaced, and words that stay.

use std::collections::BTreeSet;

use super::{Category, Redactor};

fn words() -> BTreeSet<String> {
    let words = "wrong password can sign in with plex the user denied id is owner_id put to plex.tv answered rejected from \
         pam_unix.so pam_exec mark will";
    words.split(' ').map(str::to_owned).collect()
}

fn shown(known: &[(Category, &str)], text: &str) -> String {
    let words = words();
    let mut redactor = Redactor::new(&words);
    for (category, value) in known {
        redactor.label(*category, value);
    }
    let text = redactor.text(text);
    redactor.replace_known(&text)
}

#[test]
fn unknown_words_and_values_are_replaced_and_the_programs_words_stay() {
    for (text, expected) in [
        ("olga can sign in with Plex", "word-1 can sign in with Plex"),
        ("plex.tv answered 503, wrong", "plex.tv answered 503, wrong"),
        ("den.example.org answered", "host-1 answered"),
        ("a.b@example.org: denied", "email-1: denied"),
        ("from 203.0.113.9 in 3s", "from ip-1 in 3s"),
        ("from 203.0.113.9:22", "from ip-1"),
        ("from=203.0.113.9", "from=ip-1"),
        ("from 127.0.0.1", "from 127.0.0.1"),
        ("from 2001:db8::17:", "from ip-1:"),
        ("from=2001:db8::", "from=ip-1"),
        ("from [2001:db8::17]:443", "from ip-1"),
        ("from fe80::1234%eth0", "from ip-1"),
        ("00:11:22:33:44:55", "mac-1"),
        ("Plex id 17 is 1234567", "Plex id id-1 is id-2"),
        ("owner_id is 17", "owner_id is id-1"),
        ("put 17 to 17", "put id-1 to id-1"),
        ("/etc/pam.d/plex-auth.toml", "/etc/pam.d/plex-auth.toml"),
        ("/etc/plex-auth.toml:12:1:", "/etc/plex-auth.toml:12:1:"),
        ("/home/user/key", "/home/path-1"),
        ("/home/olga/.ssh/key", "/home/path-1"),
        ("/etc/olga/key denied", "/etc/path-1 denied"),
        ("https://plex.tv/", "https://plex.tv/"),
        ("https://olga:secret@den.example:32400/xx?yy=zz", "https://host-1:32400/path-1?word-1=word-2"),
        ("pam_unix.so 0640 1.2.3", "pam_unix.so 0640 1.2.3"),
        ("pam_unix pam_exec.so", "pam_unix pam_exec.so"),
        ("pam_beesly pam_olga.so", "word-1 word-2"),
        ("from 203.0.113.*", "from host-1.*"),
        ("from 198.51.100/24", "from path-1"),
        ("from fd12:3456:789a::.", "from ip-1."),
        ("from fd12:3456:789a:::", "from ip-1:"),
        ("Mark will", "Mark will"),
        ("ОЛЬГА wrong", "word-1 wrong"),
    ] {
        assert_eq!(shown(&[], text), expected, "{text}");
    }
}

#[test]
fn the_same_value_has_the_same_label_in_any_case() {
    let known = [(Category::User, "Olga"), (Category::User, "al"), (Category::User, "Al Bundy")];
    let text = "olga OLGA al Al allowed: al bundy, al's";
    assert_eq!(shown(&known, text), "user-1 user-1 user-2 user-2 word-1: user-3, user-2's");
}

#[test]
fn a_name_that_is_a_word_of_the_messages_is_replaced_in_quotes_only() {
    let known = [(Category::User, "denied"), (Category::User, "user")];
    assert_eq!(shown(&known, "'denied' denied the user \"user\""), "'user-1' denied the user \"user-2\"");
}

#[test]
fn a_name_that_is_a_word_or_a_module_is_replaced_everywhere() {
    let known = [(Category::User, "Mark"), (Category::User, "pam_unix"), (Category::User, "will")];
    let text = "mark can sign in, pam_unix: 'mark' Will put /home/mark";
    assert_eq!(shown(&known, text), "user-1 can sign in, user-2: 'user-1' user-3 put /home/user-1");
}

#[test]
fn known_secrets_are_replaced_within_longer_words() {
    let known = [(Category::Secret, "xxSECRET99token"), (Category::Id, "0123456789abcdef0123456789abcdef01234567")];
    let words = words();
    let mut redactor = Redactor::new(&words);
    for (category, value) in known {
        redactor.label(category, value);
    }
    let made = redactor.replace_known("axxsecret99tokenb 0123456789ABCDEF0123456789abcdef01234567");
    assert_eq!(made, "asecret-1b id-1");
}
