//! Every reason for a verdict in the code.

use policy::{Phase, PlexId, Reason};
use strum::IntoEnumIterator;

/// A reason with data for the page; two of them if it has two texts.
fn with_data(reason: Reason) -> Vec<Reason> {
    use Reason as R;
    let (one, other) = (PlexId(1), PlexId(2));
    let text = || "…".to_owned();
    match reason {
        R::Renamed { .. } => vec![R::Renamed { pinned: one, now: other }],
        R::WrongPerson { .. } => {
            [Some(one), None].map(|expected| R::WrongPerson { expected, signed_in: other }).to_vec()
        }
        R::Unreachable(_) => vec![R::Unreachable(text())],
        R::Unavailable(_) => vec![R::Unavailable(text())],
        R::AccountsUnreadable(_) => vec![R::AccountsUnreadable(text())],
        R::OtherVersion(_) => vec![R::OtherVersion(1)],
        other => vec![other],
    }
}

/// A reason as written in the page: `N` stands for numbers.
fn shown(reason: &Reason) -> String {
    let text = reason.to_string().replace("Plex id 1", "Plex id N").replace("belongs to 2", "belongs to N");
    let text = text.replace("version 1 of", "version N of");
    text.replace("put 2 into", "put N into").replace("in id 2", "in id N").replace("to id 1", "to id N")
}

/// Outcome in the log, and text, of each refusal.
pub fn refusals() -> Vec<(String, String)> {
    let outcome = |reason: &Reason| reason.outcome(Phase::Authenticate).as_str().to_owned();
    Reason::iter().flat_map(with_data).map(|reason| (outcome(&reason), shown(&reason))).collect()
}

/// Texts for accepted logins, from the daemon's source: a program cannot be used as a library.
pub fn acceptances() -> Vec<String> {
    let source = include_str!("../../../../src/plex-authd/src/auth/outcome.rs");
    let (_, display) = source.split_once("impl fmt::Display for Evidence {").unwrap();
    let texts = display.split('"').skip(1).step_by(2);
    texts.map(|text| text.replace("{why}", "…")).collect()
}
