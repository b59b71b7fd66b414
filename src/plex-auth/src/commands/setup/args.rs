//! Options of `plex-auth setup`: answers given on the command line.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

/// Options of `plex-auth setup`. What no option answers has the present value, or is asked.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct SetupArgs {
    /// Use the defaults and do not ask; local accounts are created only with --user
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

    /// The Plex server whose friends have access, by machine id or name
    #[arg(long, value_name = "ID")]
    pub machine: Option<String>,

    /// Also check each login with the Plex Media Server at this https address; 'auto' uses the address that plex.tv
    /// reports,
    /// '' turns it off [default: as configured, or not]
    #[arg(long, value_name = "URL")]
    pub server_url: Option<String>,

    /// Allow http:// to this machine in --server-url: while the server is stopped, any local user can listen there
    #[arg(long, requires = "server_url")]
    pub server_url_insecure: bool,

    /// The Plex Media Server's Preferences.xml, when it is not in the usual place
    #[arg(long, value_name = "FILE")]
    pub preferences: Option<PathBuf>,

    /// Allow only friends with whom the server is shared, not all friends
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub strict: Option<bool>,

    /// Also offer sign-in with a plex.tv/link code, in place of a password
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub link: Option<bool>,

    /// The owner's Plex username or e-mail address, to let the owner sign in too; '' for not
    #[arg(long, value_name = "NAME")]
    pub admin: Option<String>,

    /// The local group whose members sign in as the Plex account of their name
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,

    /// A local account and the Plex username, e-mail address or id that it belongs to; can be given more than once
    #[arg(long = "user", value_name = "LOCAL=PLEX")]
    pub users: Vec<String>,

    /// Create the local accounts that do not exist yet [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub create: Option<bool>,

    /// Create accounts for files: SFTP with a personal upload folder; no shell, commands or tunnels [default]
    #[arg(long, conflicts_with = "shell")]
    pub files: bool,

    /// Create accounts with a login shell: the system's default, or PATH
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub shell: Option<String>,

    /// The directory for the folders of accounts for files [default: /srv/plex-auth]
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    pub uploads: Option<String>,

    /// Media directory that accounts for files can read completely; '' for none
    #[arg(long, value_name = "DIR", conflicts_with = "shell")]
    pub media: Option<String>,

    /// Create another account for a person who already has one
    #[arg(long)]
    pub another_account: bool,

    /// Change sshd's settings, in /etc/ssh/sshd_config.d/10-plex-auth.conf [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub sshd: Option<bool>,

    /// If sshd does not accept passwords, allow them for members of the group; this reveals who is a member
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub sshd_group: Option<bool>,

    /// Tell everyone who connects by SSH about link sign-in, before they sign in
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub banner: Option<bool>,

    /// Add plex-auth to the PAM stacks, with pam-auth-update or authselect
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
