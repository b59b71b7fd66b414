//! `server_url` and `server_url_insecure`: a token goes only where a certificate proves who listens, or to this machine if the
//! owner insists.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::path::Path;

use config::{Mistake, Problem};
use url::Url;

const DIRECT: &str = "https://192-0-2-7.0123456789abcdef0123456789abcdef.plex.direct:32400";

/// The address of a configuration with these lines, which begin in its fourth line.
fn server_url(lines: &str) -> Result<Option<Url>, Problem> {
    let text = format!("token = \"t\"\nmachine_id = \"0123456789abcdef\"\nowner_id = 1\n{lines}\n");
    config::parse(&text, Path::new("/etc/plex-auth.toml")).map(|config| config.server_url)
}

fn url(text: &str) -> String {
    format!("server_url = \"{text}\"")
}

#[test]
fn r72_server_url_is_https_with_a_name() {
    for name in [DIRECT, "https://den.example.org", "https://den.example.org:8443", "https://localhost:32400"] {
        assert_eq!(server_url(&url(name)).unwrap().unwrap(), Url::parse(name).unwrap());
        let explicit = format!("{}\nserver_url_insecure = false", url(name));
        assert!(server_url(&explicit).is_ok(), "{name}");
    }
    assert_eq!(server_url("server_url_insecure = false").unwrap(), None);
}

#[test]
fn r72_ip_addresses_and_plain_http_elsewhere_are_refused_whatever_server_url_insecure_says() {
    let cases = [
        ("https://127.0.0.1:32400", Mistake::ServerUrlIsAnAddress),
        ("https://192.0.2.7:32400", Mistake::ServerUrlIsAnAddress),
        ("https://[::1]:32400", Mistake::ServerUrlIsAnAddress),
        // Other spellings of an IP address.
        ("https://2130706433:32400", Mistake::ServerUrlIsAnAddress),
        ("https://0x7f.1:32400", Mistake::ServerUrlIsAnAddress),
        ("http://192.0.2.7:32400", Mistake::PlainHttp),
        ("http://0.0.0.0:32400", Mistake::PlainHttp),
        ("http://[2001:db8::1]:32400", Mistake::PlainHttp),
        ("http://[::ffff:127.0.0.1]:32400", Mistake::PlainHttp),
        ("http://den.example.org:32400", Mistake::PlainHttp),
        // Only the name itself is never looked up.
        ("http://den.localhost:32400", Mistake::PlainHttp),
        ("http://localhost.:32400", Mistake::PlainHttp),
        ("http://localhost.example.org:32400", Mistake::PlainHttp),
        ("http://127.0.0.1.example.org:32400", Mistake::PlainHttp),
        ("http://127-0-0-1.0123456789abcdef0123456789abcdef.plex.direct:32400", Mistake::PlainHttp),
        ("https://olga:pw@den.example.org", Mistake::AddressWithMore),
        ("https://den.example.org/?x", Mistake::AddressWithMore),
        ("https://den.example.org/#x", Mistake::AddressWithMore),
        ("https://den.example.org/web", Mistake::AddressWithMore),
        ("https://$(reboot).plex.direct:32400", Mistake::Address),
        ("https://a;reboot", Mistake::Address),
        ("ftp://127.0.0.1:32400", Mistake::Address),
        ("unix:/run/plex", Mistake::Address),
        ("127.0.0.1:32400", Mistake::Address),
        ("", Mistake::Address),
    ];
    for (address, mistake) in cases {
        for insecure in ["", "\nserver_url_insecure = false", "\nserver_url_insecure = true"] {
            let problem = server_url(&format!("{}{insecure}", url(address))).unwrap_err();
            assert_eq!((problem.mistake.clone(), problem.position), (mistake.clone(), Some((4, 14))), "{problem}");
        }
    }
}

#[test]
fn r72_plain_http_reaches_this_machine_only_with_server_url_insecure() {
    for address in [
        "http://127.0.0.1:32400",
        "http://127.9.9.9:32400",
        "http://127.1:32400",
        "http://[::1]:32400",
        "http://localhost:32400",
    ] {
        for insecure in ["", "server_url_insecure = false\n"] {
            let problem = server_url(&format!("{insecure}{}", url(address))).unwrap_err();
            assert_eq!(problem.mistake, Mistake::PlainHttpHere, "{problem}");
        }
        // The keys' order says nothing.
        for text in [
            format!("{}\nserver_url_insecure = true", url(address)),
            format!("server_url_insecure = true\n{}", url(address)),
        ] {
            assert_eq!(server_url(&text).unwrap().unwrap(), Url::parse(address).unwrap());
        }
    }
    let more = server_url(&format!("{}\nserver_url_insecure = true", url("http://127.0.0.1/x"))).unwrap_err();
    assert_eq!(more.mistake, Mistake::AddressWithMore);
}

/// `plex-auth setup` corrects these instead of refusing the file.
#[test]
fn r72_mistakes_in_the_media_servers_address_are_told_from_all_others() {
    for (lines, is_about_server_url) in [
        (url("https://127.0.0.1:32400"), true),
        (url("http://192.0.2.7:32400"), true),
        (url("http://127.0.0.1:32400"), true),
        ("server_url_insecure = true".to_owned(), true),
        (format!("{}\nserver_url_insecure = true", url(DIRECT)), true),
        // Not from setup.
        (url("https://den.example.org/web"), false),
        (url("den.example.org"), false),
        (format!("{}\nstrict_friends = false", url(DIRECT)), false),
        ("plex_url = \"http://plex.tv\"".to_owned(), false),
        ("strict_friends = 1".to_owned(), false),
    ] {
        let mistake = server_url(&lines).unwrap_err().mistake;
        assert_eq!(mistake.is_about_server_url(), is_about_server_url, "{lines}: {mistake:?}");
    }
}

/// A file that an earlier version wrote says how to go on, in every way that there is.
#[test]
fn r72_address_that_setup_once_wrote_is_refused_with_every_fix() {
    let shown = server_url(&url("http://127.0.0.1:32400")).unwrap_err().to_string();
    for part in [
        "/etc/plex-auth.toml:4:14: ",
        "any local user can listen there",
        "remove server_url",
        ".plex.direct:32400",
        "plex-auth setup --server-url auto",
        "server_url_insecure = true",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn r72_server_url_insecure_without_effect_is_refused_at_its_place() {
    let problem = server_url("server_url_insecure = true").unwrap_err();
    assert_eq!((&problem.mistake, problem.position), (&Mistake::InsecureWithoutServerUrl, Some((4, 23))));
    assert_eq!(problem.hint(), "remove server_url_insecure");
    let problem = server_url(&format!("{}\nserver_url_insecure = true", url(DIRECT))).unwrap_err();
    assert_eq!((&problem.mistake, problem.position), (&Mistake::InsecureWithHttps, Some((5, 23))));
    assert_eq!(problem.hint(), "remove server_url_insecure");
    let problem = server_url("server_url_insecure = \"yes\"").unwrap_err();
    assert_eq!(problem.mistake, Mistake::WrongType("a boolean".into()));
}
