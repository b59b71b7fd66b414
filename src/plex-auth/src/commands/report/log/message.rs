//! Messages: verdicts are read field by field, and other sentences word by word.

use crate::commands::report::redactor::{Category, Redactor};
use crate::commands::report::words::SERVICES;

/// The words that a verdict begins with.
const VERDICTS: [&str; 6] = ["accepted", "denied", "throttled", "unavailable", "not-managed", "local-first"];

/// Phases of a login.
const PHASES: [&str; 3] = ["auth", "account", "password"];

/// A line of a verdict.
struct Verdict<'a> {
    word: &'static str,
    user: &'a str,
    plex_id: &'a str,
    service: &'a str,
    rhost: &'a str,
    phase: &'static str,
    caller: u32,
    ms: u64,
    why: &'a str,
}

impl<'a> Verdict<'a> {
    /// Reads a line. A value in quotes holds no quote.
    fn parse(message: &'a str) -> Option<Self> {
        let (verdict, rest) = message.split_once(" user=\"")?;
        let (user, rest) = rest.split_once("\" plex_id=")?;
        let (plex_id, rest) = rest.split_once(" service=\"")?;
        let (service, rest) = rest.split_once("\" rhost=\"")?;
        let (rhost, rest) = rest.split_once("\" phase=")?;
        let (phase, rest) = rest.split_once(" caller=")?;
        let (caller, rest) = rest.split_once(" ms=")?;
        let (ms, why) = rest.split_once(": ")?;
        Some(Self {
            word: VERDICTS.into_iter().find(|known| *known == verdict)?,
            user,
            plex_id,
            service,
            rhost,
            phase: PHASES.into_iter().find(|known| *known == phase)?,
            caller: caller.parse().ok()?,
            ms: ms.parse().ok()?,
            why,
        })
    }
}

/// A message without anything private.
pub(super) fn shown(message: &str, redactor: &mut Redactor) -> String {
    let Some(line) = Verdict::parse(message) else { return redactor.text(message) };
    let unknown = |category, value: &str, redactor: &mut Redactor| {
        if value == "-" { value.to_owned() } else { redactor.label(category, value) }
    };
    let user = unknown(Category::User, line.user, redactor);
    let plex_id = unknown(Category::Id, line.plex_id, redactor);
    let service = service(line.service, redactor);
    let rhost = match line.rhost.parse() {
        Ok(ip) => redactor.ip(ip),
        Err(_) => unknown(Category::Host, line.rhost, redactor),
    };
    let Verdict { word, phase, caller, ms, .. } = line;
    let why = redactor.text(line.why);
    format!(
        "{word} user=\"{user}\" plex_id={plex_id} service=\"{service}\" rhost=\"{rhost}\" phase={phase} caller={caller} ms={ms}: {why}"
    )
}

/// A service, if it is a common one.
pub(super) fn service(name: &str, redactor: &mut Redactor) -> String {
    if name == "-" { name.to_owned() } else { redactor.unless(&SERVICES, Category::Service, name) }
}
