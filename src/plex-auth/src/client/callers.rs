//! The users as whom programs call the module: a server that is not root may ask plex-authd about other people's accounts only
//! if its user is one of `trusted_callers`. What is known of them is from the log of logins, from running processes of servers
//! that are known here, and from their systemd units. Only system accounts count: any user can write any service's name into
//! the log, and call their own process as they like.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use config::Config;
use nix::unistd::{Uid, User};
use protocol::{AdminRequest, Login};
use system::accounts;
use system::command::{Command, systemctl};

use crate::client::daemon::Daemon;

/// Servers that call the module as a user of their own: how their services' names begin, programs, and systemd units.
const SERVERS: [(&str, &[&str], &[&str]); 9] = [
    ("apache", &["apache2", "httpd"], &["apache2.service", "httpd.service"]),
    ("freeradius", &["freeradius", "radiusd"], &["freeradius.service", "radiusd.service"]),
    ("httpd", &["httpd", "apache2"], &["httpd.service", "apache2.service"]),
    ("lighttpd", &["lighttpd"], &["lighttpd.service"]),
    ("nginx", &["nginx"], &["nginx.service"]),
    ("postgresql", &["postgres"], &["postgresql.service"]),
    ("radicale", &[], &["radicale.service"]),
    ("radiusd", &["freeradius", "radiusd"], &["freeradius.service", "radiusd.service"]),
    ("squid", &["squid", "basic_pam_auth"], &["squid.service"]),
];

/// Programs are in these directories, which only root can write to.
const PROGRAMS: &str = "/usr/";

/// Hashes of local passwords.
const SHADOW: &str = "/etc/shadow";

/// A user who is not root, as whom a service's program calls the module.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Its entry in the account database.
    pub user: User,
    source: Source,
}

/// Where a caller is known from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Log,
    Process(String),
    Unit(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log => f.write_str("the log of logins"),
            Self::Process(program) => write!(f, "the running {program}"),
            Self::Unit(unit) => f.write_str(unit),
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (seen in {})", self.user.name, self.source)
    }
}

impl Caller {
    /// plex-authd answers its questions about every account.
    pub(crate) fn is_trusted(&self, config: &Config) -> bool {
        accounts::is_one_of(self.user.uid.as_raw(), &config.trusted_callers).unwrap_or(false)
    }

    /// Its `pam_unix` can check local passwords: without reading the hashes, it fails for every account but its own.
    pub(crate) fn reads_shadow(&self) -> bool {
        let Ok(file) = fs::metadata(SHADOW) else { return false };
        let is_of_group =
            || accounts::groups_of(&self.user).is_ok_and(|groups| groups.iter().any(|gid| gid.as_raw() == file.gid()));
        file.mode() & 0o004 != 0 || (file.mode() & 0o040 != 0 && is_of_group())
    }
}

/// Knowledge about the callers of all services.
pub(crate) struct Callers {
    /// Newest first.
    logins: Vec<Login>,
    /// Programs of running processes, and their users.
    processes: Vec<(String, Uid)>,
}

impl Callers {
    /// Reads the log of logins, where plex-authd is running, and the list of processes.
    pub(crate) fn read(socket: &Path) -> Self {
        let logins = Daemon::open(socket).and_then(|mut daemon| daemon.list(AdminRequest::Logins(u32::MAX)));
        Self { logins: logins.unwrap_or_default(), processes: processes() }
    }

    /// A program of this name is running.
    pub(crate) fn runs(&self, program: &str) -> bool {
        self.processes.iter().any(|(name, _)| name == program)
    }

    /// The user as whom the program of a service calls the module; `None` for root, and where it is unknown.
    pub(crate) fn of(&self, service: &str) -> Option<Caller> {
        if let Some(uid) = from_log(&self.logins, service) {
            return system_user(uid).map(|user| Caller { user, source: Source::Log });
        }
        let (_, programs, units) = SERVERS.iter().find(|(name, ..)| service.starts_with(name))?;
        // The main process is root's in some of them.
        let runs = |(program, uid): &&(String, Uid)| programs.contains(&program.as_str()) && !uid.is_root();
        if let Some((program, uid)) = self.processes.iter().find(runs) {
            return system_user(*uid).map(|user| Caller { user, source: Source::Process(program.clone()) });
        }
        units.iter().find_map(|unit| {
            let user = accounts::user(&unit_user(unit)?).ok().flatten()?;
            system_user(user.uid).map(|user| Caller { user, source: Source::Unit(unit) })
        })
    }
}

/// The advice that makes plex-authd answer this caller.
pub(crate) fn advice(caller: &Caller, config: Option<&Config>, file: &Path) -> String {
    let trusted = config.map(|config| config.trusted_callers.as_slice()).unwrap_or_default();
    let names: Vec<_> = trusted.iter().chain([&caller.user.name]).map(|name| format!("\"{name}\"")).collect();
    format!(
        "if this server is to check the passwords of others, write into {}, above the first section: trusted_callers = [{}]; then \
         run: systemctl reload plex-authd",
        file.display(),
        names.join(", ")
    )
}

/// The user of the latest login of a service that can be believed: root's, or a system account's.
fn from_log(logins: &[Login], service: &str) -> Option<Uid> {
    let of_service = logins.iter().filter(|login| !login.test && login.service.as_deref() == Some(service));
    let mut callers = of_service.filter_map(|login| login.caller).map(Uid::from_raw);
    callers.find(|uid| uid.is_root() || is_system(*uid))
}

fn is_system(uid: Uid) -> bool {
    !uid.is_root() && uid.as_raw() < accounts::uid_min()
}

/// The account of a user that is neither root nor a person.
fn system_user(uid: Uid) -> Option<User> {
    if is_system(uid) { User::from_uid(uid).ok().flatten() } else { None }
}

/// Programs of all processes with their users, for root; fewer for others.
fn processes() -> Vec<(String, Uid)> {
    let process = |directory: fs::DirEntry| {
        let program = fs::read_link(directory.path().join("exe")).ok()?;
        let name = program.starts_with(PROGRAMS).then(|| program.file_name())??.to_str()?.to_owned();
        Some((name, Uid::from_raw(directory.metadata().ok()?.uid())))
    };
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(process).collect()
}

/// `User=` of a systemd unit.
fn unit_user(unit: &str) -> Option<String> {
    let user = Command::tool(systemctl()?, &["show", "--property=User", "--value", unit]).stdout().ok()?;
    if user.is_empty() { None } else { Some(user) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(service: &str, caller: Option<u32>, test: bool) -> Login {
        let [user, phase, outcome, why] = ["alice", "auth", "denied", ""].map(str::to_owned);
        let (plex_id, service, rhost) = (None, Some(service.to_owned()), None);
        Login { at: 1, user, plex_id, service, rhost, phase, outcome, why, test, caller, number: 1 }
    }

    #[test]
    fn the_latest_login_of_a_service_by_root_or_a_system_account_tells_its_caller() {
        let caller = |logins: &[Login]| from_log(logins, "radiusd").map(Uid::as_raw);
        let person = accounts::uid_min();
        assert_eq!(caller(&[]), None);
        assert_eq!(caller(&[login("radiusd", None, false), login("sshd", Some(33), false)]), None);
        assert_eq!(caller(&[login("radiusd", Some(103), false), login("radiusd", Some(0), false)]), Some(103));
        assert_eq!(caller(&[login("radiusd", Some(0), false), login("radiusd", Some(103), false)]), Some(0));
        // Any user can write the first kind, and `plex-auth test` writes the second.
        assert_eq!(caller(&[login("radiusd", Some(person), false), login("radiusd", Some(103), false)]), Some(103));
        assert_eq!(caller(&[login("radiusd", Some(0), true), login("radiusd", Some(103), false)]), Some(103));
    }

    #[test]
    fn neither_root_nor_a_person_is_the_user_of_a_server() {
        assert!(system_user(Uid::from_raw(0)).is_none() && system_user(Uid::from_raw(accounts::uid_min())).is_none());
        assert!(system_user(Uid::from_raw(1)).is_some_and(|user| user.name == "daemon"));
    }
}
