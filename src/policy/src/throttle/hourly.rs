//! An hourly number, and the part of it that this machine may use.

/// The least share: a sign-in with a verification code needs two, one without it and one with it.
pub(super) const MIN_SHARE: usize = 2;

/// An hourly number of requests, for all machines behind one public address: plex.tv counts by address, and the machines do not
/// know of each other.
///
/// Shares that strangers can use up are divided exactly, down to nothing: all machines together send no more of it than one would. A
/// share that only an account's own user can use up is never smaller than [`MIN_SHARE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hourly {
    /// The number for all machines.
    pub per_hour: u32,
    /// Number of machines; at least one.
    pub hosts: u32,
}

impl Hourly {
    fn all(self) -> usize {
        self.per_hour as usize
    }

    fn of_this_host(self, number: usize) -> usize {
        number / self.hosts.max(1) as usize
    }

    /// Keys that have not signed in before, all together.
    pub(super) fn unknown(self) -> usize {
        self.of_this_host(self.all() - self.all() / 3)
    }

    /// One account where it is known, or at services that name no remote host. Of the unknown keys, those of one origin or of
    /// one account.
    pub(super) fn third(self) -> usize {
        self.of_this_host(self.all().div_ceil(3)).max(MIN_SHARE)
    }

    /// One account at such services, within a shorter period.
    pub(super) fn ninth(self) -> usize {
        self.third().div_ceil(3).max(MIN_SHARE)
    }

    /// All accounts at such services together.
    pub(super) fn services(self) -> usize {
        self.of_this_host(2 * self.all())
    }

    /// The part of one account at such services that the others cannot use up.
    pub(super) fn services_least(self) -> usize {
        self.of_this_host(MIN_SHARE)
    }

    /// Sign-ins of one account with the right password: they are no reason for plex.tv to block an address.
    pub(super) fn of_account(self) -> usize {
        self.of_this_host(self.all()).max(MIN_SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r85_what_strangers_can_use_up_on_all_hosts_is_no_more_than_on_one() {
        for per_hour in 3..=1000 {
            let one = Hourly { per_hour, hosts: 1 };
            for hosts in 1..=300 {
                let part = Hourly { per_hour, hosts };
                let together = |number: usize| number * hosts as usize;
                assert!(together(part.unknown()) <= one.unknown(), "{part:?}");
                assert!(together(part.services()) <= one.services(), "{part:?}");
                assert!(together(part.services_least()) <= one.services_least(), "{part:?}");
                let least = together(MIN_SHARE);
                assert!(together(part.third()) <= one.third().max(least), "{part:?}");
                assert!(together(part.of_account()) <= one.of_account().max(least), "{part:?}");
                assert!([part.third(), part.ninth(), part.of_account()].into_iter().all(|share| share >= MIN_SHARE));
            }
        }
    }

    #[test]
    fn r85_one_host_has_the_whole_number() {
        let one = Hourly { per_hour: 30, hosts: 1 };
        let shares = [one.unknown(), one.third(), one.ninth(), one.services(), one.services_least(), one.of_account()];
        assert_eq!(shares, [20, 10, 4, 60, 2, 30]);
        let three = Hourly { hosts: 3, ..one };
        let shares = [three.unknown(), three.third(), three.ninth(), three.services(), three.services_least()];
        assert_eq!(shares, [6, 3, 2, 20, 0]);
        assert_eq!(Hourly { hosts: 40, ..one }.unknown(), 0);
    }
}
