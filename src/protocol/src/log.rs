//! Lines for syslog.

/// The facility of logins, `LOG_AUTHPRIV`, as syslog encodes it.
const AUTHPRIV: u8 = 10 << 3;

/// How severe a line of the log is; the numbers are syslog's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// A fault that the administrator must fix.
    Error = 3,
    /// An outage, or a fault that will need attention.
    Warning = 4,
    /// A denial.
    Notice = 5,
    /// A success, a start, an end.
    Info = 6,
    /// Details of ordinary work.
    Debug = 7,
}

/// A line as it is sent to syslog, RFC 3164, of this process under this name. The caller has made the text printable.
///
/// It has no time of its own, so syslog adds the time of its arrival, as RFC 3164 demands of it. To write local time, a program
/// reads `TZ` and a time zone file, which is not ours to do in another program's process, and not safe where there are threads.
#[must_use]
pub fn syslog_line(severity: Severity, name: &str, text: &str) -> String {
    format!("<{}>{name}[{}]: {text}", AUTHPRIV | severity as u8, std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syslog_line_has_priority_name_and_pid_and_no_date() {
        let process = std::process::id();
        assert_eq!(syslog_line(Severity::Error, "plex-authd", "a line"), format!("<83>plex-authd[{process}]: a line"));
        assert_eq!(
            syslog_line(Severity::Debug, "pam_plex(su:auth)", "x"),
            format!("<87>pam_plex(su:auth)[{process}]: x")
        );
    }
}
