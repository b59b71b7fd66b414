//! The faults: every one that there is between here and plex.tv, made from lists.

use fakeplex::{Connections, Fault};

/// One fault.
#[derive(Debug, Clone)]
pub enum Strike {
    /// An answer is not what it should be.
    Answer(Fault),
    /// A connection is not.
    Connection(Connections),
    /// The name of the host has no address.
    NoName,
    /// Whoever should know the address says nothing.
    SilentNames,
}

/// All of them, with names for the table. The redirects lead to `elsewhere`.
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
    /// Whether it strikes an answer and leaves the connection as it was.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Answer(_))
    }

    /// Whether plex.tv itself cannot be reached, which is all that opens the cache for outages (R69). An answer that makes no
    /// sense is an answer.
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

    /// Whether it is a success that says nothing: all that a sign-out needs to know.
    pub fn is_success_by_status(&self) -> bool {
        matches!(self, Self::Answer(Fault::Captcha | Fault::Garbage | Fault::Truncated))
    }
}
