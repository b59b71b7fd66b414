//! Times and durations for display.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time in the local time zone, such as `2026-11-25 14:03`. `seconds` counts from 1970.
pub(crate) fn local(seconds: i64) -> String {
    at(seconds, TimeZone::system())
}

/// The present time in the local time zone as a part of a file name, such as `2026-11-25-140305`.
pub(crate) fn file_name() -> String {
    Timestamp::now().to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d-%H%M%S").to_string()
}

fn at(seconds: i64, zone: TimeZone) -> String {
    let moment = Timestamp::from_second(seconds).unwrap_or_default();
    moment.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A duration by its two largest units, such as `3h 12m`.
pub(crate) fn span(seconds: u64) -> String {
    let parts = [("d", seconds / 86_400), ("h", seconds / 3600 % 24), ("m", seconds / 60 % 60), ("s", seconds % 60)];
    let largest = parts.iter().skip_while(|(_, count)| *count == 0).take(2).filter(|(_, count)| *count > 0);
    let words: Vec<_> = largest.map(|(unit, count)| format!("{count}{unit}")).collect();
    if words.is_empty() { "0s".into() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn times_are_shown_in_the_local_zone() {
        let east = TimeZone::fixed(jiff::tz::offset(9));
        assert_eq!(at(1_795_615_380, TimeZone::UTC), "2026-11-25 14:03");
        assert_eq!(at(1_795_615_380, east), "2026-11-25 23:03");
        assert_eq!(at(i64::MAX, TimeZone::UTC), "1970-01-01 00:00");
    }

    #[test]
    fn durations_are_shown_in_their_two_largest_units() {
        let cases =
            [(0, "0s"), (59, "59s"), (60, "1m"), (61, "1m 1s"), (3661, "1h 1m"), (3601, "1h"), (90_061, "1d 1h")];
        for (seconds, expected) in cases {
            assert_eq!(span(seconds), expected);
        }
    }
}
