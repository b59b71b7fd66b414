//! Signs the fresh tokens out of plex.tv again, out of the way of any login.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plex::{Client, SignedIn, Token};

use crate::ending;
use crate::log::Log;

/// How long a sign-out waits after its login: what comes right behind the verdict, the account phase and the session, is not
/// to compete with it.
const AFTER: Duration = Duration::from_millis(100);

/// How long one sign-out may take.
const ONE: Duration = Duration::from_secs(10);

/// Where tokens go that have served.
#[derive(Debug, Clone)]
pub(crate) struct SignOut(Sender<(Instant, Token)>);

/// The thread that does it.
pub(crate) struct Worker(JoinHandle<()>);

/// A sign-in whose token is signed out when this is dropped, whatever became of the login: accepted, refused, or
/// given up because the answer came too late.
#[derive(Debug)]
pub(crate) struct Borrowed {
    /// The sign-in.
    pub signed_in: SignedIn,
    sign_out: SignOut,
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        self.sign_out.end(self.signed_in.token.clone());
    }
}

impl SignOut {
    /// Starts the worker.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn start(client: Client, log: Log) -> std::io::Result<(Self, Worker)> {
        let (queue, tokens) = channel();
        let work = move || run(&client, &tokens, &log);
        let worker = std::thread::Builder::new().name("signout".into()).spawn(work)?;
        Ok((Self(queue), Worker(worker)))
    }

    /// Has a token signed out.
    pub(crate) fn end(&self, token: Token) {
        // It fails only when the worker has ended, and then the daemon has too.
        let _ = self.0.send((Instant::now() + AFTER, token));
    }

    /// Takes charge of a fresh sign-in.
    pub(crate) fn borrow(&self, signed_in: SignedIn) -> Borrowed {
        Borrowed { signed_in, sign_out: self.clone() }
    }
}

impl Worker {
    /// Whether nobody can add to it any more and all is done.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for what is still to be done, once nobody can add to it any more.
    pub(crate) fn finish(self) {
        ending::wait_for(&self.0);
    }
}

fn run(client: &Client, tokens: &Receiver<(Instant, Token)>, log: &Log) {
    for (due, token) in tokens {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if let Err(why) = client.sign_out(&token, Instant::now() + ONE) {
            log.warning(format!(
                "a token could not be signed out of plex.tv and lapses by itself in some weeks: {why}"
            ));
        }
    }
}
