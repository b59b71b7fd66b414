//! Steering the server while it runs: a line of JSON in, a line of JSON out, over a local socket.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::fault::{Endpoint, Fault, Rule};
use crate::store::Store;
use crate::world::World;

/// What can be asked of a running server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Another world, in the file's format. Tokens that were given out stay good.
    Load(String),
    /// From now on this goes wrong.
    Fault(Rule),
    /// Nothing goes wrong any more.
    Mend,
    /// Block the address after this many failed sign-ins.
    BlockAfter(u64),
    /// Make every token of this username worthless.
    KillTokens(String),
    /// Approve the open link code with this code, as this username.
    Approve(String, String),
    /// What was asked so far, in numbers.
    Counters,
    /// What was asked so far, one by one.
    Seen,
    /// Forget what was asked so far.
    Reset,
}

/// What was asked, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// TCP connections accepted.
    pub connections: u64,
    /// TLS handshakes that were completed.
    pub handshakes: u64,
    /// Requests by endpoint, those that a fault answered among them.
    pub requests: BTreeMap<Endpoint, u64>,
    /// Mails about a new device.
    pub mails: u64,
    /// Tokens signed out.
    pub signouts: u64,
    /// Tokens that were given out and are still good.
    pub live_tokens: u64,
}

impl Counters {
    /// All requests.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.requests.values().sum()
    }

    /// The requests to one endpoint.
    #[must_use]
    pub fn of(&self, endpoint: Endpoint) -> u64 {
        self.requests.get(&endpoint).copied().unwrap_or_default()
    }
}

/// One request, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Where it went.
    pub endpoint: Endpoint,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Whose token it carried.
    pub token_of: Option<String>,
    /// The name that it wanted to sign in with.
    pub login: Option<String>,
    /// Whether the password that came with it is somebody's.
    pub known_password: bool,
    /// Whether a verification code came with it.
    pub code_sent: bool,
    /// The client's identifier.
    pub client_id: Option<String>,
    /// The client's product.
    pub product: Option<String>,
}

/// The other side: a test, or a person at the command line.
#[derive(Debug, Clone)]
pub struct Control(PathBuf);

impl Control {
    /// Steers the server whose files are in this directory.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self(directory.join("control.sock"))
    }

    /// Sends a command and gives back the answer as JSON.
    ///
    /// # Errors
    /// When the server is not there or does not know the command.
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

    fn ask<T: DeserializeOwned>(&self, command: &Command) -> T {
        serde_json::from_str(&self.send(command).unwrap()).unwrap()
    }

    /// Another world.
    pub fn load(&self, world: &str) {
        self.send(&Command::Load(world.into())).unwrap();
    }

    /// From now on this goes wrong there.
    pub fn fault(&self, endpoint: Endpoint, fault: Fault) {
        self.send(&Command::Fault(Rule { endpoint, fault, times: None })).unwrap();
    }

    /// Nothing goes wrong any more.
    pub fn mend(&self) {
        self.send(&Command::Mend).unwrap();
    }

    /// What was asked so far, in numbers.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.ask(&Command::Counters)
    }

    /// What was asked so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.ask(&Command::Seen)
    }

    /// Forgets what was asked so far.
    pub fn reset(&self) {
        self.send(&Command::Reset).unwrap();
    }
}

/// Answers commands for as long as the process lives.
pub(crate) fn run(listener: &UnixListener, store: &Arc<Mutex<Store>>) {
    for stream in listener.incoming().map_while(Result::ok) {
        let mut line = String::new();
        let mut stream = BufReader::new(stream);
        if stream.read_line(&mut line).is_err() {
            continue;
        }
        let answer = serde_json::from_str(&line)
            .map_err(|error| error.to_string())
            .and_then(|command| carry_out(command, &mut store.lock().unwrap()))
            .unwrap_or_else(|why| format!("error: {}", why.replace('\n', " ")));
        let _ = writeln!(stream.get_mut(), "{answer}");
    }
}

fn carry_out(command: Command, store: &mut Store) -> Result<String, String> {
    let done = Ok("\"done\"".to_owned());
    let json = |value: Result<String, serde_json::Error>| value.map_err(|error| error.to_string());
    match command {
        Command::Load(text) => store.load(World::parse(&text)?),
        Command::Fault(rule) => store.add_rule(rule),
        Command::Mend => store.mend(),
        Command::BlockAfter(failures) => store.block_after = Some(failures),
        Command::KillTokens(username) => {
            let id = store.world.by_name(&username).ok_or("nobody by that name")?.id;
            store.kill_tokens(id);
        }
        Command::Approve(code, username) => {
            let id = store.world.by_name(&username).ok_or("nobody by that name")?.id;
            crate::api::approve(store, &code, id).ok_or("no such code")?;
        }
        Command::Counters => {
            let live_tokens = store.live_tokens();
            return json(serde_json::to_string(&Counters { live_tokens, ..store.counters.clone() }));
        }
        Command::Seen => return json(serde_json::to_string(&store.seen)),
        Command::Reset => {
            store.seen.clear();
            store.counters = Counters::default();
        }
    }
    done
}
