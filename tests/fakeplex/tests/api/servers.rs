//! Shares and resources in the forms that other clients read, and the media server's description of itself.

use reqwest::Method;
use serde_json::Value;

use crate::common::{Answer, CLIENT, MACHINE, OLGA, Plex, STREET, answer};

fn ids(rows: &Value, name: &str) -> Vec<u64> {
    rows.as_array().unwrap().iter().map(|row| row[name].as_u64().unwrap()).collect()
}

#[test]
fn share_has_one_number_in_every_list() {
    let plex = Plex::start(STREET);
    let path = format!("/api/servers/{MACHINE}/shared_servers");
    let list = plex.get(&path, OLGA);
    let ids = list.attributes("SharedServer", "id");
    let users = plex.get("/api/users", OLGA);
    let servers = users.attributes("Server", "id");
    let dens: Vec<_> =
        users.attributes("Server", "name").into_iter().zip(servers).filter(|(name, _)| name == "Den").collect();
    assert_eq!(dens.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), ids);
    let one = plex.get(&format!("{path}/{}", ids[0]), OLGA);
    assert_eq!(
        (one.attributes("SharedServer", "userID"), one.attributes("Section", "title")),
        (vec!["2".into()], vec!["Films".into()])
    );
    assert_eq!(one.attributes("Section", "shared"), ["1"]);
    assert_eq!(plex.get(&format!("{path}/1"), OLGA).status, 404);
    let libraries = plex.get(&format!("/api/servers/{MACHINE}"), OLGA);
    assert_eq!(libraries.attributes("Section", "key"), ["1"]);
    assert_eq!(plex.get(&format!("/api/servers/{MACHINE}"), &plex.token("alice")).status, 404);
}

#[test]
fn version_2_shares_of_all_servers_are_an_array_by_state() {
    let plex = Plex::start(STREET);
    let get = |path: &str| plex.get(&format!("/api/v2/shared_servers{path}"), OLGA);
    let accepted = get("/owned/accepted").json();
    assert_eq!(ids(&accepted, "invitedId"), [2, 8, 9, 2]);
    assert_eq!(
        (&accepted[0]["machineIdentifier"], &accepted[0]["invited"]["username"]),
        (&MACHINE.into(), &"alice".into())
    );
    assert_eq!(accepted[2]["invited"]["username"], Value::Null);
    assert_eq!(accepted[2]["acceptedAt"], accepted[2]["invitedAt"]);
    let pending = get("/owned/pending").json();
    assert_eq!((ids(&pending, "invitedId"), &pending[0]["acceptedAt"]), (vec![4], &Value::Null));
    assert_eq!(get("").error(), (404, 1002), "the bare collection");
    let request = plex.plain(Method::GET, "/api/v2/shared_servers/owned/accepted").header("X-Plex-Token", OLGA);
    let xml = answer(request.header("X-Plex-Client-Identifier", CLIENT));
    assert_eq!(xml.attributes("sharedServer", "invitedId"), ["2", "8", "9", "2"]);
    assert_eq!(plex.get("/api/v2/shared_servers/owned/accepted", &plex.token("alice")).json(), Value::Array(vec![]));
}

#[test]
fn resources_before_version_2_have_the_same_rows() {
    let plex = Plex::start(STREET);
    let alice = plex.token("alice");
    let old = answer(plex.plain(Method::GET, "/api/resources?includeHttps=1").header("X-Plex-Token", &alice));
    let new = plex.get("/api/v2/resources", &alice).json();
    let of = |name: &str| -> Vec<String> {
        new.as_array().unwrap().iter().map(|row| row[name].as_str().unwrap().to_owned()).collect()
    };
    for name in ["name", "product", "clientIdentifier", "provides", "accessToken"] {
        assert_eq!(old.attributes("Device", name), of(name), "{name}");
    }
    assert_eq!(old.attributes("Device", "owned"), ["0", "0", "1"]);
    assert_eq!(
        (old.attributes("Device", "createdAt").remove(0), old.attributes("Connection", "port")),
        ("1577836800".into(), vec!["32400".into(), "32400".into()])
    );
    assert_eq!(answer(plex.plain(Method::GET, "/api/resources").header("X-Plex-Token", "bogus")).status, 401);
}

#[test]
fn account_before_version_2_has_fields_and_names_of_its_own() {
    let plex = Plex::start(STREET);
    let account = answer(plex.plain(Method::GET, "/users/account").header("X-Plex-Token", OLGA));
    let of = |name: &str| account.attributes("user", name).remove(0);
    assert_eq!(
        (of("id"), of("authenticationToken"), of("mailing_list_status")),
        ("1".into(), OLGA.into(), "unsubscribed".into())
    );
    assert!(
        ["queueEmail", "queueUid", "secure", "certificateVersion", "cloudSyncDevice"]
            .map(of)
            .iter()
            .all(|value| value != "-")
    );
    assert_eq!(account.attributes("feature", "id"), ["companions_sonos"]);
    let current = plex.plain(Method::GET, "/api/v2/user").header("X-Plex-Token", OLGA);
    let current = answer(current.header("X-Plex-Client-Identifier", CLIENT));
    assert_eq!(current.attributes("user", "authenticationToken"), ["-"], "version 2 has another name for it");
    assert_eq!(current.attributes("profile", "autoSelectSubtitle"), ["1"]);
}

#[test]
fn user_and_code_have_every_field_that_their_description_requires() {
    let plex = Plex::start(STREET);
    let user = plex.get("/api/v2/user", OLGA).json();
    let required = "authToken email friendlyName hasPassword id joinedAt title twoFactorEnabled username uuid adsConsent \
                    adsConsentSetAt adsConsentReminderAt attributionPartner profile services roles entitlements";
    assert_eq!(required.split_whitespace().find(|name| user.get(name).is_none()), None);
    let profile = "autoSelectAudio defaultAudioLanguage defaultSubtitleLanguage autoSelectSubtitle \
                   defaultSubtitleAccessibility defaultSubtitleForced watchedIndicator mediaReviewsVisibility";
    assert_eq!(profile.split_whitespace().find(|name| user["profile"].get(name).is_none()), None);
    let pin = plex.post("/api/v2/pins", &[]).json();
    let required =
        "id code product trusted qr clientIdentifier location expiresIn createdAt expiresAt authToken newRegistration";
    assert_eq!(required.split_whitespace().find(|name| pin.get(name).is_none()), None);
    let location = "code continent_code country city european_union_member time_zone postal_code \
                    in_privacy_restricted_country in_privacy_restricted_region subdivisions coordinates";
    assert_eq!(location.split_whitespace().find(|name| pin["location"].get(name).is_none()), None);
}

#[test]
fn media_server_describes_itself_to_its_people_only() {
    let plex = Plex::start(STREET);
    let den = plex.server.address("address.pms.Den");
    let http = plex.client_at([127, 0, 0, 1]);
    let get = |path: &str, token: &str, json: bool| -> Answer {
        let request = http.get(format!("{den}{path}")).header("X-Plex-Token", token);
        answer(if json { request.header("Accept", "application/json") } else { request })
    };
    let root = get("/", OLGA, false);
    let of = |name: &str| root.attributes("MediaContainer", name).remove(0);
    assert_eq!(
        (of("friendlyName"), of("machineIdentifier"), of("myPlexUsername")),
        ("Den".into(), MACHINE.into(), "olga".into())
    );
    assert_eq!((of("myPlex"), of("transcoderVideo"), of("platform")), ("1".into(), "1".into(), "Linux".into()));
    let guest = get("/", "ACCESS-SECRET-Den-2", true).json();
    assert_eq!(guest["MediaContainer"]["friendlyName"], "Den");
    assert_eq!(get("/", "bogus", false).status, 401);
    assert_eq!(get("/identity", "bogus", false).attributes("MediaContainer", "friendlyName"), ["-"], "not to everyone");
    assert_eq!(get("/accounts", OLGA, false).attributes("Account", "id"), ["1", "2", "8", "9"]);
    assert_eq!((get("/library", OLGA, false).status, get("/library", "ACCESS-SECRET-Den-2", false).status), (200, 403));
    assert_eq!(get("/library/sections", "ACCESS-SECRET-Den-2", false).attributes("Directory", "title"), ["Films"]);
}
