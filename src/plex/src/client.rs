//! One client, shared by all logins: connections are reused, and every response has a deadline and a size limit.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::blocking::{self, RequestBuilder, Response};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Method, redirect};
use url::Url;
use zeroize::Zeroizing;

use crate::dns::Dns;
use crate::headers::{Headers, accept};
use crate::tls::{self, SetupError};
use crate::{Error, Token};

/// Size limit of a response in bytes, after decompression, so that a short one cannot unpack to more than memory holds. A
/// thousand people with eight libraries each are 0.8 MB in the fake plex.tv (20 kB with gzip), whose rows have about half of
/// the real ones' attributes: the limit is five times what they need.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// The shortest time in which a response can be expected. Its absence after less says nothing about plex.tv.
pub const FAIR: Duration = Duration::from_millis(500);

/// Lifetime of an idle connection. plex.tv closes its end about then.
const KEEP_IDLE: Duration = Duration::from_secs(90);

/// Addresses of `localhost`. A name service could give another machine's, to which plain http would carry a token. The port is
/// the URL's.
const LOCALHOST: [SocketAddr; 2] =
    [SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0)];

/// Settings of a client.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The base address, `https://plex.tv/` but for tests and unusual networks.
    pub base: Url,
    /// A further CA to trust.
    pub ca_file: Option<PathBuf>,
    /// How long one connection may take to be made.
    pub connect_timeout: Duration,
    /// The identifier that plex.tv knows this client by. plex.tv keeps one token for each account and identifier, and
    /// every new identifier adds a device to the user's account and sends them a mail.
    pub client_id: String,
    /// Its name in the user's list of devices.
    pub device_name: String,
}

/// A client for one plex.tv.
#[derive(Debug, Clone)]
pub struct Client {
    http: blocking::Client,
    dns: Dns,
    base: Url,
    headers: Headers,
    /// Number of requests to plex.tv, of all clones.
    requests: Arc<AtomicU64>,
}

impl Client {
    /// Sets the client up; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`]
    pub fn new(settings: &Settings) -> Result<Self, SetupError> {
        let dns = Dns::default();
        let http = blocking::Client::builder()
            .tls_backend_preconfigured(tls::config(settings.ca_file.as_deref())?)
            .user_agent(concat!("plex-auth/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .dns_resolver(Arc::new(dns.clone()))
            .resolve_to_addrs("localhost", &LOCALHOST)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(KEEP_IDLE)
            .tcp_nodelay(true)
            .build()
            .map_err(|error| SetupError::Client(error.to_string()))?;
        let headers = Headers::device(&settings.client_id, &settings.device_name);
        Ok(Self { http, dns, base: settings.base.clone(), headers, requests: Arc::default() })
    }

    /// The same client, with the same connections, as another device.
    #[must_use]
    pub fn as_device(&self, client_id: &str, device_name: &str) -> Self {
        self.with_headers(Headers::device(client_id, device_name))
    }

    /// The same client for requests with the owner's token. Nothing in them describes a device, so plex.tv has nothing to
    /// write into the record of the one that the token was issued to. `identifier` is that device's, if it is known;
    /// otherwise requests are sent without one, and with `fallback` where plex.tv answers none without it (`/api/v2/`).
    #[must_use]
    pub fn for_owner(&self, identifier: Option<&str>, fallback: &str) -> Self {
        self.with_headers(Headers::holder(identifier, fallback))
    }

    pub(crate) fn with_headers(&self, headers: Headers) -> Self {
        Self { headers, requests: Arc::default(), ..self.clone() }
    }

    /// Number of requests to plex.tv that this client and its clones have made so far, for the accounting of the caller. A
    /// client for another device or for the owner counts its own.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The beginning of a request to plex.tv. `path` is one of this crate's own, without anything typed by a user.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut url = self.base.clone();
        url.set_path(path);
        self.http.request(method, url).headers(self.headers.of(path).clone()).header(ACCEPT, accept(path))
    }

    /// The beginning of a request to a media server, which answers in the format that is asked for. It says nothing about this
    /// machine or its device at plex.tv: another process may listen in the server's place (R72).
    pub(crate) fn request_to(&self, server: &Url, path: &str) -> RequestBuilder {
        let mut url = server.clone();
        url.set_path(path);
        self.http.get(url).header(ACCEPT, "application/json")
    }

    /// Sends a request and reads the answer whole, both before the deadline.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when no whole answer arrived, [`Error::Unavailable`] when it is too long or there was no time for
    /// one: a caller that spent its time on something else must not make plex.tv look unreachable.
    pub(crate) fn send(&self, request: RequestBuilder, deadline: Instant) -> Result<Received, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::Unavailable("no time left".into()));
        }
        let in_time = |error| in_time(error, left);
        let mut response = self.answer(request.timeout(left)).map_err(|error| in_time(unreachable(&error)))?;
        let body = read(&mut response, deadline).map_err(in_time)?;
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Received { status: response.status().as_u16(), content_type, retry_after: retry_after(&response), body })
    }

    /// Sends a request and reads the head of the answer. After a failure the host may have moved, so its addresses are dropped.
    pub(crate) fn answer(&self, request: RequestBuilder) -> Result<Response, reqwest::Error> {
        request.send().inspect_err(|error| {
            if let Some(host) = error.url().and_then(Url::host_str) {
                self.dns.forget(host);
            }
        })
    }
}

/// Adds a form.
pub(crate) fn with_form(request: RequestBuilder, form: impl Into<reqwest::blocking::Body>) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
}

/// Adds the token, marked so that no part of the client ever prints it.
pub(crate) fn with_token(request: RequestBuilder, token: &Token) -> Result<RequestBuilder, Error> {
    let mut value = HeaderValue::from_str(token.expose())
        .map_err(|_| Error::Unavailable("the token has characters that no token can have".into()))?;
    value.set_sensitive(true);
    Ok(request.header("X-Plex-Token", value))
}

/// An answer that has arrived whole.
pub(crate) struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The body, whatever the status.
    pub body: Zeroizing<Vec<u8>>,
    retry_after: Option<Duration>,
}

impl Received {
    /// The body of a success; it may hold tokens, so it is wiped.
    ///
    /// # Errors
    /// The kind of error that the answer stands for.
    pub(crate) fn success(self) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.status {
            200..=299 => Ok(self.body),
            status => Err(Error::of_answer(status, self.retry_after, &self.body)),
        }
    }
}

/// The error of a request that had this much time.
fn in_time(error: Error, left: Duration) -> Error {
    match error {
        Error::Unreachable(why) if left < FAIR => Error::Unavailable(why),
        other => other,
    }
}

/// Reads a body up to the bound. The deadline is looked at between any two reads, so that a peer which sends a byte a
/// second gains nothing by it.
fn read(response: &mut impl Read, deadline: Instant) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut body = Zeroizing::new(Vec::new());
    let mut part = Zeroizing::new([0; 16_384]);
    loop {
        match response.read(part.as_mut_slice()) {
            Ok(0) => return Ok(body),
            Ok(count) => body.extend_from_slice(part.get(..count).unwrap_or_default()),
            Err(_) => return Err(Error::Unreachable("the answer broke off".into())),
        }
        if body.len() > MAX_BODY {
            return Err(Error::Unavailable(format!("the answer is longer than {MAX_BODY} bytes")));
        }
        if deadline.saturating_duration_since(Instant::now()).is_zero() {
            return Err(Error::Unreachable("the answer did not arrive in time".into()));
        }
    }
}

/// Says why nothing was answered, with the causes and without the address, which says nothing new.
fn unreachable(error: &reqwest::Error) -> Error {
    let mut why = if error.is_timeout() { "no answer in time".to_owned() } else { "cannot be reached".to_owned() };
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        why = format!("{why}: {inner}");
        cause = inner.source();
    }
    Error::Unreachable(why)
}

/// How long plex.tv asks us to wait, in seconds; the form with a date is not known to be used.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    fn minute() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn r36_an_answer_of_the_size_limit_is_read_whole_and_one_more_byte_is_an_error() {
        assert_eq!(MAX_BODY, 8_388_608);
        let read = |length: usize| read(&mut std::io::repeat(b'x').take(length as u64), minute());
        for length in [0, 1, MAX_BODY - 1, MAX_BODY] {
            assert_eq!(read(length).unwrap().len(), length);
        }
        for length in [MAX_BODY + 1, MAX_BODY + 16 * 1024, 2 * MAX_BODY] {
            assert!(matches!(read(length), Err(Error::Unavailable(_))), "{length}");
        }
    }

    #[test]
    fn r36_an_answer_that_goes_on_at_the_deadline_is_none() {
        let late = read(&mut std::io::repeat(b'x').take(3), Instant::now());
        assert_eq!(late, Err(Error::Unreachable("the answer did not arrive in time".into())));
    }

    /// R69: plex.tv's absence opens the offline cache, and a request that had too little time says nothing about it.
    #[test]
    fn r69_a_request_with_less_than_a_fair_time_does_not_make_plex_unreachable() {
        let no_answer = || Error::Unreachable("no answer in time".into());
        let hasty = Error::Unavailable("no answer in time".into());
        for left in [Duration::from_millis(1), Duration::from_nanos(499_999_999)] {
            assert_eq!(in_time(no_answer(), left), hasty, "{left:?}");
        }
        for left in [FAIR, Duration::from_secs(15)] {
            assert_eq!(in_time(no_answer(), left), no_answer(), "{left:?}");
        }
        assert_eq!(in_time(Error::Refused, Duration::from_millis(1)), Error::Refused);
    }
}
