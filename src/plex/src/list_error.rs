//! Reasons why a list of people cannot be used: a changed endpoint is told from a fault that passes.

use crate::Error;

/// Failure of a request for a list of people.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum ListError {
    /// The endpoint is gone or closed: 403, 404 or 410. plex.tv's edge also answers an empty 404 in an outage.
    #[error("{0}")]
    Gone(Error),
    /// An answer that is not the list as it is known, or only a part of it.
    #[error("{0}")]
    Changed(#[from] Changed),
    /// Any other error, which says nothing about the endpoint.
    #[error("{0}")]
    Request(#[from] Error),
}

/// Reason why an answer is not the list as it is known.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// No XML, or another document.
    #[error("the answer is no list")]
    NoList,
    /// Fewer rows than the list says it has, or rows of another name.
    #[error("the list has fewer rows than it says")]
    Short,
    /// Rows without a person's number: more than one in ten, or all.
    #[error("the list does not say whose its rows are")]
    NoIds,
    /// Shares without a name of any person.
    #[error("the list names nobody")]
    NoNames,
    /// Rows of servers without any machine id, where the list is to say who has access to one.
    #[error("the list does not say which servers are shared")]
    NoServers,
    /// Rows of servers of which none says whether it is an invitation: those who have not accepted would pass for friends.
    #[error("the list does not say who is only invited")]
    NoPending,
    /// Rows of a server of which none is the owner's: each may be another server with a copied machine id.
    #[error("the list does not say which server is the owner's")]
    NoOwner,
}

impl ListError {
    /// Sorts the error of a request for a list.
    pub(crate) fn of(status: u16, error: Error) -> Self {
        match (status, error) {
            (_, error @ (Error::RateLimited(_) | Error::AddressBlocked)) => Self::Request(error),
            // These endpoints are older than the error codes: a dead token is a bare 401.
            (401, _) => Self::Request(Error::Refused),
            (403 | 404 | 410, error) => Self::Gone(error),
            (_, error) => Self::Request(error),
        }
    }

    /// True if the endpoint itself has changed, so that another source of the same facts is needed.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        !matches!(self, Self::Request(_))
    }
}

impl From<ListError> for Error {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Gone(error) | ListError::Request(error) => error,
            ListError::Changed(changed) => Self::Unavailable(changed.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Changed::{NoIds, NoList, NoNames, NoOwner, NoPending, NoServers, Short};
    use super::*;

    /// P6
    #[test]
    fn r76_only_403_404_and_410_say_that_a_list_is_gone() {
        let of = |status, body: &[u8]| ListError::of(status, Error::of_answer(status, None, body));
        let bodies = [&b""[..], br#"<Response code="403"/>"#, br#"{"errors":[{"code":1080}]}"#, b"<html>"];
        for status in [400, 401, 403, 404, 408, 410, 422, 429, 498, 500, 502, 503, 504] {
            for body in bodies {
                let error = of(status, body);
                assert_eq!(error.is_lasting(), [403, 404, 410].contains(&status), "{status}: {error:?}");
            }
        }
        assert_eq!(of(401, b""), ListError::Request(Error::Refused));
        assert_eq!(of(498, b""), ListError::Request(Error::Refused));
        let blocked = br#"{"errors":[{"code":1003}]}"#;
        assert!(!of(403, blocked).is_lasting(), "a rate limit is not a closed endpoint");
        for changed in [NoList, Short, NoIds, NoNames, NoServers, NoPending, NoOwner] {
            assert!(ListError::Changed(changed).is_lasting());
            assert!(matches!(Error::from(ListError::Changed(changed)), Error::Unavailable(_)));
        }
    }
}
