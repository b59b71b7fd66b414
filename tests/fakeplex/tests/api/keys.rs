//! Devices with a registered key, and their signed tokens.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fakeplex::{Command, Reissue};
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::common::{Answer, CLIENT, Plex, STREET, answer};

/// A device with a key.
struct Device {
    kid: &'static str,
    pair: Ed25519KeyPair,
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

impl Device {
    fn new(kid: &'static str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { kid, pair: Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap() }
    }

    fn jwk(&self) -> Value {
        let key = BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "x": key, "kid": self.kid})
    }

    /// A token of its own for plex.tv.
    fn token(&self, issuer: &str, nonce: &str, end: u64) -> String {
        let encoded = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let header = encoded(json!({"kid": self.kid, "alg": "EdDSA", "typ": "JWT"}));
        let claims =
            json!({"aud": "plex.tv", "iss": issuer, "nonce": nonce, "iat": now(), "exp": end, "scope": "username"});
        let signed = format!("{header}.{}", encoded(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

fn post(plex: &Plex, path: &str, body: &Value, token: Option<&str>) -> Answer {
    let request = plex.ask(Method::POST, path).header("Content-Type", "application/json").body(body.to_string());
    answer(token.into_iter().fold(request, |request, token| request.header("X-Plex-Token", token)))
}

fn nonce(plex: &Plex) -> String {
    plex.get("/api/v2/auth/nonce", "").json()["nonce"].as_str().unwrap().to_owned()
}

fn renewed(plex: &Plex, token: &str) -> Answer {
    post(plex, "/api/v2/auth/token", &json!({"jwt": token}), None)
}

fn status(plex: &Plex, token: &str) -> u16 {
    plex.get("/api/v2/user", token).status
}

/// K6
#[test]
fn registered_key_renews_tokens_and_ends_the_old_kind() {
    let plex = Plex::start(STREET);
    plex.control(&Command::Tokens(Reissue::Keep));
    let (device, old, other) = (Device::new("kid-1"), plex.token("alice"), plex.token_for("alice", "another"));
    let unknown = renewed(&plex, &device.token(CLIENT, &nonce(&plex), now() + 60));
    assert_eq!(unknown.error(), (422, 1998), "no such key");
    assert_eq!(post(&plex, "/api/v2/auth/jwk", &json!({"jwk": device.jwk()}), None).status, 401);
    assert_eq!(post(&plex, "/api/v2/auth/jwk", &json!({"jwk": {"kid": "k"}}), Some(&old)).error(), (400, 1004));
    assert_eq!(post(&plex, "/api/v2/auth/jwk", &json!({"jwk": device.jwk()}), Some(&old)).status, 201);
    let again = post(&plex, "/api/v2/auth/jwk", &json!({"jwk": device.jwk()}), Some(&other));
    assert_eq!(again.error(), (422, 1998), "another device's key");
    assert_eq!(status(&plex, &old), 200, "until the first signed token");

    let fresh = nonce(&plex);
    let first =
        renewed(&plex, &device.token(CLIENT, &fresh, now() + 60)).json()["auth_token"].as_str().unwrap().to_owned();
    assert_eq!((status(&plex, &first), status(&plex, &old), status(&plex, &other)), (200, 401, 200));
    for (token, error) in [
        (device.token(CLIENT, &fresh, now() + 60), (422, 1998)),
        (device.token(CLIENT, "no-nonce", now() + 60), (422, 1998)),
        (device.token("another", &nonce(&plex), now() + 60), (422, 1097)),
        (device.token(CLIENT, &nonce(&plex), now() - 60), (498, 1998)),
        (Device::new("kid-1").token(CLIENT, &nonce(&plex), now() + 60), (422, 1998)),
    ] {
        assert_eq!(renewed(&plex, &token).error(), error);
    }
    plex.control(&Command::ExpireTokens("alice".into()));
    assert_eq!((status(&plex, &first), status(&plex, &other)), (498, 498));
    let second = renewed(&plex, &device.token(CLIENT, &nonce(&plex), now() + 60));
    let second = second.json()["auth_token"].as_str().unwrap().to_owned();
    assert_eq!((status(&plex, &first), status(&plex, &second)), (498, 200), "the key alone renews it");
}

/// K6
#[test]
fn signed_token_says_whose_it_is_and_when_it_ends() {
    let plex = Plex::start(STREET);
    let (device, old) = (Device::new("kid-2"), plex.token("alice"));
    post(&plex, "/api/v2/auth/jwk", &json!({"jwk": device.jwk()}), Some(&old));
    let token = renewed(&plex, &device.token(CLIENT, &nonce(&plex), now() + 60));
    let token = token.json()["auth_token"].as_str().unwrap().to_owned();
    let keys = plex.get("/api/v2/auth/keys", "").json();
    let key = BASE64_URL_SAFE_NO_PAD.decode(keys["keys"][0]["x"].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, key).verify(signed.as_bytes(), &signature).unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (&claims["iss"], &claims["aud"], &claims["thumbprint"]),
        (&"plex.tv".into(), &json!(["plex.tv", CLIENT]), &"kid-2".into())
    );
    assert!(claims["jti"].is_string(), "as RFC 7519 says");
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 7 * 24 * 3600);
}

/// K6
#[test]
fn code_with_a_key_gives_its_token_to_that_key_alone() {
    let plex = Plex::start(STREET);
    let device = Device::new("kid-3");
    let pin = post(&plex, "/api/v2/pins", &json!({"jwk": device.jwk(), "strong": false}), None).json();
    plex.control(&Command::Approve(pin["code"].as_str().unwrap().to_owned(), "alice".into()));
    let poll = |query: &str| {
        std::thread::sleep(Duration::from_millis(950));
        plex.get(&format!("/api/v2/pins/{}{query}", pin["id"]), "")
    };
    assert!(poll("").json()["authToken"].is_null());
    let foreign = Device::new("kid-3").token(CLIENT, "", now() + 60);
    assert_eq!(poll(&format!("?deviceJWT={foreign}")).error(), (422, 1998));
    assert_eq!(poll(&format!("?deviceJWT={}", device.token("another", "", now() + 60))).error(), (422, 1097));
    let token = poll(&format!("?deviceJWT={}", device.token(CLIENT, "", now() + 60))).json();
    let token = token["authToken"].as_str().unwrap().to_owned();
    assert_eq!((plex.get("/api/v2/user", &token).json()["id"].as_u64(), token.split('.').count()), (Some(2), 3));
    let next = renewed(&plex, &device.token(CLIENT, &nonce(&plex), now() + 60));
    assert_eq!((next.status, status(&plex, &token)), (200, 200), "the key is registered, and both are good");
}
