//! Which certificates are believed: those of the system's bundle and of `ca_file`, read from fixed places.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Where distributions keep their bundle. The usual ways to find it also ask the environment, which is not ours.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Far more than all the authorities in the world need, in bytes.
const MAX_BUNDLE: u64 = 16 * 1024 * 1024;

/// Why no client could be made. Each needs the administrator.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is no bundle of certificates.
    #[error("no CA certificates found; install the package ca-certificates")]
    NoCertificates,
    /// A CA file cannot be used.
    #[error("{}: {}; it must hold certificates in PEM form", .0.display(), .1)]
    CaFile(PathBuf, String),
    /// The HTTP client cannot be set up.
    #[error("the HTTPS client cannot be set up: {0}")]
    Client(String),
}

/// TLS 1.2 and 1.3 with full verification, and no key log.
pub(crate) fn config(extra: Option<&Path>) -> Result<ClientConfig, SetupError> {
    let mut roots = RootCertStore::empty();
    if let Some(bundle) = BUNDLES.iter().map(Path::new).find(|path| path.exists()) {
        add(&mut roots, bundle)?;
    }
    if let Some(extra) = extra {
        add(&mut roots, extra)?;
    }
    if roots.is_empty() {
        return Err(SetupError::NoCertificates);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::Client(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Adds the certificates of a PEM file. Single ones that cannot be used are passed over, as every bundle has some; a
/// file without any that can be used is an error.
fn add(roots: &mut RootCertStore, file: &Path) -> Result<(), SetupError> {
    let broken = |why: String| SetupError::CaFile(PathBuf::from(file), why);
    let opened = system::open_without_waiting(file).map_err(|error| broken(error.to_string()))?;
    // A pipe or a device might never end.
    if !opened.metadata().is_ok_and(|about| about.is_file()) {
        return Err(broken("is not a regular file".into()));
    }
    let certificates = CertificateDer::pem_reader_iter(opened.take(MAX_BUNDLE));
    let (added, _) = roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    if added == 0 { Err(broken("there is no certificate in it".into())) } else { Ok(()) }
}
