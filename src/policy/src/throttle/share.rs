//! The share of a limit that an attempt draws on.

use super::AttemptKey;

/// The share of a limit that an attempt draws on, by its account and origin.
///
/// Behind a service that names no remote host, strangers have the same origin as an account's own user. So such services are a
/// share of their own, whether the account has signed in there or not: a login there gives no privilege, and strangers elsewhere
/// do not use up what a first login there needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Keys that have not signed in before.
    Unknown,
    /// Accounts at origins from which they have signed in before.
    Known,
    /// Accounts at services that name no remote host.
    Service,
}

impl Share {
    /// The share of a key. `is_known` is true if it has signed in before.
    #[must_use]
    pub fn of(key: &AttemptKey, is_known: bool) -> Self {
        match (key.origin.is_shared(), is_known) {
            (true, _) => Self::Service,
            (false, true) => Self::Known,
            (false, false) => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r70_a_service_that_names_no_remote_host_is_a_share_of_its_own_for_known_accounts_and_others() {
        let share = |origin: &str, is_known| {
            Share::of(&AttemptKey { account: "alice".into(), origin: origin.into() }, is_known)
        };
        for origin in ["192.0.2.1", "2001:db8:1:2::/64", "local:alice", "uid:1000"] {
            assert_eq!([share(origin, false), share(origin, true)], [Share::Unknown, Share::Known], "{origin}");
        }
        for origin in ["service:login", "service:33/nginx"] {
            assert_eq!([share(origin, false), share(origin, true)], [Share::Service; 2], "{origin}");
        }
    }
}
