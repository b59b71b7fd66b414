//! What modules would answer about somebody.

use super::Kind;
use super::include::Module;
use super::return_code::Code;

/// Somebody at the door, by what the modules that matter say of them.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// `pam_unix`: the local password, or the local account.
    pub unix: Code,
    /// `pam_plex`
    pub plex: Code,
    /// Whether this is root.
    pub root: bool,
    /// Whether the account has no local password.
    pub guest: bool,
    /// Whether the account is in the group of those who may sign in with Plex.
    pub member: bool,
}

/// What is assumed of modules that are not known here, and of those that know passwords of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownModules {
    /// The unknown ones are content, those with passwords know nobody.
    Content,
    /// The unknown ones have nothing to say, those with passwords know nobody.
    Silent,
    /// All are content.
    Everyone,
}

impl UnknownModules {
    pub const ALL: [Self; 3] = [Self::Content, Self::Silent, Self::Everyone];
}

/// Modules that let somebody in by what they know themselves. A guest of Plex means nothing to them.
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

/// Modules that have nothing to say about who somebody is.
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

/// What a module answers about somebody.
pub fn answer(kind: Kind, module: &Module, who: Subject, group: Option<&str>, guess: UnknownModules) -> Code {
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
        name if AUTHENTICATORS.contains(&name) && guess != UnknownModules::Everyone => Code::USER_UNKNOWN,
        _ if guess == UnknownModules::Silent => Code::IGNORE,
        _ => Code::SUCCESS,
    }
}

/// What our own module answers, which knows root whatever the daemon does, and leaves others to `pam_unix` where it is told to.
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

/// Whether a line of our module is for those alone who have no local password.
pub fn is_for_guests(module: &Module) -> bool {
    argument(module, "plex_only")
}

fn argument(module: &Module, wanted: &str) -> bool {
    module.arguments.iter().any(|argument| argument == wanted)
}

/// The conditions of `pam_succeed_if` that can be told here; all of them must hold. The others are taken to hold.
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
