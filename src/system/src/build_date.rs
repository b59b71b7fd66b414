//! The date of the build, by which a clock that was never set is recognised: certificates cannot be checked with it, and stored
//! times have no age.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time of the build, in seconds since 1970. See build.rs.
const BUILT: u64 = match u64::from_str_radix(env!("PLEX_AUTH_BUILD_TIME"), 10) {
    Ok(seconds) => seconds,
    Err(_) => 0,
};

/// A clock may be set to the local time of any zone, and is then wrong by less than a day.
const TOLERANCE: Duration = Duration::from_secs(24 * 60 * 60);

/// The wall clock is earlier than the date of the build.
#[must_use]
pub fn clock_is_behind() -> bool {
    is_behind(SystemTime::now())
}

fn is_behind(now: SystemTime) -> bool {
    now + TOLERANCE < UNIX_EPOCH + Duration::from_secs(BUILT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_more_than_a_day_before_the_build_is_behind() {
        let built = UNIX_EPOCH + Duration::from_secs(BUILT);
        let year_2025 = UNIX_EPOCH + Duration::from_secs(1_735_689_600);
        assert!(built > year_2025 && built <= SystemTime::now(), "the date of the build is known: {BUILT}");
        let second = Duration::from_secs(1);
        for (now, behind) in [
            (UNIX_EPOCH, true),
            (year_2025, true),
            (built - TOLERANCE - second, true),
            (built - TOLERANCE, false),
            (built, false),
            (built + 1000 * TOLERANCE, false),
        ] {
            assert_eq!(is_behind(now), behind, "{now:?}");
        }
        assert!(!clock_is_behind());
    }
}
