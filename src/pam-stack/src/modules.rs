//! Return codes that modules would give for a user.

use super::include::Module;
use super::kind::Kind;
use super::return_code::Code;

/// A user, described by the return codes of the modules that matter.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// Of `pam_unix`, for the local password or the local account.
    pub unix: Code,
    /// Of `pam_plex`.
    pub plex: Code,
    /// The user is root.
    pub root: bool,
    /// The account has no local password.
    pub guest: bool,
    /// The account is in the group of accounts that sign in with Plex.
    pub member: bool,
}

/// Assumption about modules that are not known here, and about those with passwords of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownModules {
    /// Unknown modules succeed, those with passwords do not know the user.
    Content,
    /// Unknown modules return `ignore`, those with passwords do not know the user.
    Silent,
    /// All succeed.
    Everyone,
}

impl UnknownModules {
    /// All assumptions.
    pub const ALL: [Self; 3] = [Self::Content, Self::Silent, Self::Everyone];
}

/// Modules with passwords or keys of their own. They do not know a Plex account.
const AUTHENTICATORS: [&str; 24] = [
    "pam_aad",
    "pam_authd",
    "pam_fprintd",
    "pam_himmelblau",
    "pam_kanidm",
    "pam_krb5",
    "pam_ldap",
    "pam_lsass",
    "pam_mysql",
    "pam_oslogin_login",
    "pam_pgsql",
    "pam_pkcs11",
    "pam_pwdfile",
    "pam_radius_auth",
    "pam_rhosts",
    "pam_ssh_agent_auth",
    "pam_sss",
    "pam_sss_gss",
    "pam_systemd_home",
    "pam_tacplus",
    "pam_u2f",
    "pam_userdb",
    "pam_winbind",
    "pam_yubico",
];

/// Modules that identify no user.
const SILENT: [&str; 14] = [
    "pam_cap",
    "pam_faildelay",
    "pam_gnome_keyring",
    "pam_group",
    "pam_keyinit",
    "pam_kwallet5",
    "pam_lastlog",
    "pam_limits",
    "pam_loginuid",
    "pam_mount",
    "pam_nologin",
    "pam_selinux",
    "pam_systemd",
    "pam_warn",
];

/// Return code of a module for a user. `group` is the group of accounts that sign in with Plex.
#[must_use]
pub fn answer(kind: Kind, module: &Module, who: Subject, group: Option<&str>, unknown: UnknownModules) -> Code {
    let yes = |condition: bool| if condition { Code::SUCCESS } else { Code::AUTH_ERR };
    match module.name() {
        "pam_plex" => plex(kind, module, who),
        "pam_unix" => who.unix,
        "pam_deny" => Code::AUTH_ERR,
        "pam_rootok" | "pam_wheel" => Code::PERM_DENIED,
        "pam_faillock" | "pam_tally2" if argument(module, "authfail") => Code::IGNORE,
        "pam_permit" | "pam_faillock" | "pam_tally2" | "pam_localuser" | "pam_access" | "pam_time" | "pam_env"
        | "pam_shells" | "pam_securetty" => Code::SUCCESS,
        "pam_usertype" if argument(module, "issystem") => yes(who.root),
        "pam_usertype" => yes(!who.root),
        "pam_succeed_if" => yes(succeed_if(&module.arguments, who, group)),
        name if SILENT.contains(&name) => Code::IGNORE,
        name if AUTHENTICATORS.contains(&name) && unknown != UnknownModules::Everyone => Code::USER_UNKNOWN,
        _ if unknown == UnknownModules::Silent => Code::IGNORE,
        _ => Code::SUCCESS,
    }
}

/// Return code of `pam_plex`. It never asks the daemon about root, and with `plex_only` leaves accounts that have a local
/// password to `pam_unix`.
fn plex(kind: Kind, module: &Module, who: Subject) -> Code {
    let code = match kind {
        Kind::Account if who.root => Code::IGNORE,
        _ if who.root => Code::USER_UNKNOWN,
        _ => who.plex,
    };
    let cannot_tell = [Code::USER_UNKNOWN, Code::AUTHINFO_UNAVAIL].contains(&code);
    let is_broken = [Code::SERVICE_ERR, Code::MODULE_UNKNOWN].contains(&code);
    let leaves = kind == Kind::Auth && is_for_guests(module);
    if leaves && (cannot_tell || !who.guest && !is_broken) { Code::IGNORE } else { code }
}

/// Has this `pam_plex` the argument `plex_only`, by which it is for accounts without a local password only?
#[must_use]
pub fn is_for_guests(module: &Module) -> bool {
    argument(module, "plex_only")
}

fn argument(module: &Module, wanted: &str) -> bool {
    module.arguments.iter().any(|argument| argument == wanted)
}

/// Do all conditions of `pam_succeed_if` hold? Conditions that cannot be decided here are assumed to hold.
fn succeed_if(arguments: &[String], who: Subject, group: Option<&str>) -> bool {
    let uid: i64 = if who.root { 0 } else { 1000 };
    let compared = |operator: &str, right: &str| {
        let Ok(right) = right.parse::<i64>() else { return true };
        match operator {
            "=" | "eq" => uid == right,
            "!=" | "ne" => uid != right,
            "<" | "lt" => uid < right,
            "<=" | "le" => uid <= right,
            ">" | "gt" => uid > right,
            ">=" | "ge" => uid >= right,
            _ => true,
        }
    };
    let in_group = |names: &str| who.member && names.split(':').any(|name| Some(name) == group);
    let is = |names: &str| who.root && names.split(':').any(|name| name == "root");
    arguments.windows(3).all(|condition| match condition {
        [left, operator, right] => match (left.as_str(), operator.as_str()) {
            ("uid", operator) => compared(operator, right),
            ("user", "ingroup") => in_group(right),
            ("user", "notingroup") => !in_group(right),
            ("user", "=" | "in") => is(right),
            ("user", "!=" | "notin") => !is(right),
            _ => true,
        },
        _ => true,
    })
}
