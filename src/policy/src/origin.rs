//! Origin of a login attempt, for the rate limits.

use std::net::IpAddr;

/// Origin of an attempt. `believed` is true for processes whose statements about the remote host count: those of root and
/// of `trusted_callers`. For others the user id is the origin.
///
/// Only the network of an IPv6 address counts: a client has any number of addresses in its own.
#[must_use]
pub fn origin(uid: u32, believed: bool, rhost: Option<&str>, ruser: Option<&str>) -> String {
    if !believed {
        return format!("uid:{uid}");
    }
    match (rhost.filter(|host| !host.is_empty()), ruser.filter(|user| !user.is_empty())) {
        (Some(host), _) => remote(host),
        (None, Some(user)) => format!("local:{user}"),
        (None, None) if uid == 0 => "local".into(),
        // Remote attempts through such a program must not delay logins at the machine.
        (None, None) => format!("uid:{uid}"),
    }
}

fn remote(host: &str) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let bare = bare.split('%').next().unwrap_or(bare);
    match bare.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => format!("host:{}", host.to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r19_an_origin_is_an_address_an_ipv6_network_or_a_local_user() {
        let cases = [
            (0, true, Some("192.0.2.7"), None, "192.0.2.7"),
            (0, true, Some("::ffff:192.0.2.7"), None, "192.0.2.7"),
            (0, true, Some("2001:db8:1:2:aaaa::1"), None, "2001:db8:1:2::/64"),
            (0, true, Some("[2001:db8:1:2::9]"), Some("x"), "2001:db8:1:2::/64"),
            (0, true, Some("fe80::1%eth0"), None, "fe80:0:0:0::/64"),
            (0, true, Some("Den.Example.org"), None, "host:den.example.org"),
            (0, true, Some(""), Some("alice"), "local:alice"),
            (0, true, None, Some("alice"), "local:alice"),
            (0, true, None, None, "local"),
            (1000, false, Some("192.0.2.7"), Some("root"), "uid:1000"),
            (33, true, Some("192.0.2.7"), None, "192.0.2.7"),
            (33, true, None, None, "uid:33"),
        ];
        for (uid, believed, rhost, ruser, expected) in cases {
            assert_eq!(origin(uid, believed, rhost, ruser), expected, "{rhost:?} {ruser:?}");
        }
    }
}
