//! Whether the values make sense, each by itself and together.

use std::path::{Path, PathBuf};
use std::time::Duration;

use policy::{Limits, PlexId, PlexRef};
use protocol::Secret;
use toml::Spanned;

use crate::raw::{self, Raw, RawCache, RawThrottle, RawTimeouts};
use crate::values::{
    Wrong, absolute, base_url, client_identifier, count, duration, local_name, machine_id, owner_id, plain, server_url,
    token,
};
use crate::{Cache, Config, Problem, Samba, Source, Timeouts};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The most that one login may spend on the network. The module waits [`protocol::MODULE_DEADLINE`]; the difference is
/// what the daemon needs to say so in time.
const MAX_LOGIN: Duration = Duration::from_secs(30);
const _: () = assert!(MAX_LOGIN.as_secs() + 5 < protocol::MODULE_DEADLINE.as_secs());

/// The longest that somebody who was removed may still sign in while plex.tv can be reached.
const MAX_FRIEND_LIST: Duration = Duration::from_secs(5 * 60);

/// The longest that a password is accepted again without asking: so long one that was changed at Plex still works.
const MAX_REMEMBER: Duration = DAY;

/// The longest that an outage of plex.tv may be bridged.
const MAX_OFFLINE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Where link sign-in is offered: to people who sit before the screen that they log in at.
const LINK_SERVICES: [&str; 2] = ["sshd", "login"];

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
        client_identifier: place.check(raw.client_identifier.as_ref(), |id| client_identifier(id))?,
        machine_id,
        admin_account: place.check(raw.admin_account.as_ref(), |name| plain(name))?,
        strict_friends: strict,
        owner_id,
        group: place.check(raw.group.as_ref(), |name| local_name(name))?,
        users: raw.users.iter().map(|(user, plex)| place.mapping(user, plex)).collect::<Result<_, _>>()?,
        plex_url: place.check(raw.plex_url.as_ref(), |url| base_url(url))?.map_or_else(|| place.default_url(), Ok)?,
        ca_file: place.check(raw.ca_file.as_ref(), |path| absolute(path))?,
        trusted_callers: place.names(&raw.trusted_callers)?,
        link_sign_in: raw.link_sign_in.as_ref().is_some_and(|link| *link.get_ref()),
        link_services: match &raw.link_services {
            Some(services) => place.names(services.get_ref())?,
            None => LINK_SERVICES.map(str::to_owned).into(),
        },
        server_url: place.check(raw.server_url.as_ref(), |url| server_url(url))?,
        cache: place.cache(&raw.cache)?,
        samba: Samba { sync_password: raw.samba.sync_password.as_ref().is_some_and(|sync| *sync.get_ref()) },
        throttle: place.throttle(&raw.throttle)?,
        timeouts: place.timeouts(&raw.timeouts)?,
    };
    if let (Some(id), Source::Resources { .. }) = (&raw.client_identifier, &config.source) {
        let mend = "remove it, or add the token that was given to it".into();
        return Err(place.wrong(id, ("client_identifier says nothing without a token".into(), mend)));
    }
    if let Some(services) = &raw.link_services {
        let wrong = |what: &str, mend: &str| Err(place.wrong(services, (what.into(), mend.into())));
        if !config.link_sign_in {
            return wrong("link_services says nothing without link_sign_in", "add link_sign_in = true, or remove it");
        }
        if config.link_services.is_empty() {
            return wrong("no service is left to offer link sign-in", "name one, or write link_sign_in = false");
        }
    }
    if let Some(url) = raw.server_url.as_ref().filter(|_| !config.strict_friends) {
        let mend = "remove it, or remove strict_friends = false".into();
        return Err(place.wrong(url, ("server_url is only asked with strict_friends".into(), mend)));
    }
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

    /// Local names, or such as stand in /etc/pam.d.
    fn names(&self, names: &[Spanned<String>]) -> Result<Vec<String>, Problem> {
        names.iter().filter_map(|name| self.check(Some(name), |name| local_name(name)).transpose()).collect()
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

    fn mapping(&self, user: &Spanned<String>, plex: &Spanned<String>) -> Result<(String, PlexRef), Problem> {
        let name = local_name(user.get_ref()).map_err(|wrong| self.wrong(user, wrong))?;
        if name == "root" {
            let mend = "remove the line; root never signs in with Plex".into();
            return Err(self.wrong(user, ("root cannot be mapped".into(), mend)));
        }
        let plex = plain(plex.get_ref()).map_err(|wrong| self.wrong(plex, wrong))?;
        Ok((name, PlexRef::parse(&plex)))
    }

    fn default_url(&self) -> Result<url::Url, Problem> {
        base_url("https://plex.tv").map_err(|(what, mend)| Problem::of_file(self.file, what, mend))
    }

    fn span(
        &self,
        value: Option<&Spanned<String>>,
        default: Duration,
        (least, most): (Duration, Duration),
    ) -> Result<Duration, Problem> {
        Ok(self.check(value, |text| duration(text, least, most))?.unwrap_or(default))
    }

    fn cache(&self, raw: &RawCache) -> Result<Cache, Problem> {
        Ok(Cache {
            remember: self.check(raw.remember.as_ref(), |text| duration(text, SECOND, MAX_REMEMBER))?,
            offline: self.check(raw.offline.as_ref(), |text| duration(text, SECOND, MAX_OFFLINE))?,
        })
    }

    fn throttle(&self, raw: &RawThrottle) -> Result<Limits, Problem> {
        let default = Limits::default();
        let longest = self.span(raw.longest_pause.as_ref(), default.longest_pause, (SECOND, 60 * MINUTE))?;
        Ok(Limits {
            free_tries: self.check(raw.free_tries.as_ref(), |n| count(*n, 1, 20))?.unwrap_or(default.free_tries),
            first_pause: self.span(raw.first_pause.as_ref(), default.first_pause.min(longest), (SECOND, longest))?,
            longest_pause: longest,
            rejected_per_hour: self
                .check(raw.rejected_per_hour.as_ref(), |n| count(*n, 3, 1000))?
                .unwrap_or(default.rejected_per_hour),
            blocked_pause: self.span(raw.blocked_pause.as_ref(), default.blocked_pause, (MINUTE, DAY))?,
        })
    }

    fn timeouts(&self, raw: &RawTimeouts) -> Result<Timeouts, Problem> {
        let within =
            |value: &Option<Spanned<String>>, default, least, most| self.span(value.as_ref(), default, (least, most));
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
