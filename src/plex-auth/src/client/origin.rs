//! Origins of logins as arguments: an address, or an origin as `plex-auth test` shows it.

use std::net::{IpAddr, Ipv6Addr};

/// Beginnings of the origins that are no address; see [`policy::Origin`].
const OTHERS: [&str; 3] = ["local:", "service:", "uid:"];

/// Accepts an address, the network of an IPv6 address, and an origin that is none.
///
/// # Errors
/// A host name or anything else; the text says what is accepted.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let is_network = text.strip_suffix("/64").is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    let is_other = OTHERS.iter().any(|prefix| text.len() > prefix.len() && text.starts_with(prefix));
    if text.parse::<IpAddr>().is_ok() || is_network || is_other {
        return Ok(text.to_owned());
    }
    Err("it is no address, such as 192.0.2.7 or 2001:db8::7, nor an origin that `plex-auth test` has shown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r79_addresses_and_the_origins_that_are_shown_are_accepted() {
        let origins =
            ["192.0.2.7", "2001:db8::7", "2001:db8:1:2::/64", "2001:db8:0:0::/64", "local:alice", "service:login"];
        for origin in origins {
            assert_eq!(parse(origin).as_deref(), Ok(origin));
        }
        for other in ["", "host.example.org", "192.0.2.0/24", "192.0.2.7:22", "local:", "alice", "/64"] {
            assert!(parse(other).is_err(), "{other}");
        }
    }
}
