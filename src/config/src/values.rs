//! Readers of single values: each returns the value in its type, or the [`Mistake`] in it.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use policy::PlexId;
use protocol::Secret;
use url::{Host, Url};

use crate::mistake::Mistake;
use crate::new_accounts::NewAccounts;
use crate::warnings::FILES_GROUP;

/// Name of the token in addresses and headers, in lower case.
const TOKEN_NAME: &str = "x-plex-token";

/// Marks around a pasted token: typewriters' and printers' quotes.
const QUOTES: [char; 10] = ['"', '\'', '`', '“', '”', '„', '‘', '’', '«', '»'];

/// A Plex token: 1 to 4096 printable characters. What is often copied along with it is refused by name: sent with it, no
/// request would be answered.
///
/// # Errors
/// [`Mistake::Token`], [`Mistake::TokenInUrl`], [`Mistake::TokenWithName`], [`Mistake::TokenWithQuotes`]
pub(crate) fn token(text: &str) -> Result<Secret, Mistake> {
    if text.contains("://") {
        return Err(Mistake::TokenInUrl);
    }
    if text.to_ascii_lowercase().contains(TOKEN_NAME) {
        return Err(Mistake::TokenWithName);
    }
    if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
        return Err(Mistake::TokenWithQuotes);
    }
    let printable = !text.is_empty() && text.len() <= 4096 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if printable { Ok(Secret::from(text)) } else { Err(Mistake::Token) }
}

/// Byte at which the token begins in a value that has more than it, as it is written in the file.
pub(crate) fn token_start(written: &str) -> usize {
    let name_end = written.to_ascii_lowercase().find(TOKEN_NAME).map_or(0, |at| at + TOKEN_NAME.len());
    let rest = written.get(name_end..).unwrap_or_default();
    let begin = rest.trim_start_matches(|c: char| QUOTES.contains(&c) || matches!(c, '=' | ':' | ' ' | '\\'));
    name_end + (rest.len() - begin.len())
}

/// Reads the machine id of a Plex Media Server.
///
/// # Errors
/// [`Mistake::MachineId`]
pub fn machine_id(text: &str) -> Result<String, Mistake> {
    if is_identifier(text) { Ok(text.to_owned()) } else { Err(Mistake::MachineId) }
}

/// A client identifier, as requests to plex.tv carry one.
pub(crate) fn client_identifier(text: &str) -> Result<String, Mistake> {
    if is_identifier(text) { Ok(text.to_owned()) } else { Err(Mistake::ClientIdentifier) }
}

fn is_identifier(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A numeric Plex id.
pub(crate) fn plex_id(id: u64) -> Result<PlexId, Mistake> {
    if id > 0 { Ok(PlexId(id)) } else { Err(Mistake::OwnerId) }
}

/// A Plex username, e-mail address or id, as people write it.
pub(crate) fn plex_account(text: &str) -> Result<String, Mistake> {
    let fits = !text.trim().is_empty() && text.trim() == text && text.len() <= 254;
    if fits && !text.chars().any(char::is_control) { Ok(text.to_owned()) } else { Err(Mistake::PlexAccount) }
}

/// Checks the name of a local user or group, or of a service in /etc/pam.d. Names from a directory may have spaces within.
///
/// # Errors
/// [`Mistake::LocalName`]
pub fn local_name(text: &str) -> Result<String, Mistake> {
    let forbidden = |c: char| c.is_control() || (c.is_whitespace() && c != ' ') || c == ':' || c == '/';
    let fits =
        !text.is_empty() && text.trim() == text && text.len() <= protocol::MAX_NAME && !text.chars().any(forbidden);
    if fits { Ok(text.to_owned()) } else { Err(Mistake::LocalName) }
}

/// Checks the name of the group of managed accounts, to which existing accounts are added: none of these may become an account
/// for files.
///
/// # Errors
/// [`Mistake::LocalName`], [`Mistake::FilesGroup`]
pub fn group_name(text: &str) -> Result<String, Mistake> {
    if text == FILES_GROUP { Err(Mistake::FilesGroup) } else { local_name(text) }
}

/// The purpose of new accounts.
pub(crate) fn new_accounts(text: &str) -> Result<NewAccounts, Mistake> {
    let named = NewAccounts::ALL.into_iter().find(|(_, name)| *name == text);
    named.map(|(purpose, _)| purpose).ok_or(Mistake::NewAccounts)
}

/// Checks the directory of accounts for files. Its path becomes part of `/etc/passwd`, of names of systemd units and of
/// commands that are shown, so it has only characters without a meaning there.
///
/// # Errors
/// [`Mistake::RelativePath`], [`Mistake::UploadsFolder`]
pub fn uploads_folder(text: &str) -> Result<PathBuf, Mistake> {
    let path = absolute(text)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let fits = is_below_root(&path) && text.len() <= 100 && text.bytes().all(plain);
    if fits { Ok(normal(&path)) } else { Err(Mistake::UploadsFolder) }
}

/// Checks a directory that accounts for files can read: neither all of the system nor the friends' own folders are in it.
///
/// # Errors
/// [`Mistake::RelativePath`], [`Mistake::MediaFolder`], [`Mistake::MediaAndUploads`]
pub fn media_folder(text: &str, uploads: &Path) -> Result<PathBuf, Mistake> {
    let path = absolute(text)?;
    let fits = is_below_root(&path) && text.trim() == text && !text.contains(|c: char| c.is_control() || c == '\\');
    match normal(&path) {
        _ if !fits => Err(Mistake::MediaFolder),
        path if path.starts_with(uploads) || uploads.starts_with(&path) => Err(Mistake::MediaAndUploads),
        path => Ok(path),
    }
}

fn is_below_root(path: &Path) -> bool {
    path.parent().is_some() && !path.components().any(|part| part == Component::ParentDir)
}

/// The path without repeated slashes, `.`, and a slash at its end.
fn normal(path: &Path) -> PathBuf {
    path.components().collect()
}

/// An absolute path.
pub(crate) fn absolute(text: &str) -> Result<PathBuf, Mistake> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err(Mistake::RelativePath) }
}

/// Reads an address of plex.tv. Passwords and tokens are sent there, so it must be https.
///
/// # Errors
/// [`Mistake::Address`], [`Mistake::AddressWithMore`], [`Mistake::NotHttps`]
pub fn base_url(text: &str) -> Result<Url, Mistake> {
    let url = url(text)?;
    if url.scheme() == "https" { bare(url) } else { Err(Mistake::NotHttps) }
}

/// Reads an address of a media server. A user's token for the server is sent there, so a certificate has to prove that the server
/// is listening: https with a name. `insecure` allows plain http to this machine.
///
/// # Errors
/// [`Mistake::ServerUrlIsAnAddress`], [`Mistake::PlainHttpHere`], [`Mistake::PlainHttp`], [`Mistake::Address`],
/// [`Mistake::AddressWithMore`]
pub fn server_url(text: &str, insecure: bool) -> Result<Url, Mistake> {
    let url = url(text)?;
    match (url.scheme(), url.host()) {
        ("https", Some(Host::Domain(name))) if is_host_name(name) => bare(url),
        ("https", Some(Host::Domain(_)) | None) => Err(Mistake::Address),
        ("https", _) => Err(Mistake::ServerUrlIsAnAddress),
        ("http", Some(host)) if !is_this_machine(&host) => Err(Mistake::PlainHttp),
        ("http", _) if !insecure => Err(Mistake::PlainHttpHere),
        ("http", _) => bare(url),
        _ => Err(Mistake::Address),
    }
}

/// True for a name that a certificate can hold. A URL's may have signs that mean something to a shell, and it is shown as a part of
/// a command.
fn is_host_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

/// True for a loopback address, and for `localhost`, which the client never looks up.
fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn url(text: &str) -> Result<Url, Mistake> {
    Url::parse(text).map_err(|_| Mistake::Address)
}

/// A URL of a scheme, a host and a port alone.
fn bare(url: Url) -> Result<Url, Mistake> {
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if plain && url.username().is_empty() && url.password().is_none() && url.has_host() {
        Ok(url)
    } else {
        Err(Mistake::AddressWithMore)
    }
}

/// A number of a range.
pub(crate) fn count(number: u64, least: u32, most: u32) -> Result<u32, Mistake> {
    let fits = u32::try_from(number).ok().filter(|number| (least..=most).contains(number));
    fits.ok_or(Mistake::NumberOutOfRange(least, most))
}

/// A length of time of a range, such as `2h 30m`.
pub(crate) fn duration(text: &str, least: Duration, most: Duration) -> Result<Duration, Mistake> {
    let time = humantime::parse_duration(text).map_err(|_| Mistake::NotATime(least, most))?;
    if (least..=most).contains(&time) { Ok(time) } else { Err(Mistake::TimeOutOfRange(least, most)) }
}
