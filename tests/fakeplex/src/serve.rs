//! Listeners, with a thread for each connection, and the faults that act while a response is sent.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::{HandshakeKind, ServerConnection, StreamOwned};

use crate::certs::{Authority, Tls};
use crate::command::Connections;
use crate::fault::{Endpoint, Fault};
use crate::gate::Gate;
use crate::http::{self, Request, Response};
use crate::store::Store;
use crate::world::World;
use crate::{api, control, pms, spoil};

/// Duration of a silent connection.
const SILENCE: Duration = Duration::from_secs(120);

/// Listeners with a permanently bad certificate, and the suffixes of the files with their addresses.
const BAD: [(Connections, &str); 4] = [
    (Connections::Expired, ".expired"),
    (Connections::WrongName, ".wrong-name"),
    (Connections::SelfSigned, ".self-signed"),
    (Connections::UnknownCa, ".unknown-ca"),
];

/// Serves a world until the process ends. Everything that clients need is written to `directory`, `address` last.
///
/// # Errors
/// If the address is in use or the directory is not writable.
pub fn serve(world: World, directory: &Path, listen: SocketAddr) -> io::Result<()> {
    let authority = Authority::new();
    authority.publish(&directory.join("ca.pem"))?;
    let local: Vec<_> = world.servers.iter().filter(|server| server.local.is_some()).cloned().collect();
    let mut store = Store::default();
    store.load(world);
    let store = Arc::new(Mutex::new(store));

    for server in local {
        let listener = TcpListener::bind(("127.0.0.1", server.port))?;
        let port = listener.local_addr()?.port();
        publish(directory, &format!("address.pms-tls.{}", server.name), &server.secure_address(port))?;
        publish(directory, &format!("address.pms.{}", server.name), &format!("http://{}", listener.local_addr()?))?;
        store.lock().unwrap().local_ports.insert(server.name.clone(), port);
        let (store, tls) = (Arc::clone(&store), authority.media_server(&server.domain()));
        std::thread::spawn(move || pms::run(&listener, &server.name, &tls, &store));
    }
    let tls = Arc::new(authority.servers());
    for (kind, ending) in BAD {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        publish(directory, &format!("address{ending}"), &url(&listener)?)?;
        let (tls, store) = (Arc::clone(&tls), Arc::clone(&store));
        let gate = Gate::new(listener.local_addr()?, kind);
        std::thread::spawn(move || accept(listener, &tls, &store, &Arc::new(gate)));
    }
    let listener = TcpListener::bind(listen)?;
    let gate = Arc::new(Gate::new(listener.local_addr()?, Connections::Serve));
    let socket = directory.join("control.sock");
    let _ = fs::remove_file(&socket);
    let steering = UnixListener::bind(socket)?;
    let (steered, steered_gate) = (Arc::clone(&store), Arc::clone(&gate));
    std::thread::spawn(move || control::run(&steering, &steered, &steered_gate));
    publish(directory, "address", &url(&listener)?)?;
    accept(listener, &tls, &store, &gate)
}

pub(crate) fn url(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("https://localhost:{}", listener.local_addr()?.port()))
}

/// Writes a file atomically, so that no waiting process reads half of it.
pub(crate) fn publish(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    let temporary = directory.join(format!(".{name}"));
    fs::write(&temporary, format!("{text}\n"))?;
    fs::rename(temporary, directory.join(name))
}

fn accept(mut listener: TcpListener, tls: &Arc<Tls>, store: &Arc<Mutex<Store>>, gate: &Arc<Gate>) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept()?;
        if gate.wanted() == Connections::Refuse {
            drop(stream);
            listener = gate.close(listener)?;
            continue;
        }
        store.lock().unwrap().counters.connections += 1;
        let (tls, store, gate) = (Arc::clone(tls), Arc::clone(store), Arc::clone(gate));
        // A client that disconnects, for example because of a bad certificate, is not an error.
        std::thread::spawn(move || connection(stream, peer, &tls, &store, &gate));
    }
}

fn connection(mut stream: TcpStream, peer: SocketAddr, tls: &Tls, store: &Mutex<Store>, gate: &Gate) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let _registered = gate.register(&stream)?;
    let made = gate.wanted();
    if made == Connections::Silence {
        std::thread::sleep(SILENCE);
        return Ok(());
    }
    let mut session = ServerConnection::new(Arc::clone(&tls[&made.certificate()])).map_err(io::Error::other)?;
    while session.is_handshaking() {
        session.complete_io(&mut stream)?;
    }
    let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
    store.lock().unwrap().counters.handshake(resumed);
    let mut stream = StreamOwned::new(session, stream);
    let ended = converse(&mut stream, peer, |request| match gate.wanted() {
        // A connection opened before the change gets the same treatment.
        Connections::Silence => (Response::empty(200), Some(Fault::Silence)),
        wanted if wanted == Connections::Refuse || wanted.certificate() != made.certificate() => {
            (Response::empty(200), Some(Fault::Reset))
        }
        wanted => {
            let endpoint = api::endpoint(request);
            let (mut response, fault) = answer(request, store, endpoint, |store| api::answer(store, request));
            let turn = store.lock().unwrap().turn.take_if(|(after, _)| *after == endpoint);
            if let Some((_, next)) = turn {
                gate.set(next);
            }
            if wanted == Connections::Once || turn.is_some() {
                response.close();
            }
            (response, fault)
        }
    });
    let orderly = match ended {
        // The client has gone, or the connection was hung up.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => true,
        ended => ended?,
    };
    if orderly {
        // A client that waits for the end of the connection is told that nothing was cut off.
        stream.conn.send_close_notify();
        stream.flush()?;
    }
    Ok(())
}

/// Answers requests one after the other, until either side ends the connection; false if a fault broke it.
pub(crate) fn converse(
    stream: &mut (impl Read + Write),
    peer: SocketAddr,
    answer: impl Fn(&Request) -> (Response, Option<Fault>),
) -> io::Result<bool> {
    let mut buffer = Vec::new();
    while let Some(request) = http::read(stream, &mut buffer, peer.ip())? {
        let (mut response, fault) = answer(&request);
        if request.closes {
            response.close();
        }
        if !send(stream, &response, fault.as_ref())? {
            return Ok(false);
        }
        if response.closes() {
            break;
        }
    }
    Ok(true)
}

/// The response, and the fault to apply while it is sent.
pub(crate) fn answer(
    request: &Request,
    store: &Mutex<Store>,
    endpoint: Endpoint,
    right: impl FnOnce(&mut Store) -> Response,
) -> (Response, Option<Fault>) {
    let mut store = store.lock().unwrap();
    store.note(endpoint, request);
    let fault = store.strike(endpoint);
    (spoil::answer(fault.as_ref(), request, || right(&mut store)).for_client(request), fault)
}

/// Sends a response; false if the connection must be closed.
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
