//! The table of everything that plex-auth relies on in an answer. A test removes each field in turn and looks at what the
//! parsers make of the rest, so the table and the parsers cannot drift apart.

use std::ops::RangeInclusive;

/// Statuses of a success.
const SUCCESS: RangeInclusive<u16> = 200..=299;

/// A request whose answer plex-auth relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The account of a token.
    User,
    /// The owner's friends and Home members.
    Users,
    /// The users with whom the server is shared.
    SharedServers,
    /// The servers and other devices of an account.
    Resources,
    /// Sign-in with a password.
    SignIn,
    /// The end of a token.
    Revocation,
    /// A new link code.
    LinkCode,
    /// The state of a link code.
    Approval,
    /// The identity of a media server.
    Identity,
    /// A media server's answer to a token that cannot be valid.
    MediaServer,
}

/// Format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// XML; fields are attributes.
    Xml,
    /// JSON; fields are members of an object.
    Json,
    /// The status alone counts.
    Any,
}

/// Type of a field's value. plex.tv writes numbers and booleans as text, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Number,
    /// A whole number, or `null`.
    NumberOrNull,
    /// Text that is not empty.
    Text,
    /// Text that may be empty.
    TextOrEmpty,
    /// True or false.
    Boolean,
    /// Text that is not empty, never a number.
    Token,
    /// Such text, or `null`.
    TokenOrNull,
}

/// Whether an answer is of use without a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it, the answer or its row is of no use.
    Required,
    /// Without it, the row is of no use; such rows are to be expected, but not all of them.
    RequiredInSome,
    /// It may be missing.
    Optional,
}

/// A field that plex-auth reads.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Type of its value.
    pub kind: Kind,
    /// Whether the answer is of use without it.
    pub need: Need,
    /// Its use.
    pub purpose: &'static str,
}

/// Rows that plex-auth reads: elements of XML, or objects of JSON.
#[derive(Debug, PartialEq, Eq)]
pub struct Rows {
    /// Names from the root of the document to the rows. The root of JSON has no name; `[]` is an element of an array.
    pub path: &'static [&'static str],
    /// Fields of a row.
    pub fields: &'static [Field],
    /// The parent's fields count the rows, and the parent has no other ones.
    pub counted: bool,
    /// Fields of which rows must have one, at least some of the rows.
    pub one_of: &'static [&'static str],
}

/// Everything that plex-auth relies on in one answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Contract {
    /// The request.
    pub endpoint: Endpoint,
    /// Its method.
    pub method: &'static str,
    /// Its path; a word in braces is a value that is left out.
    pub path: &'static str,
    /// Its status when everything is in order.
    pub status: RangeInclusive<u16>,
    /// Format of the answer.
    pub format: Format,
    /// Rows of the answer.
    pub rows: &'static [Rows],
    /// Consequence of an answer that differs.
    pub otherwise: &'static str,
    /// Logins go on without it: there is a second source, or another way to sign in.
    pub replaceable: bool,
}

const fn required(name: &'static str, kind: Kind, purpose: &'static str) -> Field {
    Field { name, kind, need: Need::Required, purpose }
}

const fn optional(name: &'static str, kind: Kind, purpose: &'static str) -> Field {
    Field { name, kind, need: Need::Optional, purpose }
}

const fn rows(path: &'static [&'static str], fields: &'static [Field]) -> Rows {
    Rows { path, fields, counted: false, one_of: &[] }
}

const ACCOUNT: [Field; 3] = [
    required("id", Kind::Number, "the person"),
    optional("username", Kind::Text, "names a person in [users] and in lists"),
    optional("email", Kind::Text, "names a person in [users] and in lists"),
];

const SIZES: [Field; 2] = [
    optional("size", Kind::Number, "a list with fewer rows is incomplete"),
    optional("totalSize", Kind::Number, "a list with fewer rows is incomplete"),
];

const fn required_in_some(name: &'static str, kind: Kind, purpose: &'static str) -> Field {
    Field { name, kind, need: Need::RequiredInSome, purpose }
}

/// All of them, in the order of [`Endpoint`].
const CONTRACTS: [Contract; 10] = [
    Contract {
        endpoint: Endpoint::User,
        method: "GET",
        path: "/api/v2/user",
        status: SUCCESS,
        format: Format::Json,
        rows: &[rows(&[], &ACCOUNT)],
        otherwise: "the owner's names are unknown; with owner_id in the configuration everything else goes on",
        replaceable: true,
    },
    Contract {
        endpoint: Endpoint::Users,
        method: "GET",
        path: "/api/users",
        status: SUCCESS,
        format: Format::Xml,
        rows: &[
            rows(&["MediaContainer"], &SIZES),
            Rows {
                path: &["MediaContainer", "User"],
                fields: &[
                    required("id", Kind::Number, "the person"),
                    optional("username", Kind::TextOrEmpty, "names a person in [users] and in lists"),
                    optional("email", Kind::TextOrEmpty, "names a person in [users] and in lists"),
                    optional("home", Kind::Boolean, "a member of the owner's Home"),
                ],
                counted: true,
                one_of: &[],
            },
            rows(
                &["MediaContainer", "User", "Server"],
                &[
                    required_in_some("machineIdentifier", Kind::Text, "tells who has access to which server"),
                    required_in_some("pending", Kind::Boolean, "tells a share from an invitation"),
                ],
            ),
        ],
        otherwise: "with strict_friends = false no list can be read; otherwise the second source is missing",
        replaceable: false,
    },
    Contract {
        endpoint: Endpoint::SharedServers,
        method: "GET",
        path: "/api/servers/{machine_id}/shared_servers",
        status: SUCCESS,
        format: Format::Xml,
        rows: &[
            rows(&["MediaContainer"], &SIZES),
            Rows {
                path: &["MediaContainer", "SharedServer"],
                fields: &[
                    required("userID", Kind::Number, "the person"),
                    required_in_some("acceptedAt", Kind::Number, "tells a share from an invitation, which has none"),
                    optional("username", Kind::TextOrEmpty, "names a person in [users] and in lists"),
                    optional("email", Kind::TextOrEmpty, "names a person in [users] and in lists"),
                    optional("pending", Kind::Boolean, "an invitation is not accepted yet"),
                ],
                counted: true,
                one_of: &["username", "email"],
            },
        ],
        otherwise: "plex-authd uses its second source, /api/users, and each sign-in must show the server",
        replaceable: true,
    },
    Contract {
        endpoint: Endpoint::Resources,
        method: "GET",
        path: "/api/v2/resources",
        status: SUCCESS,
        format: Format::Json,
        rows: &[rows(
            &["[]"],
            &[
                required("clientIdentifier", Kind::Text, "the server's machine id"),
                required("provides", Kind::TextOrEmpty, "tells servers from other devices"),
                required("owned", Kind::Boolean, "the server is the account's own"),
                required("ownerId", Kind::NumberOrNull, "whose server it is that is shared"),
                optional("name", Kind::TextOrEmpty, "the server's name in `setup`"),
                optional("accessToken", Kind::TokenOrNull, "the person's token for the media server"),
            ],
        )],
        otherwise: "without a token in the configuration nobody signs in; setup and the second source need it, too",
        replaceable: true,
    },
    Contract {
        endpoint: Endpoint::SignIn,
        method: "POST",
        path: "/api/v2/users/signin",
        status: SUCCESS,
        format: Format::Json,
        rows: &[rows(
            &[],
            &[
                required("id", Kind::Number, "the person"),
                required("authToken", Kind::Token, "proof of the sign-in, and what is revoked after it"),
                optional("username", Kind::Text, "names a person in [users] and in lists"),
                optional("email", Kind::Text, "names a person in [users] and in lists"),
                optional("twoFactorEnabled", Kind::Boolean, "a password alone is enough, or is not"),
            ],
        )],
        otherwise: "nobody signs in with a password; link sign-in goes on",
        replaceable: false,
    },
    Contract {
        endpoint: Endpoint::Revocation,
        method: "DELETE",
        path: "/api/v2/users/signout",
        status: SUCCESS,
        format: Format::Any,
        rows: &[],
        otherwise: "tokens of logins stay valid for weeks",
        replaceable: true,
    },
    Contract {
        endpoint: Endpoint::LinkCode,
        method: "POST",
        path: "/api/v2/pins",
        status: SUCCESS,
        format: Format::Json,
        rows: &[rows(
            &[],
            &[
                required("id", Kind::Number, "names the code in later requests"),
                required("code", Kind::Token, "the characters to type"),
                optional("expiresIn", Kind::Number, "how long the code is shown"),
            ],
        )],
        otherwise: "no link sign-in; passwords go on",
        replaceable: true,
    },
    Contract {
        endpoint: Endpoint::Approval,
        method: "GET",
        path: "/api/v2/pins/{id}",
        status: SUCCESS,
        format: Format::Json,
        rows: &[rows(&[], &[required("authToken", Kind::TokenOrNull, "the code is approved")])],
        otherwise: "no link sign-in; passwords go on",
        replaceable: true,
    },
    Contract {
        endpoint: Endpoint::Identity,
        method: "GET",
        path: "/identity",
        status: SUCCESS,
        format: Format::Json,
        rows: &[rows(
            &["MediaContainer"],
            &[
                required("machineIdentifier", Kind::Text, "it is the server of the configuration"),
                required("claimed", Kind::Boolean, "it belongs to an account"),
            ],
        )],
        otherwise: "the media server's answer does not count; plex.tv decides alone",
        replaceable: true,
    },
    Contract {
        endpoint: Endpoint::MediaServer,
        method: "GET",
        path: "/",
        status: 401..=401,
        format: Format::Any,
        rows: &[],
        otherwise: "the media server's answer does not count; plex.tv decides alone",
        replaceable: true,
    },
];

impl Endpoint {
    /// All endpoints.
    pub const ALL: [Self; 10] = [
        Self::User,
        Self::Users,
        Self::SharedServers,
        Self::Resources,
        Self::SignIn,
        Self::Revocation,
        Self::LinkCode,
        Self::Approval,
        Self::Identity,
        Self::MediaServer,
    ];

    /// The fields that plex-auth relies on in its answer.
    #[must_use]
    pub fn contract(self) -> &'static Contract {
        static TABLE: [Contract; 10] = CONTRACTS;
        let [user, users, shared, resources, sign_in, sign_out, code, approval, identity, server] = &TABLE;
        match self {
            Self::User => user,
            Self::Users => users,
            Self::SharedServers => shared,
            Self::Resources => resources,
            Self::SignIn => sign_in,
            Self::Revocation => sign_out,
            Self::LinkCode => code,
            Self::Approval => approval,
            Self::Identity => identity,
            Self::MediaServer => server,
        }
    }
}
