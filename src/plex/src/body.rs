//! JSON response bodies.

use serde::de::DeserializeOwned;

use crate::Error;

/// Deserializes a body. The parser's own error is dropped, since it may quote the body, which may hold a token.
///
/// # Errors
/// [`Error::Unavailable`] with `otherwise`.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8], otherwise: &str) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|_| Error::Unavailable(otherwise.into()))
}
