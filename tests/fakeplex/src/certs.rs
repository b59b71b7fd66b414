//! A CA, and the certificates of the good and the bad listeners.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Names in the good certificate.
const NAMES: [&str; 7] =
    ["localhost", "127.0.0.1", "::1", "plex.tv", "clients.plex.tv", "app.plex.tv", "fakeplex.test"];

/// Kind of a listener's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certificate {
    Good,
    Expired,
    WrongName,
    SelfSigned,
    UnknownCa,
}

/// TLS configurations of a listener, by certificate.
pub(crate) type Tls = BTreeMap<Certificate, Arc<ServerConfig>>;

/// A CA.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "fakeplex test CA");
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Writes the CA's certificate for clients to trust.
    pub(crate) fn publish(&self, file: &Path) -> std::io::Result<()> {
        fs::write(file, &self.pem)
    }

    /// Creates a certificate of each kind.
    pub(crate) fn servers(&self) -> Tls {
        use Certificate::{Expired, Good, SelfSigned, UnknownCa, WrongName};
        [Good, Expired, WrongName, SelfSigned, UnknownCa].map(|kind| (kind, self.server(kind))).into()
    }

    /// The certificate of a media server: for every name below its own part of plex.direct.
    pub(crate) fn media_server(&self, domain: &str) -> Arc<ServerConfig> {
        self.issue(Certificate::Good, vec![format!("*.{domain}")])
    }

    fn server(&self, kind: Certificate) -> Arc<ServerConfig> {
        let names =
            if kind == Certificate::WrongName { vec!["elsewhere.test".into()] } else { NAMES.map(Into::into).to_vec() };
        self.issue(kind, names)
    }

    fn issue(&self, kind: Certificate, names: Vec<String>) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(names).unwrap();
        if kind == Certificate::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let certificate = match kind {
            Certificate::SelfSigned => params.self_signed(&key).unwrap(),
            Certificate::UnknownCa => params.signed_by(&key, &Self::new().issuer).unwrap(),
            _ => params.signed_by(&key, &self.issuer).unwrap(),
        };
        let chain = vec![CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        // Sessions are resumed by tickets, in TLS 1.2 too.
        config.ticketer = Ticketer::new().unwrap();
        Arc::new(config)
    }
}
