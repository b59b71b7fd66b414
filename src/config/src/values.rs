//! Whether a value can be what its key says.

use std::path::PathBuf;
use std::time::Duration;

use policy::PlexId;
use protocol::Secret;

/// What is wrong with a value, and how to mend it.
pub type Wrong = (String, String);

/// How an address is written.
const ADDRESS: &str = "write https://HOST or https://HOST:PORT";

/// A token goes into an HTTP header.
pub(crate) fn token(text: &str) -> Result<Secret, Wrong> {
    let printable = !text.is_empty() && text.len() <= 4096 && text.bytes().all(|byte| byte.is_ascii_graphic());
    let mend = "copy the token alone, without spaces or line breaks";
    if printable { Ok(Secret::from(text)) } else { Err(("this is not a token".into(), mend.into())) }
}

/// A machine id goes into a path.
pub(crate) fn machine_id(text: &str) -> Result<String, Wrong> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let mend = "copy machineIdentifier from http://127.0.0.1:32400/identity (letters and digits)";
    if plain && (8..=64).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(("this is not a machine id".into(), mend.into()))
    }
}

/// A client identifier goes into an HTTP header.
pub(crate) fn client_identifier(text: &str) -> Result<String, Wrong> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain && (8..=64).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        let mend = "leave it as plex-auth setup wrote it (8 to 64 letters, digits and '-'), or run: plex-auth setup";
        Err(("this is not a client identifier".into(), mend.into()))
    }
}

pub(crate) fn owner_id(id: u64) -> Result<PlexId, Wrong> {
    if id > 0 { Ok(PlexId(id)) } else { Err(("0 is no Plex id".into(), "write the owner's numeric Plex id".into())) }
}

/// A Plex username or address, as people write it.
pub(crate) fn plain(text: &str) -> Result<String, Wrong> {
    let fits = !text.trim().is_empty() && text.trim() == text && text.len() <= 254;
    if fits && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(("this is no Plex account".into(), "write a Plex username, e-mail address or numeric id".into()))
    }
}

/// The name of a local account or group.
///
/// # Errors
/// What is wrong with it.
pub fn local_name(text: &str) -> Result<String, Wrong> {
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || c == ':' || c == '/';
    if !text.is_empty() && text.len() <= protocol::MAX_NAME && !text.chars().any(forbidden) {
        Ok(text.to_owned())
    } else {
        Err(("this is no local name".into(), "write a name as in /etc/passwd or /etc/group".into()))
    }
}

pub(crate) fn absolute(text: &str) -> Result<PathBuf, Wrong> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err(("this path is relative".into(), "begin it with /".into())) }
}

/// An address of plex.tv. Passwords and tokens go there, so it is TLS or nothing.
///
/// # Errors
/// What is wrong with it.
pub fn base_url(text: &str) -> Result<url::Url, Wrong> {
    let url = parsed(text)?;
    if url.scheme() == "https" { bare(url) } else { Err(("passwords are sent over https only".into(), ADDRESS.into())) }
}

/// An address of a media server. It is shown a user's own token, so what leaves this machine is TLS as well.
///
/// # Errors
/// What is wrong with it.
pub fn server_url(text: &str) -> Result<url::Url, Wrong> {
    let local = |host: url::Host<&str>| match host {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    let url = parsed(text)?;
    match url.scheme() {
        "http" if !url.host().is_some_and(local) => {
            let mend = "write http://127.0.0.1:32400, or the server's https address".into();
            Err(("a token would cross the network in the clear".into(), mend))
        }
        "http" | "https" => bare(url),
        _ => base_url(text),
    }
}

fn parsed(text: &str) -> Result<url::Url, Wrong> {
    url::Url::parse(text).map_err(|_| ("this is not an address".to_owned(), ADDRESS.to_owned()))
}

/// An address with nothing in it but the way to the host.
fn bare(url: url::Url) -> Result<url::Url, Wrong> {
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if plain && url.username().is_empty() && url.password().is_none() && url.has_host() {
        Ok(url)
    } else {
        Err(("this is more than an address".into(), ADDRESS.into()))
    }
}

pub(crate) fn count(number: u64, least: u32, most: u32) -> Result<u32, Wrong> {
    let fits = u32::try_from(number).ok().filter(|number| (least..=most).contains(number));
    fits.ok_or_else(|| ("this number is out of range".into(), format!("write a number from {least} to {most}")))
}

pub(crate) fn duration(text: &str, least: Duration, most: Duration) -> Result<Duration, Wrong> {
    let range = || {
        let (least, most) = (humantime::format_duration(least), humantime::format_duration(most));
        format!("write a time from \"{least}\" to \"{most}\", such as \"15s\" or \"5m\"")
    };
    let span = humantime::parse_duration(text).map_err(|_| ("this is not a length of time".to_owned(), range()))?;
    if (least..=most).contains(&span) { Ok(span) } else { Err(("this time is out of range".into(), range())) }
}
