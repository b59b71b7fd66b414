//! Whether the values make sense, each by itself and together.

use std::path::{Path, PathBuf};
use std::time::Duration;

use policy::{PlexId, Reference};
use toml::Spanned;
use wire::Secret;

use crate::raw::{self, Raw, RawTimeouts};
use crate::{Config, Problem, Source, Timeouts};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The most that one login may spend on the network. The module waits [`wire::MODULE_DEADLINE`]; the difference is
/// what the daemon needs to say so in time.
const MAX_LOGIN: Duration = Duration::from_secs(30);
const _: () = assert!(MAX_LOGIN.as_secs() + 5 < wire::MODULE_DEADLINE.as_secs());

/// The longest that somebody who was removed may still sign in while plex.tv can be reached.
const MAX_FRIEND_LIST: Duration = Duration::from_secs(5 * 60);

/// What is wrong with a value, and how to mend it.
type Wrong = (String, String);

/// Understands the text of a configuration. A `token_file` is not read.
///
/// # Errors
/// [`Problem`]
pub fn parse(text: &str, file: &Path) -> Result<Config, Problem> {
    understand(text, file).map(|(config, _)| config)
}

/// [`parse`], and the file that holds the token when it stands apart. Until it has been read, the configuration has an
/// empty token.
pub(crate) fn understand(text: &str, file: &Path) -> Result<(Config, Option<PathBuf>), Problem> {
    let raw = raw::read(text, file)?;
    let place = Place { text, file };
    let strict = raw.strict_friends.as_ref().is_none_or(|strict| *strict.get_ref());
    let machine_id = place.check(raw.machine_id.as_ref(), |id| machine_id(id))?;
    let owner_id = place.check(raw.owner_id.as_ref(), |id| owner_id(*id))?;
    let (source, token_file) = place.source(&raw, strict, machine_id.as_deref(), owner_id)?;
    let config = Config {
        source,
        machine_id,
        admin_account: place.check(raw.admin_account.as_ref(), |name| plain(name))?,
        strict_friends: strict,
        owner_id,
        group: place.check(raw.group.as_ref(), |name| local_name(name))?,
        users: raw.users.iter().map(|(user, plex)| place.mapping(user, plex)).collect::<Result<_, _>>()?,
        plex_url: place.check(raw.plex_url.as_ref(), |url| base_url(url))?.map_or_else(|| place.default_url(), Ok)?,
        ca_file: place.check(raw.ca_file.as_ref(), |path| absolute(path))?,
        trusted_callers: raw
            .trusted_callers
            .iter()
            .filter_map(|name| place.check(Some(name), |name| local_name(name)).transpose())
            .collect::<Result<_, _>>()?,
        timeouts: place.timeouts(&raw.timeouts)?,
    };
    if config.strict_friends && config.machine_id.is_none() {
        let mend = "add machine_id = \"…\" (the server's machineIdentifier, shown at http://127.0.0.1:32400/identity) \
                    or strict_friends = false";
        return Err(Problem::of_file(file, "strict_friends needs machine_id", mend));
    }
    Ok((config, token_file))
}

/// The file under judgement, to say where something is wrong.
struct Place<'a> {
    text: &'a str,
    file: &'a Path,
}

impl Place<'_> {
    fn check<T, U>(
        &self,
        value: Option<&Spanned<T>>,
        judge: impl FnOnce(&T) -> Result<U, Wrong>,
    ) -> Result<Option<U>, Problem> {
        let Some(value) = value else { return Ok(None) };
        judge(value.get_ref()).map(Some).map_err(|wrong| self.wrong(value, wrong))
    }

    fn wrong<T>(&self, value: &Spanned<T>, (what, mend): Wrong) -> Problem {
        Problem::at(self.file, self.text, value.span().start, what, mend)
    }

    fn source(
        &self,
        raw: &Raw,
        strict: bool,
        machine_id: Option<&str>,
        owner_id: Option<PlexId>,
    ) -> Result<(Source, Option<PathBuf>), Problem> {
        let token = self.check(raw.token.as_ref(), |text| token(text))?;
        let token_file = self.check(raw.token_file.as_ref(), |path| absolute(path))?;
        match (token, token_file, machine_id, owner_id) {
            (Some(_), Some(_), ..) => {
                Err(Problem::of_file(self.file, "both token and token_file are given", "keep one of them"))
            }
            (Some(token), None, ..) => Ok((Source::Token(token), None)),
            (None, Some(path), ..) => Ok((Source::Token(Secret::default()), Some(path))),
            (None, None, Some(machine_id), Some(owner_id)) if strict => {
                Ok((Source::Resources { machine_id: machine_id.to_owned(), owner_id }, None))
            }
            _ => Err(Problem::of_file(
                self.file,
                "missing key 'token'",
                "add token = \"…\" (the owner's Plex token) or token_file; without either, machine_id and owner_id must \
                 be given and strict_friends must not be off",
            )),
        }
    }

    fn mapping(&self, user: &Spanned<String>, plex: &Spanned<String>) -> Result<(String, Reference), Problem> {
        let name = local_name(user.get_ref()).map_err(|wrong| self.wrong(user, wrong))?;
        if name == "root" {
            let mend = "remove the line; root never signs in with Plex".into();
            return Err(self.wrong(user, ("root cannot be mapped".into(), mend)));
        }
        let plex = plain(plex.get_ref()).map_err(|wrong| self.wrong(plex, wrong))?;
        Ok((name, Reference::parse(&plex)))
    }

    fn default_url(&self) -> Result<url::Url, Problem> {
        base_url("https://plex.tv").map_err(|(what, mend)| Problem::of_file(self.file, what, mend))
    }

    fn timeouts(&self, raw: &RawTimeouts) -> Result<Timeouts, Problem> {
        let within = |value: &Option<Spanned<String>>, default: Duration, least: Duration, most: Duration| {
            let judged = self.check(value.as_ref(), |text| duration(text, least, most))?;
            Ok(judged.unwrap_or(default))
        };
        let login = within(&raw.login, 15 * SECOND, SECOND, MAX_LOGIN)?;
        let friend_list = within(&raw.friend_list, MAX_FRIEND_LIST, SECOND, MAX_FRIEND_LIST)?;
        Ok(Timeouts {
            login,
            connect: within(&raw.connect, login.min(5 * SECOND), SECOND / 10, login)?,
            friend_list,
            known_list: within(&raw.known_list, 60 * MINUTE, friend_list, 7 * DAY)?,
        })
    }
}

/// A token goes into an HTTP header.
pub(crate) fn token(text: &str) -> Result<Secret, Wrong> {
    let printable = !text.is_empty() && text.len() <= 4096 && text.bytes().all(|byte| byte.is_ascii_graphic());
    let mend = "copy the token alone, without spaces or line breaks";
    if printable { Ok(Secret::from(text)) } else { Err(("this is not a token".into(), mend.into())) }
}

/// A machine id goes into a path.
fn machine_id(text: &str) -> Result<String, Wrong> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let mend = "copy machineIdentifier from http://127.0.0.1:32400/identity (letters and digits)";
    if plain && (8..=64).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(("this is not a machine id".into(), mend.into()))
    }
}

fn owner_id(id: u64) -> Result<PlexId, Wrong> {
    if id > 0 { Ok(PlexId(id)) } else { Err(("0 is no Plex id".into(), "write the owner's numeric Plex id".into())) }
}

/// A Plex username or address, as people write it.
fn plain(text: &str) -> Result<String, Wrong> {
    let fits = !text.trim().is_empty() && text.trim() == text && text.len() <= 254;
    if fits && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(("this is no Plex account".into(), "write a Plex username, e-mail address or numeric id".into()))
    }
}

fn local_name(text: &str) -> Result<String, Wrong> {
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || c == ':' || c == '/';
    if !text.is_empty() && text.len() <= wire::MAX_NAME && !text.chars().any(forbidden) {
        Ok(text.to_owned())
    } else {
        Err(("this is no local name".into(), "write a name as in /etc/passwd or /etc/group".into()))
    }
}

fn absolute(text: &str) -> Result<PathBuf, Wrong> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err(("this path is relative".into(), "begin it with /".into())) }
}

/// Passwords and tokens go there, so it is TLS or nothing.
fn base_url(text: &str) -> Result<url::Url, Wrong> {
    let mend = || "write https://HOST or https://HOST:PORT".to_owned();
    let url = url::Url::parse(text).map_err(|_| ("this is not an address".to_owned(), mend()))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if url.scheme() != "https" {
        Err(("passwords are sent over https only".into(), mend()))
    } else if bare && anonymous && url.has_host() {
        Ok(url)
    } else {
        Err(("this is more than an address".into(), mend()))
    }
}

fn duration(text: &str, least: Duration, most: Duration) -> Result<Duration, Wrong> {
    let range = || {
        let (least, most) = (humantime::format_duration(least), humantime::format_duration(most));
        format!("write a time from \"{least}\" to \"{most}\", such as \"15s\" or \"5m\"")
    };
    let span = humantime::parse_duration(text).map_err(|_| ("this is not a length of time".to_owned(), range()))?;
    if (least..=most).contains(&span) { Ok(span) } else { Err(("this time is out of range".into(), range())) }
}
