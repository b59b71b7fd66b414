//! `doctor`: a token of a device that is not plex-auth's own.

use e2e::MACHINE;
use fakeplex::{Command, Endpoint, ListShape, Seen};

use crate::patient::Patient;

const SERVER: &str = "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server";

fn with_the_token(patient: &Patient) -> Vec<Seen> {
    let seen = patient.0.plex().seen().into_iter();
    seen.filter(|seen| seen.token_of.as_deref() == Some("olga") && seen.endpoint != Endpoint::Pms).collect()
}

#[test]
fn r64_doctor_names_the_media_servers_own_token_and_does_not_use_it() {
    let Some(patient) = Patient::with_token_of_unknown_device("") else { return };
    patient.0.sh(&format!("mkdir -p '{SERVER}'"));
    let preferences =
        |token: &str| format!("<Preferences ProcessedMachineIdentifier=\"{MACHINE}\" PlexOnlineToken=\"{token}\"/>\n");
    let file = format!("{SERVER}/Preferences.xml");
    patient.0.write(&file, 0o600, "root:root", &preferences("OTHER-SECRET"));
    assert_eq!(patient.look().code, 0, "another token");
    patient.0.write(&file, 0o600, "root:root", &preferences("TOKEN-SECRET-olga"));
    patient.0.stop_authd();
    patient.0.plex().reset();
    let verdict = patient.look();
    let line =
        verdict.find("token", "warning", "it is the media server's own").unwrap_or_else(|| panic!("{verdict:#?}"));
    assert!(line.hint.as_deref().is_some_and(|hint| hint.ends_with("run: plex-auth setup")), "{line:?}");
    assert_eq!(with_the_token(&patient), []);
    patient.0.assert_no_secret_leaked();
}

#[test]
fn r64_doctor_checks_a_token_of_an_unknown_device_without_v2() {
    let Some(patient) = Patient::with_token_of_unknown_device("") else { return };
    patient.0.plex().reset();
    let verdict = patient.look();
    assert_eq!(verdict.code, 0, "{verdict:#?}");
    assert!(
        verdict.find("token", "ok", "plex.tv accepts it; according to owner_id it belongs to Plex id 1").is_some(),
        "{verdict:#?}"
    );
    assert!(verdict.find("machine", "ok", &format!("{MACHINE} is the server of the token's account")).is_some());
    let seen = with_the_token(&patient);
    assert!(
        !seen.is_empty() && seen.iter().all(|seen| seen.described.is_empty() && seen.client_id.is_none()),
        "{seen:#?}"
    );
    assert!(seen.iter().all(|seen| !seen.path.starts_with("/api/v2/")), "{seen:#?}");

    patient.0.plex().shape(Endpoint::SharedServers, ListShape::Gone);
    let verdict = patient.look();
    let line =
        verdict.find("machine", "warning", "plex.tv does not show with whom").unwrap_or_else(|| panic!("{verdict:#?}"));
    assert!(line.hint.as_deref().is_some_and(|hint| hint.contains("plex-auth setup --sign-in link")), "{line:?}");
    patient.0.plex().clear_faults();
    for kill in [Command::ExpireTokens("olga".into()), Command::KillTokens("olga".into())] {
        patient.0.plex().send(&kill).unwrap();
        let verdict = patient.look();
        assert!(verdict.find("token", "error", "plex.tv no longer accepts it").is_some(), "{verdict:#?}");
    }
}

#[test]
fn r76_doctor_says_that_the_daemons_list_is_from_the_second_source() {
    let Some(patient) = Patient::new("") else { return };
    patient.0.plex().shape(Endpoint::SharedServers, ListShape::Gone);
    patient.restart();
    let start = std::time::Instant::now();
    let line = loop {
        let verdict = patient.look();
        if let Some(line) = verdict.find("friend list", "warning", "from the second source") {
            break line.clone();
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{verdict:#?}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    assert!(line.what.contains("answered 410"), "{line:?}");
    assert!(line.hint.as_deref().is_some_and(|hint| hint.contains("look for an update of plex-auth")), "{line:?}");
    patient.0.plex().clear_faults();
    patient.restart();
    patient.wait_until_healthy("the list as it was");
}
