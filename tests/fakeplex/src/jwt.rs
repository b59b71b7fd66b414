//! Signed tokens (JWT, Ed25519) of devices that have registered a key: verified when a device sends one, and issued by
//! plex.tv with a key of its own.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::http::Request;

/// Life of an issued token.
const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Life of a nonce.
const NONCE_LIFE: Duration = Duration::from_secs(300);

/// A device's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Jwk {
    pub kid: String,
    key: Vec<u8>,
}

impl Jwk {
    /// The key in a request's field `jwk`, if it is an Ed25519 key.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let field = |name: &str| request.params.get(&format!("jwk[{name}]")).map(String::as_str);
        let ed25519 = field("kty") == Some("OKP") && field("crv") == Some("Ed25519") && field("alg") == Some("EdDSA");
        let key = BASE64_URL_SAFE_NO_PAD.decode(field("x")?).ok().filter(|key| key.len() == 32)?;
        ed25519.then_some(Self { kid: field("kid")?.to_owned(), key })
    }

    /// The claims of a token, if this key has signed it.
    pub(crate) fn verify(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(&ED25519, &self.key).verify(signed.as_bytes(), &signature).ok()?;
        part(signed, 1)
    }
}

/// Identifier of the key that a token names, before it is verified.
pub(crate) fn key_id(token: &str) -> Option<String> {
    Some(part(token, 0)?.get("kid")?.as_str()?.to_owned())
}

fn part(token: &str, place: usize) -> Option<Value> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(place)?).ok()?).ok()
}

/// plex.tv's own key, and the nonces that it has given out.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    nonces: Vec<(String, SystemTime)>,
    count: u64,
}

impl Default for Signer {
    fn default() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { pair: Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap(), nonces: Vec::new(), count: 0 }
    }
}

impl Signer {
    const KID: &str = "plex-tv-key";

    /// The public key, for clients that verify what they were given.
    pub(crate) fn public(&self) -> Value {
        let key = BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "x": key, "use": "sig", "alg": "EdDSA", "kid": Self::KID})
    }

    /// A new nonce.
    pub(crate) fn nonce(&mut self) -> String {
        self.count += 1;
        let nonce = format!("nonce-SECRET-{}", self.count);
        self.nonces.push((nonce.clone(), SystemTime::now()));
        nonce
    }

    /// True once for each nonce that is not too old.
    pub(crate) fn spend(&mut self, nonce: &str) -> bool {
        let Some(place) = self.nonces.iter().position(|(known, _)| known == nonce) else { return false };
        self.nonces.remove(place).1.elapsed().is_ok_and(|age| age < NONCE_LIFE)
    }

    /// A token for a client whose key has this identifier.
    pub(crate) fn sign(&mut self, account: u64, client_id: &str, kid: &str) -> String {
        self.count += 1;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let header = json!({"kid": Self::KID, "typ": "JWT", "alg": "EdDSA"});
        let claims = json!({
            "aud": ["plex.tv", client_id], "iss": "plex.tv", "iat": now.as_secs(), "exp": (now + LIFE).as_secs(),
            "thumbprint": kid, "jti": self.count.to_string(), "user": {"id": account}
        });
        let encoded = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}
