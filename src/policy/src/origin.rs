//! Origin of a login attempt, for the rate limits.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// Programs of root that name the local user who runs them as the remote user. Others name whom the other end says it is: rlogin,
/// mail and web servers. polkit's helper names the account that it authenticates, no matter which user runs it.
const NAME_LOCAL_USER: [&str; 8] = ["su", "su-l", "sudo", "sudo-i", "runuser", "runuser-l", "doas", EXPLAINED];

/// Service, in an origin, of `plex-auth test`.
pub const EXPLAINED: &str = "plex-auth";

/// Prefix of the origins that many people share.
const SERVICE: &str = "service:";

/// Prefix of the origins of processes that are not believed.
const USER_ID: &str = "uid:";

/// The longest name of a service or local user in an origin, in characters.
const MAX_NAME: usize = 64;

/// Origin of an attempt: an IPv4 address, the /64 network of an IPv6 address, a local user, or a service that names no
/// remote host. The text form is stored in `state.db`; any text is an origin, and one that no attempt has expires unused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// True for a service that names no remote host, such as a RADIUS server: many people are behind one origin, strangers
    /// among them.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.starts_with(SERVICE)
    }

    /// True for a process whose statements about the login do not count. One person may have thousands of user ids
    /// (`subuid(5)`), each of which is an origin.
    #[must_use]
    pub fn is_process(&self) -> bool {
        self.0.starts_with(USER_ID)
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Origin {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Origin {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Origin of an attempt. `believed` is true for processes whose statements about the login count: those of root and of
/// `trusted_callers`. For others the user id is the origin.
///
/// Only the network of an IPv6 address counts: a client has any number of addresses in its own. All loopback addresses are one
/// origin, since a local user can connect from each, and the address of NAT64 is the one that it translates. A host name is no
/// origin, because the other end chooses it in its own DNS, and neither is a remote user's name, except from root's `su`, `sudo` and the
/// like.
#[must_use]
pub fn origin(uid: u32, believed: bool, service: Option<&str>, rhost: Option<&str>, ruser: Option<&str>) -> Origin {
    if !believed {
        return Origin(format!("{USER_ID}{uid}"));
    }
    let names_local_user = uid == 0 && service.is_some_and(|service| NAME_LOCAL_USER.contains(&service));
    let local_user = ruser.filter(|user| names_local_user && !user.is_empty());
    match (rhost.filter(|host| !host.is_empty()), local_user) {
        (Some(host), _) => address(host).map_or_else(|| shared(uid, service), network),
        (None, Some(user)) => Origin(format!("local:{}", shortened(user))),
        (None, None) => shared(uid, service),
    }
}

/// Origin of logins from an address at services of root, or the origin that has this text form.
#[must_use]
pub fn origin_at(from: &str) -> Origin {
    let origin = origin(0, true, None, Some(from.strip_suffix("/64").unwrap_or(from)), None);
    if origin.is_shared() { from.into() } else { origin }
}

/// Origin of a program that names no remote host. That of a user other than root has the uid in it: such a user chooses the
/// service, and must not use up the share of root's services.
fn shared(uid: u32, service: Option<&str>) -> Origin {
    let service = shortened(service.filter(|service| !service.is_empty()).unwrap_or("unknown"));
    Origin(if uid == 0 { format!("{SERVICE}{service}") } else { format!("{SERVICE}{uid}/{service}") })
}

fn shortened(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// The address in `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`, with or without a zone; `None` for a host name.
fn address(host: &str) -> Option<IpAddr> {
    let (bare, port) = if let Some(rest) = host.strip_prefix('[') {
        let (bare, after) = rest.split_once(']')?;
        (bare, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
    } else if host.matches(':').count() == 1 {
        host.split_once(':').map(|(bare, port)| (bare, Some(port)))?
    } else {
        (host, None)
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return None;
    }
    let without_zone = bare.split('%').next().unwrap_or(bare);
    without_zone.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn network(address: IpAddr) -> Origin {
    Origin(match untranslated(address) {
        address if address.is_loopback() => Ipv4Addr::LOCALHOST.to_string(),
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    })
}

/// The IPv4 address of a client behind NAT64 (RFC 6052), which is one network to all of them. Addresses of private networks are
/// not translated.
fn untranslated(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let ([0x64, 0xff9b, 0, 0, 0, 0, ..], [.., a, b, c, d]) = (v6.segments(), v6.octets()) else { return address };
    let v4 = Ipv4Addr::new(a, b, c, d);
    if v4.is_loopback() || v4.is_private() || v4.is_link_local() { address } else { v4.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r19_an_origin_is_an_address_an_ipv6_network_a_local_user_or_a_service() {
        let sshd = Some("sshd");
        let cases = [
            (0, true, sshd, Some("192.0.2.7"), None, "192.0.2.7"),
            (0, true, sshd, Some("192.0.2.7:51022"), None, "192.0.2.7"),
            (0, true, sshd, Some("::ffff:192.0.2.7"), None, "192.0.2.7"),
            (0, true, sshd, Some("[::ffff:192.0.2.7]:22"), None, "192.0.2.7"),
            (0, true, sshd, Some("2001:db8:1:2:aaaa::1"), None, "2001:db8:1:2::/64"),
            (0, true, sshd, Some("[2001:db8:1:2::9]"), Some("x"), "2001:db8:1:2::/64"),
            (0, true, sshd, Some("[2001:db8:1:2::9]:8443"), None, "2001:db8:1:2::/64"),
            (0, true, sshd, Some("fe80::1%eth0"), None, "fe80:0:0:0::/64"),
            (0, true, sshd, Some("[fe80::1%eth0]:22"), None, "fe80:0:0:0::/64"),
            (0, true, sshd, Some("127.0.0.1"), None, "127.0.0.1"),
            (0, true, sshd, Some("127.3.2.1"), None, "127.0.0.1"),
            (0, true, sshd, Some("::1"), None, "127.0.0.1"),
            (0, true, sshd, Some("::ffff:127.0.0.9"), None, "127.0.0.1"),
            (0, true, sshd, Some("64:ff9b::c000:207"), None, "192.0.2.7"),
            (0, true, sshd, Some("64:ff9b::7f00:2"), None, "64:ff9b:0:0::/64"),
            (0, true, sshd, Some("64:ff9b::c0a8:101"), None, "64:ff9b:0:0::/64"),
            (0, true, sshd, Some("64:ff9b:1::c000:207"), None, "64:ff9b:1:0::/64"),
            (0, true, Some("su"), Some(""), Some("alice"), "local:alice"),
            (0, true, Some("sudo"), None, Some("alice"), "local:alice"),
            (0, true, Some("login"), None, None, "service:login"),
            (0, true, Some("radiusd"), Some(""), Some(""), "service:radiusd"),
            (0, true, None, None, None, "service:unknown"),
            (0, true, Some(""), None, None, "service:unknown"),
            (1000, false, sshd, Some("192.0.2.7"), Some("root"), "uid:1000"),
            (33, true, Some("nginx"), Some("192.0.2.7"), None, "192.0.2.7"),
            (33, true, Some("nginx"), None, None, "service:33/nginx"),
        ];
        for (uid, believed, service, rhost, ruser, expected) in cases {
            let origin = origin(uid, believed, service, rhost, ruser);
            assert_eq!(origin.as_str(), expected, "{rhost:?} {ruser:?}");
            assert_eq!(origin.is_shared(), expected.starts_with("service:"), "{expected}");
            assert_eq!(origin.is_process(), expected.starts_with("uid:"), "{expected}");
            assert_eq!(Origin::from(origin.to_string()), origin, "the stored form is read back");
        }
    }

    /// The other end chooses the name in its own DNS, and the user that it says it is.
    #[test]
    fn r70_a_host_name_is_no_origin_whatever_the_other_end_calls_itself() {
        let names = [
            "Den.Example.org",
            "a1.attacker.example",
            "192.0.2.7.attacker.example",
            "192.0.2.7:",
            "192.0.2.7:port",
            "192.0.2.7:99999",
            "[192.0.2.7",
            "[192.0.2.7]x",
            "[]",
            ":",
            "192.0.2.256",
            "local",
        ];
        for name in names {
            for ruser in [None, Some("alice"), Some("root")] {
                assert_eq!(origin(0, true, Some("sshd"), Some(name), ruser).as_str(), "service:sshd", "{name}");
            }
        }
    }

    /// With a new name for each guess, each had a back-off of its own.
    #[test]
    fn r70_only_a_program_of_root_that_a_local_user_runs_names_them() {
        for service in NAME_LOCAL_USER {
            assert_eq!(origin(0, true, Some(service), None, Some("alice")).as_str(), "local:alice", "{service}");
            let of_user = origin(33, true, Some(service), None, Some("alice"));
            assert_eq!(of_user.as_str(), format!("service:33/{service}"));
        }
        // polkit's helper names the account itself, so any local user could fail in the name of any other.
        for service in ["polkit-1", "rlogin", "rsh", "dovecot", "radiusd", "login", "sshd", "SU", "su ", "sudo2"] {
            let origin = origin(0, true, Some(service), Some(""), Some("a1"));
            assert_eq!(origin.as_str(), format!("service:{service}"));
        }
        assert_eq!(origin(0, true, None, None, Some("alice")).as_str(), "service:unknown");
    }

    #[test]
    fn r70_long_names_in_an_origin_are_shortened() {
        let long = "ß".repeat(5000);
        assert_eq!(origin(0, true, Some(&long), None, None).as_str().chars().count(), "service:".len() + 64);
        assert_eq!(origin(0, true, Some("su"), None, Some(&long)).as_str().chars().count(), "local:".len() + 64);
    }
}
