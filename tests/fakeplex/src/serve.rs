//! The listeners: a thread for each connection, and the faults that strike between an answer and the wire.

use std::fs;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::certs::{Authority, Certificate};
use crate::fault::Fault;
use crate::http::{self, Request, Response};
use crate::store::Store;
use crate::world::World;
use crate::{api, control, pms};

/// How long a connection that is to stay silent is kept.
const SILENCE: Duration = Duration::from_secs(120);

/// Serves a world until the process ends. What clients need is written to `directory`, `address` last.
///
/// # Errors
/// When it cannot listen or write there.
pub fn serve(world: World, directory: &Path, listen: SocketAddr) -> io::Result<()> {
    let authority = Authority::new();
    authority.publish(&directory.join("ca.pem"))?;
    let mut store = Store::default();
    let local: Vec<_> = world.servers.iter().filter(|server| server.local.is_some()).cloned().collect();
    store.load(world);
    let store = Arc::new(Mutex::new(store));

    for server in local {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        publish(directory, &format!("address.pms.{}", server.name), &format!("http://{}", listener.local_addr()?))?;
        let store = Arc::clone(&store);
        std::thread::spawn(move || pms::run(&listener, &server.name, &store));
    }
    let socket = directory.join("control.sock");
    let _ = fs::remove_file(&socket);
    let steering = UnixListener::bind(socket)?;
    let steered = Arc::clone(&store);
    std::thread::spawn(move || control::run(&steering, &steered));

    let mut last = None;
    for (kind, ending) in Certificate::ALL.into_iter().rev() {
        let at = if kind == Certificate::Good { listen } else { SocketAddr::from(([127, 0, 0, 1], 0)) };
        let listener = TcpListener::bind(at)?;
        let address = format!("https://localhost:{}", listener.local_addr()?.port());
        let (tls, store) = (authority.server(kind), Arc::clone(&store));
        last = Some(std::thread::spawn(move || accept(&listener, &tls, &store)));
        publish(directory, &format!("address{ending}"), &address)?;
    }
    let _ = last.map(std::thread::JoinHandle::join);
    Ok(())
}

/// Writes a file so that whoever waits for it never finds it half written.
fn publish(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    let temporary = directory.join(format!(".{name}"));
    fs::write(&temporary, format!("{text}\n"))?;
    fs::rename(temporary, directory.join(name))
}

fn accept(listener: &TcpListener, tls: &Arc<ServerConfig>, store: &Arc<Mutex<Store>>) {
    for stream in listener.incoming().map_while(Result::ok) {
        store.lock().unwrap().counters.connections += 1;
        let (tls, store) = (Arc::clone(tls), Arc::clone(store));
        // A client that breaks off, as one that finds a bad certificate does, is no news here.
        std::thread::spawn(move || connection(stream, tls, &store));
    }
}

fn connection(stream: TcpStream, tls: Arc<ServerConfig>, store: &Mutex<Store>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut session = ServerConnection::new(tls).map_err(io::Error::other)?;
    let mut stream = stream;
    while session.is_handshaking() {
        session.complete_io(&mut stream)?;
    }
    store.lock().unwrap().counters.handshakes += 1;
    let mut stream = StreamOwned::new(session, stream);
    let mut buffer = Vec::new();
    while let Some(request) = http::read(&mut stream, &mut buffer)? {
        let (response, fault) = answer(&request, store);
        if !send(&mut stream, &response, fault.as_ref())? {
            break;
        }
    }
    Ok(())
}

/// The answer, and what is to become of it on its way.
fn answer(request: &Request, store: &Mutex<Store>) -> (Response, Option<Fault>) {
    let mut store = store.lock().unwrap();
    let endpoint = api::endpoint(request);
    store.note(endpoint, request);
    let fault = store.strike(endpoint);
    let response = match &fault {
        Some(Fault::Status(status, body)) => Response::new(*status, "text/html", body.as_str()),
        Some(Fault::Api(status, code)) => api::error(request, *status, *code, "Asked for by a test"),
        Some(Fault::TooMany(after)) => {
            let headers = after.map(|seconds| ("Retry-After", seconds.to_string())).into_iter().collect();
            Response { status: 429, headers, body: Vec::new() }
        }
        Some(Fault::Redirect(to)) => {
            Response { status: 302, headers: vec![("Location", to.clone())], body: Vec::new() }
        }
        Some(Fault::Captcha) => Response::html(200, "Prove that you are human"),
        Some(Fault::Huge(megabytes)) => Response::new(200, "application/json", vec![b' '; megabytes << 20]),
        Some(Fault::Garbage) => Response::new(200, "application/json", [0xff, 0xfe, 0x00, 0x80].repeat(64)),
        Some(Fault::Silence | Fault::Reset) => Response::new(200, "text/plain", ""),
        Some(Fault::OddShape) => odd(api::answer(&mut store, request)),
        Some(Fault::Truncated) => {
            let mut whole = api::answer(&mut store, request);
            whole.body.truncate(whole.body.len() * 2 / 3);
            whole
        }
        Some(Fault::Delay(_) | Fault::Drip | Fault::Cut) | None => api::answer(&mut store, request),
    };
    (response, fault)
}

/// The same answer as plex.tv has been seen to write it on other days.
fn odd(mut response: Response) -> Response {
    if response.status == 201 {
        response.status = 200;
    }
    if let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_slice(&response.body) {
        for value in fields.values_mut() {
            *value = match value.take() {
                serde_json::Value::Bool(truth) => u8::from(truth).to_string().into(),
                serde_json::Value::Number(number) => number.to_string().into(),
                serde_json::Value::Object(_) | serde_json::Value::Array(_) => serde_json::Value::Null,
                other => other,
            };
        }
        fields.insert("brandNewField".into(), serde_json::json!({"nested": [1, null]}));
        response.body = serde_json::Value::Object(fields).to_string().into_bytes();
    }
    response
}

/// Sends an answer; false when the connection is to be closed.
fn send(stream: &mut impl Write, response: &Response, fault: Option<&Fault>) -> io::Result<bool> {
    let bytes = response.bytes();
    match fault {
        Some(Fault::Silence) => std::thread::sleep(SILENCE),
        Some(Fault::Reset) => {}
        Some(Fault::Cut) => stream.write_all(&bytes[..bytes.len() - response.body.len() / 2 - 1])?,
        Some(Fault::Drip) => {
            for byte in bytes {
                stream.write_all(&[byte])?;
                stream.flush()?;
                std::thread::sleep(Duration::from_secs(1));
            }
        }
        Some(Fault::Delay(milliseconds)) => {
            std::thread::sleep(Duration::from_millis(*milliseconds));
            stream.write_all(&bytes)?;
        }
        _ => stream.write_all(&bytes)?,
    }
    stream.flush()?;
    Ok(!matches!(fault, Some(Fault::Silence | Fault::Reset | Fault::Cut | Fault::Drip)))
}
