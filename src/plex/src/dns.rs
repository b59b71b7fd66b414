//! Addresses of hosts, kept for a minute: a login that needs a new connection does not wait for the name service each time.

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};
use std::{fmt, io};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How long an answer is used.
const MAX_AGE: Duration = Duration::from_secs(60);

/// How long a lookup in progress is shared. One that lasts longer may have begun before the network was there, and the next
/// one may be quicker.
const SHARED: Duration = Duration::from_secs(1);

/// The most hosts: plex.tv, the media server, and some for tests and former names.
const MAX_HOSTS: usize = 16;

/// The name service, and the clock. Tests have their own.
type LookUp = Box<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;
type Clock = Box<dyn Fn() -> Instant + Send + Sync>;

/// A resolver that keeps successful answers. Clones share them.
#[derive(Clone)]
pub(crate) struct Dns(Arc<Shared>);

struct Shared {
    look_up: LookUp,
    clock: Clock,
    hosts: Mutex<HashMap<String, Host>>,
}

/// State of a host.
enum Host {
    /// Its addresses, and when they were looked up.
    Known(Vec<SocketAddr>, Instant),
    /// A lookup in progress, and when it began.
    Pending(Arc<Lookup>, Instant),
}

/// A lookup that requests wait for.
#[derive(Default)]
struct Lookup(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    result: Option<io::Result<Vec<SocketAddr>>>,
    waiting: Vec<Waker>,
}

impl Default for Dns {
    fn default() -> Self {
        Self::new(Box::new(|host| Ok((host, 0).to_socket_addrs()?.collect())), Box::new(Instant::now))
    }
}

impl Dns {
    fn new(look_up: LookUp, clock: Clock) -> Self {
        Self(Arc::new(Shared { look_up, clock, hosts: Mutex::default() }))
    }

    /// Drops the addresses of a host, because one of them could not be used: the next connection looks them up again.
    pub(crate) fn forget(&self, host: &str) {
        let mut hosts = lock(&self.0.hosts);
        if let Some(Host::Known(..)) = hosts.get(host) {
            hosts.remove(host);
        }
    }

    /// Finds the addresses, or starts a lookup in a thread of its own, since the name service blocks.
    fn find(&self, host: &str) -> io::Result<Found> {
        let now = (self.0.clock)();
        let mut hosts = lock(&self.0.hosts);
        match hosts.get(host) {
            Some(Host::Known(addresses, at)) if now.saturating_duration_since(*at) < MAX_AGE => {
                return Ok(Found::Known(addresses.clone()));
            }
            Some(Host::Pending(lookup, at)) if now.saturating_duration_since(*at) < SHARED => {
                return Ok(Found::Pending(Arc::clone(lookup)));
            }
            _ => {}
        }
        let lookup = Arc::new(Lookup::default());
        let (dns, name, pending) = (self.clone(), host.to_owned(), Arc::clone(&lookup));
        std::thread::Builder::new().name("dns".into()).spawn(move || dns.run(&name, &pending, now))?;
        hosts.retain(|_, host| !host.is_expired(now));
        if hosts.len() < MAX_HOSTS {
            hosts.insert(host.to_owned(), Host::Pending(Arc::clone(&lookup), now));
        }
        Ok(Found::Pending(lookup))
    }

    /// Looks a host up, keeps a successful answer, and wakes the requests that wait for it.
    fn run(&self, host: &str, lookup: &Arc<Lookup>, began: Instant) {
        let result = (self.0.look_up)(host);
        let mut hosts = lock(&self.0.hosts);
        if matches!(hosts.get(host), Some(Host::Pending(pending, _)) if Arc::ptr_eq(pending, lookup)) {
            match &result {
                Ok(addresses) => hosts.insert(host.to_owned(), Host::Known(addresses.clone(), began)),
                Err(_) => hosts.remove(host),
            };
        }
        drop(hosts);
        let mut progress = lock(&lookup.0);
        progress.result = Some(result);
        progress.waiting.drain(..).for_each(Waker::wake);
    }
}

impl Host {
    /// It says nothing to a request any more.
    fn is_expired(&self, now: Instant) -> bool {
        let (at, limit) = match self {
            Self::Known(_, at) => (at, MAX_AGE),
            Self::Pending(_, at) => (at, SHARED),
        };
        now.saturating_duration_since(*at) >= limit
    }
}

/// Result of [`Dns::find`].
enum Found {
    Known(Vec<SocketAddr>),
    Pending(Arc<Lookup>),
}

impl Found {
    async fn addresses(self) -> io::Result<Vec<SocketAddr>> {
        let lookup = match self {
            Self::Known(addresses) => return Ok(addresses),
            Self::Pending(lookup) => lookup,
        };
        poll_fn(|context| {
            let mut progress = lock(&lookup.0);
            match &progress.result {
                Some(Ok(addresses)) => Poll::Ready(Ok(addresses.clone())),
                // The error itself cannot be cloned.
                Some(Err(error)) => Poll::Ready(Err(io::Error::new(error.kind(), error.to_string()))),
                None => {
                    if !progress.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                        progress.waiting.push(context.waker().clone());
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns").finish_non_exhaustive()
    }
}

impl Resolve for Dns {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.find(name.as_str());
        Box::pin(async move { Ok(Box::new(found?.addresses().await?.into_iter()) as Addrs) })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
