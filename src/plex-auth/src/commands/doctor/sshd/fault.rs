//! Settings of sshd that keep friends out, or let others in.

use std::fmt;
use std::time::Duration;

use config::Config;
use nix::unistd::User;

use super::super::names::quoted;
use super::drop_in::DropIn;
use crate::sshd::pattern::matches;
use crate::sshd::settings::Settings;
use crate::ui::terminal::Status;

/// Longest duration of a link sign-in, in seconds.
const LINK: u64 = 110;

/// One fault. Equal ones have one cause.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    PamOff,
    /// Neither of the two password methods is on.
    NoPassword,
    /// No second prompt can be shown. It is only a remark without link sign-in.
    NoPrompts {
        link: bool,
    },
    /// `AllowUsers` or `AllowGroups` does not list the account.
    NotListed(List),
    /// `DenyUsers` or `DenyGroups` lists it, by these patterns.
    Denied(List, Vec<String>),
    /// `AuthenticationMethods` has no alternative with a password or a link alone.
    Methods(String),
    /// `LoginGraceTime` ends a link sign-in.
    GraceLink(u64),
    /// `LoginGraceTime` ends a password login, which may last this long.
    GraceLogin(u64, Duration),
    FewTries(u64),
    EmptyPasswords,
    HostNames,
}

/// A list of accounts or groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum List {
    Users,
    Groups,
}

/// The faults of settings, apart from the lists of accounts.
pub(super) fn of_settings(settings: &Settings, config: Option<&Config>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let link = config.is_some_and(|config| config.link_sign_in);
    if !settings.is("usepam", "yes") {
        faults.push(Fault::PamOff);
    }
    match (settings.is("kbdinteractiveauthentication", "yes"), settings.is("passwordauthentication", "yes")) {
        (true, _) => {}
        (false, false) => faults.push(Fault::NoPassword),
        (false, true) => faults.push(Fault::NoPrompts { link }),
    }
    faults.extend(methods(settings));
    faults.extend(grace(settings, config));
    faults.extend(settings.number("maxauthtries").filter(|tries| *tries < 3).map(Fault::FewTries));
    if settings.is("permitemptypasswords", "yes") {
        faults.push(Fault::EmptyPasswords);
    }
    if settings.is("usedns", "yes") {
        faults.push(Fault::HostNames);
    }
    faults
}

/// `AuthenticationMethods`: alternatives, each a list of methods that must all succeed, such as `keyboard-interactive:pam`.
fn methods(settings: &Settings) -> Option<Fault> {
    let alternatives = settings.get("authenticationmethods")?;
    let is_enough = |alternative: &str| {
        let method = alternative.split(':').next().unwrap_or_default();
        ["any", "password", "keyboard-interactive"].contains(&method)
    };
    (!alternatives.split_whitespace().any(is_enough)).then(|| Fault::Methods(alternatives.to_owned()))
}

/// `LoginGraceTime`, in seconds; zero means no limit.
fn grace(settings: &Settings, config: Option<&Config>) -> Option<Fault> {
    let (seconds @ 1.., config) = (settings.number("logingracetime")?, config?) else { return None };
    let login = config.timeouts.login;
    if config.link_sign_in && config.link_services.iter().any(|service| service == "sshd") && seconds < LINK {
        return Some(Fault::GraceLink(seconds));
    }
    (Duration::from_secs(seconds) <= login).then_some(Fault::GraceLogin(seconds, login))
}

/// sshd's own refusal of an account, in its order. A pattern with a host, `USER@HOST`, is about some clients only: one that
/// allows counts, and one that denies does not.
pub(super) fn of_lists(settings: &Settings, user: &str, groups: &[String]) -> Option<Fault> {
    let names_user = |pattern: &str| matches(pattern, user);
    let names_group = |pattern: &str| groups.iter().any(|group| matches(pattern, group));
    let user_of = |pattern: &str| pattern.split('@').next().unwrap_or_default().to_owned();
    let find = |name: &str, is_named: &dyn Fn(&str) -> bool| {
        settings.list(name).iter().find(|pattern| is_named(pattern)).cloned()
    };
    let lacks =
        |name: &str, is_named: &dyn Fn(&str) -> bool| !settings.list(name).is_empty() && find(name, is_named).is_none();
    if let Some(pattern) = find("denyusers", &names_user) {
        return Some(Fault::Denied(List::Users, vec![pattern]));
    }
    if lacks("allowusers", &|pattern| names_user(&user_of(pattern))) {
        return Some(Fault::NotListed(List::Users));
    }
    if let Some(pattern) = find("denygroups", &names_group) {
        return Some(Fault::Denied(List::Groups, vec![pattern]));
    }
    lacks("allowgroups", &names_group).then_some(Fault::NotListed(List::Groups))
}

impl List {
    fn allow(self) -> &'static str {
        match self {
            Self::Users => "AllowUsers",
            Self::Groups => "AllowGroups",
        }
    }

    fn deny(self) -> &'static str {
        match self {
            Self::Users => "DenyUsers",
            Self::Groups => "DenyGroups",
        }
    }
}

/// Patterns of a list.
fn shown(patterns: &[String]) -> String {
    let patterns: Vec<_> = patterns.iter().map(|pattern| protocol::printable(pattern, 64)).collect();
    quoted(&patterns.iter().map(String::as_str).collect::<Vec<_>>())
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PamOff => f.write_str("UsePAM is off: nobody can sign in with Plex, and removed friends keep their keys"),
            Self::NoPassword => {
                f.write_str("KbdInteractiveAuthentication and PasswordAuthentication are off: sshd does not accept passwords")
            }
            Self::NoPrompts { link: true } => {
                f.write_str("KbdInteractiveAuthentication is off: link sign-in and verification codes cannot be shown")
            }
            Self::NoPrompts { link: false } => f.write_str(
                "KbdInteractiveAuthentication is off: users with two-factor authentication must append the code to \
                 the password",
            ),
            Self::NotListed(list) => write!(f, "sshd refuses every login: {} does not list the account", list.allow()),
            Self::Denied(list, patterns) => {
                write!(f, "sshd refuses every login: {} lists {}", list.deny(), shown(patterns))
            }
            Self::Methods(methods) => write!(
                f,
                "AuthenticationMethods is '{}': neither a password nor a link alone lets anyone in",
                protocol::printable(methods, 200)
            ),
            Self::GraceLink(seconds) => {
                write!(f, "LoginGraceTime is {seconds}s: link sign-in may take {LINK}s, and would be interrupted")
            }
            Self::GraceLogin(seconds, login) => {
                let login = humantime::format_duration(*login);
                write!(f, "LoginGraceTime is {seconds}s: a login may wait {login} for plex.tv alone, and would be interrupted")
            }
            Self::FewTries(tries) => write!(
                f,
                "MaxAuthTries is {tries}: keys that the client offers count too, and leave no attempt for a password"
            ),
            Self::EmptyPasswords => {
                f.write_str("PermitEmptyPasswords is on: an account without a password can be used by anyone")
            }
            Self::HostNames => f.write_str(
                "UseDNS is on: sshd passes on host names, which clients choose in their own DNS, so all of them share the limits \
                 of one origin",
            ),
        }
    }
}

impl Fault {
    pub(super) fn status(&self) -> Status {
        match self {
            Self::PamOff | Self::NoPassword | Self::NoPrompts { link: true } | Self::NotListed(_) => Status::Error,
            // On purpose, as far as anyone can tell.
            Self::Denied(..) | Self::Methods(_) => Status::Warning,
            Self::NoPrompts { link: false } => Status::Info,
            Self::GraceLink(_) | Self::GraceLogin(..) | Self::FewTries(_) | Self::EmptyPasswords | Self::HostNames => {
                Status::Warning
            }
        }
    }

    /// How to fix it for these accounts. `all` are the settings of other accounts, `group` the group that has these accounts and
    /// later ones.
    pub(super) fn fix(&self, drop_in: &DropIn, all: &Settings, users: &[&User], group: Option<&str>) -> String {
        let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
        // A `Match` block outranks what is set for everyone.
        let for_them = |keyword: &str, value: &str| drop_in.for_some(keyword, value, &names, group);
        let set = |keyword: &str, value: &str| {
            let name = keyword.to_ascii_lowercase();
            if all.is(&name, value) { for_them(keyword, value) } else { drop_in.for_all(keyword, value) }
        };
        match self {
            Self::PamOff => set("UsePAM", "yes"),
            // For everyone, it would offer passwords to accounts that are to have none.
            Self::NoPassword => for_them("KbdInteractiveAuthentication", "yes"),
            Self::NoPrompts { .. } => set("KbdInteractiveAuthentication", "yes"),
            Self::NotListed(List::Users) => drop_in.add(all, "AllowUsers", &names.join(" ")),
            Self::NotListed(List::Groups) => match group {
                Some(group) => drop_in.add(all, "AllowGroups", group),
                None => drop_in.by_hand(&format!(
                    "add a group of theirs to AllowGroups, which now has: {}",
                    all.list("allowgroups").join(" ")
                )),
            },
            Self::Denied(list, patterns) => {
                let (keyword, patterns) = (list.deny(), shown(patterns));
                drop_in.by_hand(&format!(
                    "if that is not intended, remove {patterns} from {keyword}: grep -rin {keyword} /etc/ssh/sshd_config*"
                ))
            }
            Self::Methods(_) => for_them("AuthenticationMethods", "any"),
            Self::GraceLink(_) | Self::GraceLogin(..) => set("LoginGraceTime", "120"),
            Self::FewTries(_) => set("MaxAuthTries", "6"),
            Self::EmptyPasswords => set("PermitEmptyPasswords", "no"),
            Self::HostNames => set("UseDNS", "no"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(said: &str, user: &str, groups: &[&str]) -> Option<Fault> {
        let groups: Vec<_> = groups.iter().map(|group| (*group).to_owned()).collect();
        of_lists(&Settings::parse(said), user, &groups)
    }

    #[test]
    fn r79_an_account_is_refused_by_sshds_lists_as_sshd_does_it() {
        let friends = ["alice", "plex-users"];
        let not_listed = |list| Some(Fault::NotListed(list));
        let denied = |list, pattern: &str| Some(Fault::Denied(list, vec![pattern.into()]));
        let cases = [
            ("", None),
            ("allowusers admin", not_listed(List::Users)),
            ("allowusers admin\nallowusers alice", None),
            ("allowusers al*", None),
            ("allowusers ?lice", None),
            ("allowusers alice@192.0.2.0/24", None),
            ("allowgroups admins", not_listed(List::Groups)),
            ("allowgroups admins\nallowgroups plex-*", None),
            ("allowusers alice\nallowgroups admins", not_listed(List::Groups)),
            ("denyusers alice", denied(List::Users, "alice")),
            ("denyusers alice\nallowusers alice", denied(List::Users, "alice")),
            ("denyusers alice@192.0.2.7", None),
            ("denygroups plex-users", denied(List::Groups, "plex-users")),
            ("denygroups others", None),
        ];
        for (said, expected) in cases {
            assert_eq!(refused(said, "alice", &friends), expected, "{said}");
        }
    }

    #[test]
    fn patterns_match_as_in_sshd() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcdf", false),
            ("**b", "aab", true),
            ("?", "", false),
            ("alice", "alicex", false),
            ("*x*", "yyxyy", true),
            ("Alice", "alice", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn r79_authentication_methods_must_have_an_alternative_that_plex_can_satisfy() {
        let found = |value: &str| methods(&Settings::parse(&format!("authenticationmethods {value}"))).is_some();
        for value in ["any", "password", "publickey password", "publickey keyboard-interactive:pam"] {
            assert!(!found(value), "{value}");
        }
        for value in ["publickey", "publickey,password", "publickey,keyboard-interactive hostbased"] {
            assert!(found(value), "{value}");
        }
    }
}
