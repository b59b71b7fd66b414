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

/// Looks after plex-auth, which lets people sign in here with their Plex accounts.
#[derive(Debug, Parser)]
#[command(name = "plex-auth", version, max_term_width = 100)]
pub struct Args {
    /// The configuration
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE", default_value = ::config::DEFAULT_FILE)]
    pub(crate) config: PathBuf,

    /// Where plex-authd listens
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "PATH", default_value = protocol::DEFAULT_SOCKET)]
    pub(crate) socket: PathBuf,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find the Plex server, sign its owner in and write the configuration
    ///
    /// Whatever no option answers is asked, with the present value as the default, so that running it again changes only
    /// what is answered differently. The configuration is replaced in one step at the end: an interrupted run leaves the
    /// old one. PAM is changed through pam-auth-update or authselect only. Secrets are typed without echo or read from a
    /// file, and never taken from arguments or the environment.
    Setup(setup::SetupArgs),
    /// Look for everything that keeps people from logging in, and say how to mend it
    ///
    /// Each check is a line: the configuration, the token, the server, the clock, TLS, the daemon, PAM, sshd and the local
    /// accounts; what is wrong comes with the command that mends it. Nothing is changed.
    Doctor(doctor::DoctorArgs),
    /// Show the whole decision about one person, step by step, without logging in
    ///
    /// Without --password it says whether the right password would let them in. With it, the password is asked for and
    /// judged as at a login. The steps are those of plex-authd, which must be running, and only root may see them.
    Test(explain::ExplainArgs),
    /// Who the owner's friends are, and which local accounts they have
    ///
    /// A table: name, e-mail address, whether they have access to the server, their local account and its last login.
    Friends(friends::FriendsArgs),
    /// Local accounts for friends
    ///
    /// Accounts are made and changed by the system's own tools, such as useradd and usermod. They are members of the
    /// configured group, if there is one, and have no local password: their people sign in with Plex, or with an SSH key.
    /// They are made here and never during a login, since sshd looks an account up first.
    #[command(subcommand)]
    User(user::UserCommand),
    /// How plex-authd is
    ///
    /// Since when it runs, how old its friend list is, whether it leaves plex.tv alone and why, and how many verdicts it has
    /// given since it started.
    Status(status::StatusArgs),
    /// Sign in with the Plex password, so that the shares of this machine take it
    ///
    /// For anybody, for their own account. Samba's clients never send a password, so a share can know the one of Plex only
    /// after a login with it; this is one. With `ForceCommand` of sshd it is all that a friend gets who has a share
    /// and no shell.
    Login,
    /// Who logged in lately, and who was refused
    ///
    /// The latest verdicts of plex-authd, the newest first, with the reasons that its log has.
    Logins(logins::LoginsArgs),
    /// Write a file to attach to an issue, without secrets, names and addresses
    ///
    /// It contains versions, doctor's output, the configuration, the PAM stacks that use `pam_plex.so` and the last lines of
    /// the log. Secrets, names of people, accounts, hosts and servers, addresses and Plex ids are replaced, the same one by
    /// the same label, and so is each word that plex-auth does not know. The file is new and readable only by the owner of
    /// the directory. Read it before you attach it.
    Report(report::ReportArgs),
    /// Forget what is known of a local account
    ///
    /// Which Plex account it belongs to, its password's hash, its wrong tries and its last login. Its next login decides
    /// whom it belongs to, for a member of the group by the next friend list. Neither the account nor the configuration
    /// is changed.
    Forget(forget::ForgetArgs),
    /// The configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
}
