//! The table of all keys: name, type, default, range and description of each. Everything else about them is made of it:
//! the structs that serde reads, the [`Config`] of the programs, `plex-auth config show`, and the part of
//! plex-auth.toml(5) about them, which the descriptions are. They are Markdown with `**word**` for an argument of the
//! PAM module and `page(8)` for a manual page; their first sentence gives type, range and default.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use policy::{Limits, PlexId, PlexRef};
use protocol::Secret;
use toml::Spanned;
use url::Url;

use crate::key::{Key, Show, Value, section};
use crate::new_accounts::NewAccounts;
use crate::problem::Problem;
use crate::values::{
    absolute, base_url, client_identifier, group_name, machine_id, media_folder, new_accounts, plex_account, plex_id,
    server_url, uploads_folder,
};

/// Default of `uploads`.
pub const DEFAULT_UPLOADS: &str = "/srv/plex-auth";

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The most that one login may spend on the network. The module waits [`protocol::MODULE_DEADLINE`]; the daemon needs the
/// difference to send its answer.
pub const MAX_LOGIN: Duration = Duration::from_secs(30);
const _: () = assert!(MAX_LOGIN.as_secs() + 5 < protocol::MODULE_DEADLINE.as_secs());

/// The longest that a former friend can still sign in while plex.tv is available.
const MAX_FRIEND_LIST: Duration = Duration::from_secs(5 * 60);

impl Show for NewAccounts {
    const PUBLIC: bool = true;
    fn show(&self) -> Value {
        Value::Text(self.as_str().to_owned())
    }
}

/// Source of the knowledge about friends.
#[derive(Debug, Clone)]
pub enum Source {
    /// The owner's token, with which the friend list is read. It is empty between [`crate::parse`] and the reading of
    /// `token_file`.
    Token(Secret),
    /// No token: after the sign-in, the user's own token shows whether they reach the owner's server.
    Resources {
        /// The server's machine id.
        machine_id: String,
        /// The owner's id, which no device row can forge.
        owner_id: PlexId,
    },
}

section! {
    /// A configuration that has been checked.
    #[derive(Debug, Clone)]
    pub struct Config, Raw = "";
    secret {
        /// String, 1 to 4096 printable characters without blanks; no default.
        /// The Plex token of the server's owner, by which the friend list is read.
        /// Without it and `token_file`, `machine_id` and `owner_id` are needed: then each person's own sign-in must show
        /// the owner's server, and nobody is known beforehand: the first login decides by the name at Plex whom an account
        /// belongs to.
        token: Option<Secret> = String, |place, text, _| place.token(text);
    }
    sections {
        /// Source of the knowledge about friends: `token`, `token_file` or neither.
        source: Source;
        /// Local accounts and the Plex accounts that they are mapped to.
        users: BTreeMap<String, PlexRef> = BTreeMap<Spanned<String>, Spanned<String>>;
        /// Purpose of new accounts, and the folders of those that transfer files.
        accounts: Accounts = RawAccounts;
        /// Passwords that are accepted again.
        cache: Cache = RawCache;
        /// The SMB passwords of this machine's shares.
        samba: Samba = RawSamba;
        /// Limits on wrong passwords.
        throttle: Limits = RawThrottle;
        /// Limits on waiting times and on the age of the friend list.
        timeouts: Timeouts = RawTimeouts;
    }
    /// Absolute path; no default.
    /// A file that holds the token, in place of `token`.
    /// Owner and mode as for this file.
    token_file: Option<PathBuf> = String, |place, text, _| place.value(text, |text| absolute(text));
    /// String, 8 to 64 letters, digits and hyphens; no default.
    /// The client identifier that the token was given to; `plex-auth setup` writes both.
    /// plex.tv keeps one token for each account and client identifier, so requests with the token carry this identifier
    /// and sign-ins another one.
    /// It goes with the token: change or remove both together.
    /// Without it nobody knows which device the token was given to, and requests with the token carry no identifier.
    /// plex.tv answers some only with one: where `owner_id` is set they are not made, otherwise they carry the identifier
    /// in `/var/lib/plex-auth/client-id`.
    /// Only with `token` or `token_file`.
    client_identifier: Option<String> = String, |place, text, _| place.value(text, |text| client_identifier(text));
    /// String, 8 to 64 letters, digits and hyphens; no default.
    /// The server that counts: the machineIdentifier which <http://127.0.0.1:32400/identity> shows.
    /// Needed unless `strict_friends` is off.
    machine_id: Option<String> = String, |place, text, _| place.value(text, |text| machine_id(text));
    /// String, a Plex username or e-mail address; no default.
    /// The owner's own, to let the owner sign in as well.
    /// The account phase then always allows the local account that belongs to the owner, whatever becomes of plex.tv and
    /// of the friend list.
    admin_account: Option<String> = String, |place, text, _| place.value(text, |text| plex_account(text));
    /// Boolean; the default is `true`.
    /// Only people with whom `machine_id` is shared have access.
    /// Otherwise every friend and every member of the owner's Plex Home has.
    /// Pending invitations never count.
    strict_friends: bool = bool, |_, value, _| Ok(value.is_none_or(|value| *value.get_ref()));
    /// Whole number, above 0; no default.
    /// The owner's numeric Plex id.
    /// The account phase then knows the owner's account by it.
    owner_id: Option<PlexId> = u64, |place, id, _| place.value(id, |id| plex_id(*id));
    /// String, the name of a local group; no default.
    /// Its members are managed: they sign in as the Plex account that has their local name, upper and lower case aside,
    /// unless `[users]` says otherwise.
    /// The shipped PAM stacks refuse its members while plex-authd(8) is stopped, so every managed account belongs in it,
    /// except the owner's own: `plex-auth setup`, `user add` and `user link` add the accounts, and create the group where
    /// it does not exist.
    /// It is not `plex-files`, whose members can do nothing but transfer files.
    group: Option<String> = String, |place, text, _| place.value(text, |text| group_name(text));
    /// String, `https://` and a name; no default.
    /// The Plex Media Server itself, which then has to accept each friend as well: it may refuse, and never admits anyone.
    /// The name is that of the server's certificate, such as
    /// `https://192-0-2-7.0123456789abcdef0123456789abcdef.plex.direct:32400`, which `plex-auth doctor` and `plex-auth setup`
    /// show, or another with a certificate that the system or `ca_file` trusts.
    /// The friend's token for this one server is sent there, never one that plex.tv accepts, and nothing about the owner.
    /// A refusal is logged, deletes nothing and counts as no failure.
    /// The server's answer counts only while it rejects an invalid token; when it does not answer, plex.tv decides alone, and
    /// the log says so.
    /// Only with `strict_friends`.
    server_url: Option<Url> = String, |place, text, section| {
        let insecure = section.server_url_insecure(place)?;
        place.value(text, |text| server_url(text, insecure))
    };
    /// Boolean; the default is `false`.
    /// Allows plain http in `server_url`, to this machine only: `http://127.0.0.1:32400`.
    /// Nothing then proves that the media server is listening: while it is stopped, any local user can listen there, refuse
    /// friends, and get the tokens for the server of those who sign in.
    /// Only with such a `server_url`.
    server_url_insecure: bool = bool, |_, value, _| Ok(value.is_some_and(|value| *value.get_ref()));
    /// Boolean; the default is `false`.
    /// Whether people may approve a code at plex.tv/link in place of typing a password, by an empty answer to the prompt
    /// or with the module's argument **link**.
    link_sign_in: bool = bool, |_, value, _| Ok(value.is_some_and(|value| *value.get_ref()));
    /// Array of strings, names as in `/etc/pam.d`; the default is `["sshd", "login"]`.
    /// The services where that is offered: `sshd`, and others at a terminal (`PAM_TTY`).
    /// Only with `link_sign_in`.
    link_services: Vec<String> = Vec<Spanned<String>>, |place, names, _| {
        // Where a user sits at the screen that they log in at.
        Ok(place.names(names)?.unwrap_or_else(|| ["sshd", "login"].map(str::to_owned).into()))
    };
    /// Boolean; the default is `true`.
    /// Whether the prompt of a link sign-in has a QR code, where the screen can show it.
    /// The screen of an SSH client is unknown: one that is not in UTF-8 shows about a hundred lines of escape sequences in
    /// place of the QR code, between two lines with the address and the code.
    link_picture: bool = bool, |_, value, _| Ok(value.is_none_or(|value| *value.get_ref()));
    /// Array of strings, names of local users; the default is `[]`.
    /// Their processes may ask about anybody, and are believed about where a login comes from.
    /// Everybody else but root may ask only about their own account.
    trusted_callers: Vec<String> = Vec<Spanned<String>>, |place, names, _| Ok(place.names(names)?.unwrap_or_default());
    /// String, https; the default is `https://plex.tv`.
    /// Another address of plex.tv.
    plex_url: Url = String, |place, text, _| match place.value(text, |text| base_url(text))? {
        Some(url) => Ok(url),
        None => base_url("https://plex.tv").map_err(|mistake| Problem::of_file(place.file, mistake)),
    };
    /// Absolute path; no default.
    /// A further CA to trust, as a PEM file, for networks that inspect TLS, and for a `server_url` with a certificate of a
    /// private CA.
    ca_file: Option<PathBuf> = String, |place, text, _| place.value(text, |text| absolute(text));
}

section! {
    /// Purpose of the accounts that plex-auth creates, and the folders of those that transfer files. The daemon uses none of it.
    #[derive(Debug, Clone)]
    pub struct Accounts, RawAccounts = "accounts";
    /// String, `files` or `shell`; no default.
    /// The purpose of new accounts, where the command that creates them does not say it: `plex-auth setup` asks for it.
    /// With `files`, an account transfers files by SFTP and has no shell, no command and no forwarding: it is a member of the
    /// group `plex-files`, to which the configuration of sshd(8) restricts all that.
    /// With `shell`, an account has a login shell.
    /// Without it, `plex-auth user sync` creates no account.
    /// Existing accounts keep their purpose.
    purpose: Option<NewAccounts> = String, |place, text, _| place.value(text, |text| new_accounts(text));
    /// Absolute path; the default is `/srv/plex-auth`.
    /// The directory of accounts for files.
    /// Each has a directory of its own there, which is all it can see, with its folder `upload`.
    /// Only root can write to this directory and to those above it, as sshd(8) requires.
    uploads: PathBuf = String, |place, text, _| {
        Ok(place.value(text, |text| uploads_folder(text))?.unwrap_or_else(|| DEFAULT_UPLOADS.into()))
    };
    /// Absolute path; no default.
    /// A directory that every account for files can read as its folder `media`, and not change.
    /// All of it is visible, and not only the libraries that are shared at Plex.
    /// File systems that are mounted below it are not part of it.
    media: Option<PathBuf> = String, |place, text, section| {
        let uploads = section.uploads(place)?;
        place.value(text, |text| media_folder(text, &uploads))
    };
    /// Absolute path; no default.
    /// The login shell of new accounts with one; `/etc/shells` must list it.
    /// Without it, the system's usual one for people is used.
    shell: Option<PathBuf> = String, |place, text, _| place.value(text, |text| absolute(text));
}

section! {
    /// Length of time for which a password that plex.tv accepted is accepted again.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct Cache, RawCache = "cache";
    /// Time, `1s` to `1day`; off by default.
    /// For so long a password that plex.tv accepted is accepted again without asking.
    /// A password that was changed at Plex works here for so long, too.
    /// A reload or restart of the daemon ends it.
    remember: Option<Duration> = String, |place, text, _| place.time(text, SECOND..=DAY);
    /// Time, `1s` to `30days`; off by default.
    /// For so long it is accepted while plex.tv itself cannot be reached.
    /// An answer that refuses this machine's requests, and the limits of `[throttle]`, do not count as that.
    /// The account phase then uses a list of the same age.
    offline: Option<Duration> = String, |place, text, _| place.time(text, SECOND..=30 * DAY);
}

section! {
    /// Settings for Samba, whose clients never send a password.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct Samba, RawSamba = "samba";
    /// Boolean; the default is `false`.
    /// After a login with a password that plex.tv accepted, the account's SMB password is set to the same one, and the
    /// SMB entry of a user who no longer has access is disabled until they have it again.
    /// plex-auth-samba(8) does it.
    sync_password: bool = bool, |_, value, _| Ok(value.is_some_and(|value| *value.get_ref()));
}

section! {
    raw Limits, RawThrottle = "throttle";
    /// Whole number, `1` to `20`; the default is `3`.
    /// Wrong tries of one account from one address that cost nothing.
    free_tries: u32 = u64, |place, number, _| Ok(place.number(number, 1..=20)?.unwrap_or(3));
    /// Time, `1s` to `longest_pause`; the default is `2s`, or `longest_pause` if that is shorter.
    /// The pause after that.
    /// Each wrong try doubles it, and a right one ends it.
    first_pause: Duration = String, |place, text, section| {
        let longest = section.longest_pause(place)?;
        Ok(place.time(text, SECOND..=longest)?.unwrap_or(longest.min(2 * SECOND)))
    };
    /// Time, `1s` to `1h`; the default is `15m`.
    /// Pauses of up to 4 seconds are waited out, longer ones answered at once.
    longest_pause: Duration = String, |place, text, _| Ok(place.time(text, SECOND..=HOUR)?.unwrap_or(15 * MINUTE));
    /// Whole number, `3` to `1000`; the default is `30`.
    /// How many sign-ins may end in anything but a login within an hour: at plex.tv, or by a wrong guess at a cached password.
    /// Two thirds are for all accounts and addresses that have not signed in together within 30 days; one address can use half
    /// of that, and one account half.
    /// Each account has another third of its own where it has signed in before, and one at services that name no remote host.
    rejected_per_hour: u32 = u64, |place, number, _| Ok(place.number(number, 3..=1000)?.unwrap_or(30));
    /// Whole number, `rejected_per_hour` to `100000`; the default is `120`, or `rejected_per_hour` if that is more.
    /// How many sign-ins of one account are sent to plex.tv within an hour, accepted ones included: as many where the account
    /// has signed in before, from elsewhere, and through services that name no remote host.
    /// Those that plex.tv did not decide count for ten minutes.
    /// A password that `[cache] remember` accepts is not sent.
    sign_ins_per_hour: u32 = u64, |place, number, section| {
        let least = section.rejected_per_hour(place)?;
        Ok(place.number(number, least..=100_000)?.unwrap_or(least.max(120)))
    };
    /// Whole number, `3` to `1000`; the default is `60`.
    /// How many link codes are requested within an hour, shared out as `rejected_per_hour` is.
    link_codes_per_hour: u32 = u64, |place, number, _| Ok(place.number(number, 3..=1000)?.unwrap_or(60));
    /// Time, `1m` to `1day`; the default is `30m`.
    /// How long plex.tv is left alone after it has blocked this address.
    blocked_pause: Duration = String, |place, text, _| Ok(place.time(text, MINUTE..=DAY)?.unwrap_or(30 * MINUTE));
    /// Whole number, `1` to `300`; the default is `1`.
    /// How many hosts with plex-auth are behind the same public address, this one included: plex.tv counts failed sign-ins by
    /// address.
    /// `rejected_per_hour`, `sign_ins_per_hour` and `link_codes_per_hour` are then for all of them together, and each host uses
    /// its part; so all of them have the same four numbers.
    /// An account keeps at least 2 sign-ins an hour where it has signed in before.
    hosts: u32 = u64, |place, number, _| Ok(place.number(number, 1..=300)?.unwrap_or(1));
}

section! {
    /// Limits on waiting times and on the age of the friend list.
    #[derive(Debug, Clone)]
    pub struct Timeouts, RawTimeouts = "timeouts";
    /// Time, `1s` to `30s`; the default is `15s`.
    /// For all requests of one login together.
    login: Duration = String, |place, text, _| Ok(place.time(text, SECOND..=MAX_LOGIN)?.unwrap_or(15 * SECOND));
    /// Time, `100ms` to `login`; the default is `5s`, or `login` if that is shorter.
    /// For one connection to plex.tv.
    connect: Duration = String, |place, text, section| {
        let login = section.login(place)?;
        Ok(place.time(text, SECOND / 10..=login)?.unwrap_or(login.min(5 * SECOND)))
    };
    /// Time, `1s` to `5m`; the default is `5m`.
    /// How old the friend list may be for a sign-in.
    /// A friend who was removed is out everywhere after at most this long, while plex.tv is available.
    friend_list: Duration = String, |place, text, _| {
        Ok(place.time(text, SECOND..=MAX_FRIEND_LIST)?.unwrap_or(MAX_FRIEND_LIST))
    };
    /// Time, `friend_list` to `7days`; the default is `1h`.
    /// How old the list may be for the account phase while plex.tv is unavailable.
    /// With an older one every managed account is refused there, except the owner's own.
    known_list: Duration = String, |place, text, section| {
        Ok(place.time(text, section.friend_list(place)?..=7 * DAY)?.unwrap_or(HOUR))
    };
}

/// All keys of a section, by its name, and those above all sections by the empty one; in the manual page's order.
pub const SECTIONS: [(&str, &[Key]); 6] = [
    ("", Raw::KEYS),
    ("accounts", RawAccounts::KEYS),
    ("cache", RawCache::KEYS),
    ("samba", RawSamba::KEYS),
    ("throttle", RawThrottle::KEYS),
    ("timeouts", RawTimeouts::KEYS),
];

impl Config {
    /// Every key that is not secret and its value, in the manual page's order; without `[users]`.
    #[must_use]
    pub fn values(&self) -> Vec<(Key, Value)> {
        let values = [
            Raw::values(self),
            RawAccounts::values(&self.accounts),
            RawCache::values(&self.cache),
            RawSamba::values(&self.samba),
            RawThrottle::values(&self.throttle),
            RawTimeouts::values(&self.timeouts),
        ];
        let keys = SECTIONS.into_iter().flat_map(|(_, keys)| keys).copied().filter(|key| !key.secret);
        keys.zip(values.concat()).collect()
    }
}
