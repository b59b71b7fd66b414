//! The command line. Help, manual pages and completions are generated from it.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::config;
use crate::commands::doctor;
use crate::commands::explain;
use crate::commands::forget;
use crate::commands::friends;
use crate::commands::logins;
use crate::commands::report;
use crate::commands::setup;
use crate::commands::status;
use crate::commands::user;

/// Heading of the options that all subcommands share.
const GLOBAL: &str = "Global options";

/// Manage Plex logins on this machine
#[derive(Debug, Parser)]
#[command(name = "plex-auth", version, max_term_width = 100)]
pub struct Args {
    /// Use this configuration
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE", default_value = ::config::DEFAULT_FILE)]
    pub(crate) config: PathBuf,

    /// Connect to plex-authd at this socket
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "PATH", default_value = protocol::DEFAULT_SOCKET)]
    pub(crate) socket: PathBuf,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find the Plex server, sign its owner in, and set up sign-ins for friends
    ///
    /// It asks who should be able to sign in and what they may do, unless an option answers that, and shows every change
    /// before the first one is made: the answers can be changed there. Running it again changes only what is answered
    /// differently. An interrupted run undoes what it has done. PAM is changed through pam-auth-update or authselect only,
    /// and sshd by one file in `sshd_config.d`. Secrets are prompted for without echo or read from a file, and never
    /// passed as arguments or in the environment.
    Setup(Box<setup::SetupArgs>),
    /// Find everything that keeps users from logging in, and how to fix it
    ///
    /// Each check is a line: the configuration, the token, the server, the clock, TLS, the daemon, PAM, sshd and the local
    /// accounts; each problem is shown with the command that fixes it. Nothing is changed.
    Doctor(doctor::DoctorArgs),
    /// Show step by step whether a user may sign in, and why
    ///
    /// Without --password it tells whether the right password would be accepted. With it, the password is prompted for and
    /// checked as at a login. The steps are those of plex-authd, which must be running, and only root may see them.
    Test(explain::ExplainArgs),
    /// List the owner's friends and their local accounts
    ///
    /// A table: name, e-mail address, whether they have access to the server, their local account and its last login.
    Friends(friends::FriendsArgs),
    /// Manage local accounts for friends
    ///
    /// Accounts are created and changed by the system's own tools, such as useradd and usermod. They are members of the
    /// configured group, if there is one, and have no local password: friends sign in with Plex or an SSH key.
    /// A login never creates an account, since sshd looks it up first.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Show the daemon's status
    ///
    /// It shows how long plex-authd has been running, the age of its friend list, whether requests to plex.tv are paused and
    /// why, and how many logins it has decided since it started.
    Status(status::StatusArgs),
    /// Sign in with the Plex password, and set it for this machine's Samba shares
    ///
    /// Every user may run it, for their own account. SMB clients never send a password, so a share accepts the Plex
    /// password only after a login with it, for example with this command. As sshd's `ForceCommand` it serves friends
    /// who have a share and no shell.
    Login,
    /// Show recent logins and refusals
    ///
    /// One line for each login, the newest first, with the reason that the log has. The authentication of a login and its
    /// account phase are one line. Decisions that were only explained by `plex-auth test` are marked (test).
    Logins(logins::LoginsArgs),
    /// Write a report to attach to an issue, without secrets, names and addresses
    ///
    /// It contains versions, doctor's output, the configuration, the PAM stacks that use `pam_plex.so` and the last lines of
    /// the log. Secrets, names of people, accounts, hosts and servers, addresses and Plex ids are replaced, the same one by
    /// the same label, and so is each word that plex-auth does not know. The file is new and readable only by the owner of
    /// the directory. Read it before you attach it.
    Report(report::ReportArgs),
    /// Forget what is stored about a local account
    ///
    /// Deletes the binding to a Plex account, the cached password, failed attempts, its share of the hourly limits and the
    /// last login. The next login decides which Plex account it belongs to; for a member of the group, the next friend list
    /// does. Neither the account nor the configuration is changed. With --from, only the rate limits for an address
    /// are cleared.
    Forget(forget::ForgetArgs),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
}
