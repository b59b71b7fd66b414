//! Every fault between this machine and plex.tv, generated from lists.

use fakeplex::{Connections, Fault};

/// A fault.
#[derive(Debug, Clone)]
pub enum Strike {
    /// A wrong answer on an intact connection.
    Answer(Fault),
    /// A broken connection.
    Connection(Connections),
    /// The host name has no address.
    NoName,
    /// The name server does not answer.
    SilentNames,
}

/// All faults, named for the table. The redirects lead to `elsewhere`.
pub fn all(elsewhere: &str) -> Vec<(&'static str, Strike)> {
    let redirect = |status| Fault::RedirectAs(status, elsewhere.to_owned());
    let page = "<html>Bad Gateway</html>".to_owned();
    let answers = [
        ("silence after the request", Fault::Silence),
        ("a byte a second", Fault::Drip),
        ("cut in the body", Fault::Cut),
        ("closed without an answer", Fault::Reset),
        ("500 with HTML", Fault::Status(500, page.clone())),
        ("502 with HTML", Fault::Status(502, page.clone())),
        ("503 with HTML", Fault::Status(503, page)),
        ("404 with nothing", Fault::Status(404, String::new())),
        ("301 elsewhere", redirect(301)),
        ("302 elsewhere", redirect(302)),
        ("307 elsewhere", redirect(307)),
        ("200 with HTML", Fault::Captcha),
        ("9 MB", Fault::Huge(9)),
        ("no UTF-8", Fault::Garbage),
        ("truncated JSON or XML", Fault::Truncated),
        ("410", Fault::Gone),
    ];
    let connections = [
        ("refused", Connections::Refuse),
        ("accepted, then silence", Connections::Silence),
        ("expired certificate", Connections::Expired),
        ("certificate of another name", Connections::WrongName),
        ("self-signed certificate", Connections::SelfSigned),
        ("certificate of another CA", Connections::UnknownCa),
    ];
    let answers = answers.map(|(name, fault)| (name, Strike::Answer(fault)));
    let connections = connections.map(|(name, fault)| (name, Strike::Connection(fault)));
    let names = [("no such name", Strike::NoName), ("silent name server", Strike::SilentNames)];
    answers.into_iter().chain(connections).chain(names).collect()
}

impl Strike {
    /// True for a fault of the answer, which leaves the connection intact.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Answer(_))
    }

    /// True if no address can be looked up.
    pub fn is_about_names(&self) -> bool {
        matches!(self, Self::NoName | Self::SilentNames)
    }

    /// True if plex.tv itself counts as unreachable, which alone opens the cache for outages (R69). A malformed answer
    /// is an answer.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Answer(fault) => match fault {
                Fault::Silence | Fault::Drip | Fault::Cut | Fault::Reset => true,
                Fault::Status(status, _) => *status >= 500,
                _ => false,
            },
            Self::Connection(_) | Self::NoName | Self::SilentNames => true,
        }
    }

    /// True for a success status with an unusable body, which is sufficient for a sign-out.
    pub fn is_success_by_status(&self) -> bool {
        matches!(self, Self::Answer(Fault::Captcha | Fault::Garbage | Fault::Truncated))
    }
}
