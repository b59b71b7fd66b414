//! Loads to measure: the state before a login, the network, and the number of logins at once.

use std::fmt::Write as _;

use crate::ways::Way;

/// What plex-authd has when a login begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// An open connection to plex.tv, and a fresh friend list.
    Warm,
    /// No open connection: plex.tv has closed it. The friend list is older than [`OLD_LIST`] seconds.
    Gone,
    /// The password in its cache.
    Cached,
}

/// The values of `[throttle]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Throttle {
    /// The defaults.
    Default,
    /// Such that no login of the benchmark reaches them.
    Raised,
}

/// Age of the friend list, in seconds, that the first login on a quiet machine usually exceeds.
pub(crate) const OLD_LIST: u64 = 30;

/// A load to measure.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub before: Before,
    /// Round trip to plex.tv in milliseconds.
    pub round_trip: u64,
    /// Simultaneous logins, each of another friend and from another address.
    pub together: usize,
    /// Time from a prompt to its answer in milliseconds; it is not part of the login's time.
    pub typing: u64,
    /// Friends with whom the server is shared.
    pub friends: usize,
    pub throttle: Throttle,
    pub rounds: usize,
    pub ways: &'static [Way],
}

impl Scenario {
    /// Name in the tables.
    pub(crate) fn name(&self) -> String {
        let logins = if self.together == 1 { "one login".to_owned() } else { format!("{} at once", self.together) };
        let before = match self.before {
            Before::Warm => "warm",
            Before::Gone => "connection gone",
            Before::Cached => "cached",
        };
        let mut name = format!("{logins}, {before}, {} ms", self.round_trip);
        if self.before == Before::Gone {
            let _ = write!(name, ", answered in {}", seconds(self.typing));
        }
        if self.friends != USUAL_FRIENDS {
            let _ = write!(name, ", {} friend{}", self.friends, if self.friends == 1 { "" } else { "s" });
        }
        if self.throttle == Throttle::Default {
            name.push_str(", default limits");
        }
        name
    }

    /// Lines that are added to the usual configuration.
    pub(crate) fn configuration(&self) -> String {
        let cache = if self.before == Before::Cached { "[cache]\nremember = \"5m\"\n" } else { "" };
        let throttle = match self.throttle {
            Throttle::Default => "",
            Throttle::Raised => "[throttle]\nrejected_per_hour = 1000\nsign_ins_per_hour = 100000\n",
        };
        format!("{cache}{throttle}")
    }
}

/// Number of friends where a scenario's name does not say it.
pub(crate) const USUAL_FRIENDS: usize = 100;

/// A time in seconds, as in "1 s".
pub(crate) fn seconds(milliseconds: u64) -> String {
    let (whole, rest) = (milliseconds / 1000, milliseconds % 1000);
    if rest == 0 { format!("{whole} s") } else { format!("{whole}.{rest:03} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_says_what_is_not_as_usual() {
        let usual = Scenario {
            before: Before::Warm,
            round_trip: 40,
            together: 1,
            typing: 0,
            friends: USUAL_FRIENDS,
            throttle: Throttle::Raised,
            rounds: 1,
            ways: &[],
        };
        assert_eq!(usual.name(), "one login, warm, 40 ms");
        let gone = Scenario { before: Before::Gone, typing: 1000, together: 16, friends: 1, ..usual.clone() };
        assert_eq!(gone.name(), "16 at once, connection gone, 40 ms, answered in 1 s, 1 friend");
        let limited = Scenario { throttle: Throttle::Default, friends: 1000, before: Before::Cached, ..usual };
        assert_eq!(limited.name(), "one login, cached, 40 ms, 1000 friends, default limits");
        assert_eq!((seconds(0), seconds(50)), ("0 s".into(), "0.050 s".into()));
    }

    #[test]
    fn configuration_sets_only_what_differs_from_the_defaults() {
        let plain = Scenario {
            before: Before::Warm,
            round_trip: 0,
            together: 1,
            typing: 0,
            friends: 1,
            throttle: Throttle::Default,
            rounds: 1,
            ways: &[],
        };
        assert_eq!(plain.configuration(), "");
        let cached = Scenario { before: Before::Cached, throttle: Throttle::Raised, ..plain };
        assert!(cached.configuration().contains("remember") && cached.configuration().contains("[throttle]"));
    }
}
