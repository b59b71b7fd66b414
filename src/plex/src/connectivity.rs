//! Connectivity with plex.tv, and the cause if there is none: DNS, a certificate or the network.

use std::error::Error as StdError;
use std::io;
use std::time::{Instant, SystemTime};

use reqwest::Method;
use reqwest::header::DATE;

use crate::Client;

/// Why plex.tv cannot be reached.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum Unreachable {
    /// Its name has no address: no DNS, or a wrong name.
    #[error("its name has no address: {0}")]
    Name(String),
    /// Its certificate is not believed.
    #[error("its certificate is refused: {0}")]
    Certificate(String),
    /// Nobody answers in time.
    #[error("no answer in time")]
    Late,
    /// No connection, or one that breaks.
    #[error("{0}")]
    Network(String),
}

impl Client {
    /// Asks plex.tv for nothing, and says what time it is there, if the answer tells. Every answer is good: that there is
    /// one is what is asked.
    ///
    /// # Errors
    /// [`Unreachable`]
    pub fn reach(&self, deadline: Instant) -> Result<Option<SystemTime>, Unreachable> {
        let left = deadline.saturating_duration_since(Instant::now());
        let answer =
            self.answer(self.request(Method::GET, "/api/v2/ping").timeout(left)).map_err(|error| kind(&error))?;
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
        Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()))
    }
}

/// The cause of a failed request, found among an error's sources.
fn kind(error: &reqwest::Error) -> Unreachable {
    let (mut cause, mut last): (Option<&(dyn StdError + 'static)>, _) = (error.source(), String::new());
    let mut name = false;
    while let Some(inner) = cause {
        if let Some(tls) = certificate(inner) {
            return Unreachable::Certificate(tls);
        }
        // The resolver's error has no type of its own.
        name |= inner.to_string() == "dns error";
        last = inner.to_string();
        cause = inner.source();
    }
    match () {
        () if name => Unreachable::Name(last),
        () if error.is_timeout() => Unreachable::Late,
        () => Unreachable::Network(last),
    }
}

/// The problem with the certificate, if that is the cause. An error that an I/O error wraps is not its source.
fn certificate(error: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(wrapped) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return certificate(wrapped);
    }
    match error.downcast_ref()? {
        rustls::Error::InvalidCertificate(why) => Some(why.to_string()),
        _ => None,
    }
}
