//! `cold-sign-in ADDRESS CA-FILE LOGIN`: the least that a sign-in without an open connection can cost. One TCP connection, one
//! handshake of TLS 1.3 and one request; the password is read from standard input. The benchmark compares logins with it.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [address, ca_file, login] => sign_in(address, ca_file, login),
        _ => Err("usage: cold-sign-in ADDRESS CA-FILE LOGIN".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            #[allow(clippy::print_stderr, reason = "a command-line program")]
            {
                eprintln!("cold-sign-in: {why}");
            }
            ExitCode::FAILURE
        }
    }
}

fn sign_in(address: &str, ca_file: &str, login: &str) -> Result<(), Box<dyn Error>> {
    let host_and_port = address.strip_prefix("https://").ok_or("the address does not begin with https://")?;
    let (host, _) = host_and_port.rsplit_once(':').ok_or("the address has no port")?;
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password)?;
    let fields = [("login", login), ("password", &password), ("rememberMe", "false")];
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = format!(
        "POST /api/v2/users/signin HTTP/1.1\r\nHost: {host_and_port}\r\nAccept: application/json\r\n\
         X-Plex-Client-Identifier: cold-sign-in\r\nX-Plex-Product: cold-sign-in\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    );

    let socket = TcpStream::connect(host_and_port)?;
    socket.set_nodelay(true)?;
    let session = ClientConnection::new(Arc::new(tls(ca_file)?), ServerName::try_from(host.to_owned())?)?;
    let mut stream = StreamOwned::new(session, socket);
    stream.write_all(request.as_bytes())?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    let status: Vec<u8> = response.iter().copied().take_while(|byte| *byte != b'\r').collect();
    if status.starts_with(b"HTTP/1.1 201 ") { Ok(()) } else { Err(String::from_utf8_lossy(&status).into()) }
}

fn tls(ca_file: &str) -> Result<ClientConfig, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13])?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}
