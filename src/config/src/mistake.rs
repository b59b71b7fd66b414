//! Mistakes in a configuration. None of them quotes a value of the file, since one of the values is the owner's token.

use std::path::PathBuf;
use std::time::Duration;

use humantime::format_duration;

/// How an address is written.
const ADDRESS: &str = "write https://HOST or https://HOST:PORT";

/// How a media server's https name is written, and where to find it.
const DIRECT: &str = "https://….plex.direct:32400 (run: plex-auth setup --server-url auto)";

/// A mistake in a configuration: a file that cannot be used, TOML that cannot be read, a value or a combination of values
/// that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// The file is missing or cannot be read; with the system's message.
    Unreadable(PathBuf, String),
    /// The path leads to a directory, a device or a pipe.
    NotAFile,
    /// The file belongs to a user other than `expected`.
    Owner {
        /// Path of the file.
        file: PathBuf,
        /// The uid of the file's owner.
        found: u32,
        /// The uid that should own it.
        expected: u32,
    },
    /// Others may read the file, or the group may write it; with its permissions.
    Mode(PathBuf, u32),
    /// The file is larger than this many bytes.
    TooLarge(u64),
    /// The text is not TOML.
    Syntax,
    /// A key is there twice.
    DuplicateKey,
    /// There is no key of this name.
    UnknownKey {
        /// The key, as it is in the file.
        key: String,
        /// The keys of the section.
        known: Vec<String>,
    },
    /// The key belongs to another section.
    WrongSection {
        /// Name of the key.
        key: String,
        /// The section that it is in; empty above all sections.
        found: String,
        /// The section that it belongs to; empty above all sections.
        right: &'static str,
    },
    /// The name of a local account has dots and no quotes: this one.
    DottedName(String),
    /// The name of a local account needs quotes.
    UnquotedName,
    /// The file's text is in this encoding and not in UTF-8; with the file.
    Encoding(PathBuf, &'static str),
    /// The value has another type than this one, which the key needs.
    WrongType(String),
    /// Not a token: it goes into an HTTP header.
    Token,
    /// A URL in place of a token.
    TokenInUrl,
    /// A token with its name in front of it.
    TokenWithName,
    /// A token in further quotes.
    TokenWithQuotes,
    /// Not a machine id: it goes into a path.
    MachineId,
    /// Not a client identifier: it goes into an HTTP header.
    ClientIdentifier,
    /// The numeric Plex id is 0.
    OwnerId,
    /// Not a Plex username, address or id.
    PlexAccount,
    /// Not the name of a local user or group.
    LocalName,
    /// `group` is the group of accounts for files.
    FilesGroup,
    /// Not a purpose of new accounts.
    NewAccounts,
    /// Not a directory for accounts for files.
    UploadsFolder,
    /// Not a directory that accounts for files can be given to read.
    MediaFolder,
    /// One of the directories `media` and `uploads` is in the other.
    MediaAndUploads,
    /// root is in `[users]`.
    RootMapped,
    /// The path is not absolute.
    RelativePath,
    /// Not a URL.
    Address,
    /// A URL with a path, a query, a username or a password.
    AddressWithMore,
    /// An address of plex.tv without TLS.
    NotHttps,
    /// An address of a media server that is an IP address, for which it has no certificate.
    ServerUrlIsAnAddress,
    /// An address of a media server on another machine without TLS.
    PlainHttp,
    /// An address of a media server on this machine without TLS, and without `server_url_insecure`.
    PlainHttpHere,
    /// The number is not between these two.
    NumberOutOfRange(u32, u32),
    /// Not a length of time; it must be between these two.
    NotATime(Duration, Duration),
    /// The time is not between these two.
    TimeOutOfRange(Duration, Duration),
    /// Neither a token nor the keys that do without one.
    NoToken,
    /// `token` and `token_file` are both set.
    TwoTokens,
    /// `client_identifier` is set without a token.
    ClientIdentifierWithoutToken,
    /// `link_services` is set without `link_sign_in`.
    LinkServicesWithoutLink,
    /// `link_services` is empty.
    NoLinkService,
    /// `server_url` is set without `strict_friends`.
    ServerUrlWithoutStrict,
    /// `server_url_insecure` is set without `server_url`.
    InsecureWithoutServerUrl,
    /// `server_url_insecure` is set, and `server_url` is https.
    InsecureWithHttps,
    /// `strict_friends` is on without `machine_id`.
    StrictWithoutMachineId,
}

impl Mistake {
    /// True if it is about where the media server is contacted, which `plex-auth setup` corrects.
    #[must_use]
    pub fn is_about_server_url(&self) -> bool {
        matches!(
            self,
            Self::ServerUrlIsAnAddress
                | Self::PlainHttp
                | Self::PlainHttpHere
                | Self::InsecureWithoutServerUrl
                | Self::InsecureWithHttps
        )
    }

    /// The mistake in a sentence.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Unreadable(_, error) => return format!("cannot be read: {error}"),
            Self::NotAFile => "is not a regular file",
            Self::Owner { found, .. } => return format!("belongs to uid {found}, who could change who may log in"),
            Self::Mode(_, mode) => return format!("has mode {mode:04o}, but it holds a token"),
            Self::TooLarge(most) => return format!("is larger than {most} bytes"),
            Self::Syntax => "not valid TOML",
            Self::DuplicateKey => "the same key twice",
            Self::UnknownKey { key, .. } => return format!("there is no key '{}'", protocol::printable(key, 64)),
            Self::WrongSection { key, found, .. } => {
                return format!("the key '{key}' is {}", place(found, "in"));
            }
            Self::DottedName(_) | Self::UnquotedName => "this name needs quotes",
            Self::Encoding(_, encoding) => return format!("this is not UTF-8, but probably {encoding}"),
            Self::WrongType(_) => "wrong type of value",
            Self::Token => "this is not a token",
            Self::TokenInUrl => "this is a URL and not a token",
            Self::TokenWithName => "the name X-Plex-Token is in front of the token",
            Self::TokenWithQuotes => "the token has further quotes around it",
            Self::MachineId => "this is not a machine id",
            Self::ClientIdentifier => "this is not a client identifier",
            Self::OwnerId => "0 is no Plex id",
            Self::PlexAccount => "this is no Plex account",
            Self::LocalName => "this is no local name",
            Self::FilesGroup => "members of this group can do nothing but transfer files",
            Self::NewAccounts => "this is no purpose of accounts",
            Self::UploadsFolder => "this directory cannot have the folders of accounts",
            Self::MediaFolder => "this directory cannot be given to accounts to read",
            Self::MediaAndUploads => "one of the directories media and uploads is in the other",
            Self::RootMapped => "root cannot be mapped",
            Self::RelativePath => "this path is relative",
            Self::Address => "this is not an address",
            Self::AddressWithMore => "this is more than an address",
            Self::NotHttps => "passwords are sent over https only",
            Self::ServerUrlIsAnAddress => "a media server has a certificate for its name and for no IP address",
            Self::PlainHttp => "a token would cross the network in the clear",
            Self::PlainHttpHere => {
                "while the media server is stopped, any local user can listen there and would get friends' tokens"
            }
            Self::NumberOutOfRange(..) => "this number is out of range",
            Self::NotATime(..) => "this is not a length of time",
            Self::TimeOutOfRange(..) => "this time is out of range",
            Self::NoToken => "missing key 'token'",
            Self::TwoTokens => "both token and token_file are given",
            Self::ClientIdentifierWithoutToken => "client_identifier has no effect without a token",
            Self::LinkServicesWithoutLink => "link_services has no effect without link_sign_in",
            Self::NoLinkService => "no service is left to offer link sign-in",
            Self::ServerUrlWithoutStrict => "server_url is only asked with strict_friends",
            Self::InsecureWithoutServerUrl => "server_url_insecure has no effect without server_url",
            Self::InsecureWithHttps => "server_url_insecure is about plain http, and server_url is https",
            Self::StrictWithoutMachineId => "strict_friends needs machine_id",
        }
        .to_owned()
    }

    /// How to fix it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable(file, _) => {
                return format!("it must exist and be readable by plex-auth: chown root:plex-auth {}", file.display());
            }
            Self::NotAFile => "name the file itself",
            Self::Owner { file, expected, .. } => {
                let owner = if *expected == 0 { "root".to_owned() } else { expected.to_string() };
                return format!("run: chown {owner}:plex-auth {}", file.display());
            }
            Self::Mode(file, _) => return format!("run: chmod 0640 {}", file.display()),
            Self::TooLarge(_) => "name the configuration file",
            Self::Syntax | Self::DuplicateKey => {
                "write: key = value, with text in double quotes, and each key once"
            }
            Self::UnknownKey { key, known } => return suggestion(key, known),
            Self::WrongSection { key, found, right } => {
                let place = place(right, "to");
                return if found == "users" {
                    format!(
                        "if it is a setting, move the line: it belongs {place}, as {key} = …; if it is the name of a local \
                         account, write the name in double quotes: \"{key}\" = \"…\""
                    )
                } else {
                    format!("move the line: it belongs {place}, as {key} = …")
                };
            }
            Self::DottedName(name) => return format!("write \"{}\" = \"…\"", protocol::printable(name, 64)),
            Self::UnquotedName => "write the name in double quotes, such as \"domain users\" = \"…\"",
            Self::Encoding(file, encoding) => {
                let file = file.display();
                return format!(
                    "save it as UTF-8, or run: text=$(iconv -f {encoding} -t UTF-8 {file}) && \
                     printf '%s\\n' \"$text\" >{file}"
                );
            }
            Self::WrongType(expected) => return format!("write {expected}"),
            Self::TokenInUrl => "write only the part of it that follows X-Plex-Token=, up to the next &",
            Self::TokenWithName => "write only the part that follows it",
            Self::TokenWithQuotes => "write the token alone, once in double quotes",
            Self::Token => "copy the token alone, without spaces or line breaks",
            Self::MachineId => "copy machineIdentifier from http://127.0.0.1:32400/identity (letters and digits)",
            Self::ClientIdentifier => {
                "leave it as plex-auth setup wrote it (8 to 64 letters, digits and '-'), or run: plex-auth setup"
            }
            Self::OwnerId => "write the owner's numeric Plex id",
            Self::PlexAccount => "write a Plex username, e-mail address or numeric id",
            Self::LocalName => "write a name as in /etc/passwd or /etc/group",
            Self::FilesGroup => "write another one, such as plex-users",
            Self::NewAccounts => "write \"files\" or \"shell\"",
            Self::UploadsFolder => {
                "write a path below /, without '..', of letters, digits, '.', '_' and '-', such as \"/srv/plex-auth\""
            }
            Self::MediaFolder => "write a path below /, without '..' and '\\', such as \"/srv/media\"",
            Self::MediaAndUploads => "name two directories that lie apart: friends must not see each other's folders",
            Self::RootMapped => "remove the line; root never signs in with Plex",
            Self::RelativePath => "begin it with /",
            Self::Address | Self::AddressWithMore | Self::NotHttps => ADDRESS,
            Self::ServerUrlIsAnAddress | Self::PlainHttp => {
                return format!("write the server's https name, {DIRECT}, or remove server_url: then plex.tv decides alone");
            }
            Self::PlainHttpHere => {
                return format!(
                    "remove server_url: then plex.tv decides alone; or write the server's https name, {DIRECT}; or add \
                     server_url_insecure = true"
                );
            }
            Self::NumberOutOfRange(least, most) => return format!("write a number from {least} to {most}"),
            Self::NotATime(least, most) | Self::TimeOutOfRange(least, most) => {
                let (least, most) = (format_duration(*least), format_duration(*most));
                return format!("write a time from \"{least}\" to \"{most}\", such as \"15s\" or \"5m\"");
            }
            Self::NoToken => {
                "add token = \"…\" (the owner's Plex token) or token_file; without either, machine_id and owner_id must \
                 be given and strict_friends must not be off"
            }
            Self::TwoTokens => "keep one of them",
            Self::ClientIdentifierWithoutToken => "remove it, or add the token that was given to it",
            Self::LinkServicesWithoutLink => "add link_sign_in = true, or remove it",
            Self::NoLinkService => "name one, or write link_sign_in = false",
            Self::ServerUrlWithoutStrict => "remove it, or remove strict_friends = false",
            Self::InsecureWithoutServerUrl | Self::InsecureWithHttps => "remove server_url_insecure",
            Self::StrictWithoutMachineId => {
                "add machine_id = \"…\" (the server's machineIdentifier, shown at http://127.0.0.1:32400/identity) or \
                 strict_friends = false"
            }
        }
        .to_owned()
    }
}

/// A section, for a sentence about a key.
fn place(section: &str, preposition: &str) -> String {
    if section.is_empty() { "above all sections".to_owned() } else { format!("{preposition} the section [{section}]") }
}

/// The key that an unknown one was probably meant to be, or all keys.
fn suggestion(unknown: &str, known: &[String]) -> String {
    let distance = |key: &&String| strsim::damerau_levenshtein(unknown, key);
    match known.iter().min_by_key(distance) {
        Some(nearest) if distance(&nearest) <= 3 => format!("did you mean '{nearest}'?"),
        _ => format!("the keys are {}", known.join(", ")),
    }
}
