//! Control of a running server: a line of JSON in, a line of JSON out, over a local socket.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;

use crate::command::{Approval, Command, Connections, Counters, ListShape, Seen};
use crate::fault::{Endpoint, Fault, Rule};
use crate::gate::Gate;
use crate::store::Store;
use crate::world::World;

/// Client of the control socket, for tests and the command line.
#[derive(Debug, Clone)]
pub struct Control(PathBuf);

impl Control {
    /// Controls the server whose files are in this directory.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self(directory.join("control.sock"))
    }

    /// Sends a command and returns the answer as JSON.
    ///
    /// # Errors
    /// If the server is not running or rejects the command.
    pub fn send(&self, command: &Command) -> io::Result<String> {
        let mut stream = UnixStream::connect(&self.0)?;
        writeln!(stream, "{}", serde_json::to_string(command)?)?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        match answer.trim_end().strip_prefix("error: ") {
            Some(why) => Err(io::Error::other(why.to_owned())),
            None => Ok(answer.trim_end().to_owned()),
        }
    }

    fn request<T: DeserializeOwned>(&self, command: &Command) -> T {
        serde_json::from_str(&self.send(command).unwrap()).unwrap()
    }

    /// Replaces the world.
    pub fn load(&self, world: &str) {
        self.send(&Command::Load(world.into())).unwrap();
    }

    /// Makes an endpoint fail in this way until the fault is cleared.
    pub fn fault(&self, endpoint: Endpoint, fault: Fault) {
        self.send(&Command::Fault(Rule { endpoint, fault, times: None })).unwrap();
    }

    /// Sets the shape of a list of people, until faults are cleared.
    pub fn shape(&self, endpoint: Endpoint, shape: ListShape) {
        self.send(&Command::Shape(endpoint, shape)).unwrap();
    }

    /// Clears all faults, blocks and shapes.
    pub fn clear_faults(&self) {
        self.send(&Command::ClearFaults).unwrap();
    }

    /// Closes all connections to plex.tv, none of which may have a request in progress, and returns their number.
    #[allow(clippy::must_use_candidate, reason = "the number is for tests of this")]
    pub fn hang_up(&self) -> usize {
        self.request(&Command::HangUp)
    }

    /// Numbers of requests and connections since the start or the last reset.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.request(&Command::Counters)
    }

    /// Requests since the start or the last reset.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.request(&Command::Seen)
    }

    /// Link codes approved with a token since the start or the last reset.
    #[must_use]
    pub fn approvals(&self) -> Vec<Approval> {
        self.request(&Command::Approvals)
    }

    /// Forgets the requests so far.
    pub fn reset(&self) {
        self.send(&Command::Reset).unwrap();
    }
}

/// Answers commands until the process ends.
pub(crate) fn run(listener: &UnixListener, store: &Arc<Mutex<Store>>, gate: &Gate) {
    for stream in listener.incoming().map_while(Result::ok) {
        let mut line = String::new();
        let mut stream = BufReader::new(stream);
        if stream.read_line(&mut line).is_err() {
            continue;
        }
        let answer = serde_json::from_str(&line)
            .map_err(|error| error.to_string())
            .and_then(|command| execute(command, store, gate))
            .unwrap_or_else(|why| format!("error: {}", why.replace('\n', " ")));
        let _ = writeln!(stream.get_mut(), "{answer}");
    }
}

fn execute(command: Command, store: &Mutex<Store>, gate: &Gate) -> Result<String, String> {
    // The listener needs the store, so the store must not be locked while the gate changes.
    match command {
        Command::Connections(wanted) => gate.set(wanted),
        Command::ClearFaults => gate.set(Connections::Serve),
        Command::HangUp => return Ok(gate.hang_up().to_string()),
        _ => {}
    }
    change(command, &mut store.lock().unwrap())
}

fn change(command: Command, store: &mut Store) -> Result<String, String> {
    let json = |value: Result<String, serde_json::Error>| value.map_err(|error| error.to_string());
    let named = |store: &Store, name: &str| store.world.by_name(name).map(|a| a.id).ok_or("nobody by that name");
    match command {
        Command::Load(text) => store.load(World::parse(&text)?),
        Command::Fault(rule) => store.add_rule(rule),
        Command::ClearFaults => store.clear_faults(),
        Command::Connections(_) | Command::HangUp => {}
        Command::Turn(after, connections) => store.turn = Some((after, connections)),
        Command::BlockAfter(failures) => store.blocked.after = Some(failures),
        Command::BlockFor(milliseconds) => store.blocked.lasts = Some(Duration::from_millis(milliseconds)),
        Command::CaseSensitive(yes) => store.case_sensitive = yes,
        Command::FriendsArray(yes) => store.friends_array = yes,
        Command::Shape(endpoint, shape) => store.set_shape(endpoint, shape)?,
        Command::Tokens(reissue) => store.tokens.reissue = reissue,
        Command::KillTokens(name) => {
            let id = named(store, &name)?;
            store.tokens.kill(id);
        }
        Command::ExpireTokens(name) => {
            let id = named(store, &name)?;
            store.tokens.expire(id);
        }
        Command::FragileServers(yes) => store.tokens.fragile = yes,
        Command::Approve(code, name) => {
            let id = named(store, &name)?;
            crate::api::approve(store, &code, id).ok_or("no such code")?;
        }
        Command::Follow(address, name) => {
            let id = named(store, &name)?;
            crate::api::follow(store, &address, id)?;
        }
        Command::ExpirePins => store.pins.iter_mut().for_each(|pin| pin.expires = SystemTime::UNIX_EPOCH),
        Command::Counters => {
            let live_tokens = store.tokens.live();
            return json(serde_json::to_string(&Counters { live_tokens, ..store.counters.clone() }));
        }
        Command::Seen => return json(serde_json::to_string(&store.seen)),
        Command::Approvals => return json(serde_json::to_string(&store.approvals)),
        Command::Reset => {
            store.seen.clear();
            store.approvals.clear();
            store.counters = Counters::default();
        }
    }
    Ok("\"done\"".to_owned())
}
