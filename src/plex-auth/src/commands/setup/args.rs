//! Options of `plex-auth setup`: answers given on the command line.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

/// Options of `plex-auth setup`. A question without an option is asked, with the present value as its default.
#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    /// Take the defaults and ask nothing; nobody gets a local account but by --user
    #[arg(long, short)]
    pub yes: bool,

    /// Show what would change and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// How the owner signs in: the local server approves a code, the owner does, or by name and password
    #[arg(long, value_enum, value_name = "WAY")]
    pub sign_in: Option<SignIn>,

    /// Read the owner's Plex token from this file, - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "sign_in")]
    pub token_file: Option<PathBuf>,

    /// The server that counts, by its machine id or its name
    #[arg(long, value_name = "ID")]
    pub machine: Option<String>,

    /// Let the Plex Media Server at this https address refuse people too; 'auto' uses the address that plex.tv reports,
    /// '' turns it off [default: as configured, or not]
    #[arg(long, value_name = "URL")]
    pub server_url: Option<String>,

    /// Allow http:// to this machine in --server-url: while the server is stopped, any local user can listen there
    #[arg(long, requires = "server_url")]
    pub server_url_insecure: bool,

    /// The Plex Media Server's Preferences.xml, when it is not in the usual place
    #[arg(long, value_name = "FILE")]
    pub preferences: Option<PathBuf>,

    /// Only friends with whom the server is shared, not every friend
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub strict: Option<bool>,

    /// Let people approve a code at plex.tv/link in place of a password
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub link: Option<bool>,

    /// The owner's Plex username or e-mail address, to let the owner sign in too; '' for not
    #[arg(long, value_name = "NAME")]
    pub admin: Option<String>,

    /// The local group whose members sign in as the Plex account of their name
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,

    /// A local account and the Plex username, e-mail address or id that it belongs to; may be given often
    #[arg(long = "user", value_name = "LOCAL=PLEX")]
    pub users: Vec<String>,

    /// Make those local accounts that are not there yet; true unless it is said otherwise
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub create: Option<bool>,

    /// Let PAM ask plex-authd, through pam-auth-update or authselect
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub pam: Option<bool>,

    /// Another address of plex.tv
    #[arg(long, value_name = "URL")]
    pub plex_url: Option<String>,

    /// A further CA to trust, for networks that inspect TLS
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

/// How the owner signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignIn {
    /// The local server approves a code, by the token in its Preferences.xml
    Preferences,
    /// A code that is approved at plex.tv/link
    Link,
    /// Name and password, and a verification code if Plex wants one
    Password,
}
