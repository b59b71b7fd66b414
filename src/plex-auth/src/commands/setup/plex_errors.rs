//! Errors of plex.tv with hints for `setup`.

use crate::error::Error;

/// Tests whether an error of a list of people is about the token: a sign-in then gives a new one.
pub(crate) fn is_refusal(error: &plex::Error) -> bool {
    matches!(error, plex::Error::Refused | plex::Error::Forbidden(_))
}

/// The error of a request, with a hint.
pub(crate) fn explain(error: &plex::Error) -> Error {
    let failure = Error::new(format!("plex.tv: {}", protocol::printable(&error.to_string(), 300)));
    match error {
        plex::Error::RateLimited(_) => failure.hint("wait a few minutes and run this again"),
        plex::Error::AddressBlocked => failure.hint(
            "plex.tv lifts this block by itself, after hours at the latest; or use --sign-in link, which sends no password",
        ),
        plex::Error::Unreachable(why) if why.contains("certificate") => {
            failure.hint("does this network inspect TLS? then name its CA: --ca-file FILE; and is the clock right? date")
        }
        plex::Error::Unreachable(_)
        | plex::Error::ServerError(_)
        | plex::Error::Unavailable(_)
        | plex::Error::RefusedWithoutCode => {
            failure.hint("check the network connection, and whether Plex is up: https://status.plex.tv; then run this \
                          again")
        }
        plex::Error::Refused => failure.hint("sign in: plex-auth setup --sign-in link"),
        _ => failure,
    }
}
