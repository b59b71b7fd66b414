//! Date of the generated pages.

use std::io;
use std::time::{Duration, SystemTime};

/// `SOURCE_DATE_EPOCH` if it is set, so that the same source gives the same pages, or else today.
pub(crate) fn of_the_pages() -> io::Result<String> {
    let moment = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => {
            let wrong = |_| io::Error::other(format!("SOURCE_DATE_EPOCH is no number of seconds: '{seconds}'"));
            SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(seconds.parse::<u32>().map_err(wrong)?))
        }
        Err(_) => SystemTime::now(),
    };
    Ok(humantime::format_rfc3339(moment).to_string().chars().take(10).collect())
}
