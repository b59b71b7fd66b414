//! The summary of a configuration by `plex-auth config check`, without its secrets.

use std::fmt::Write;

use config::{Cache, Config, Source};
use humantime::format_duration;

/// The summary, one line for each part.
pub(crate) fn summary(config: &Config) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<18}{value}");
    };
    let server = config.machine_id.as_deref().unwrap_or("any");
    line(
        "who may sign in",
        match (&config.source, config.strict_friends) {
            (Source::Token(_), true) => format!("friends with whom the server {server} is shared"),
            (Source::Token(_), false) => "every friend and Home member of the owner".into(),
            (Source::Resources { machine_id, owner_id }, _) => {
                format!(
                    "people with access to the server {machine_id} of Plex id {owner_id} (no token: checked after the sign-in)"
                )
            }
        },
    );
    line(
        "the owner",
        config.admin_account.clone().unwrap_or_else(|| "cannot sign in (admin_account is not set)".into()),
    );
    line("local accounts", accounts(config));
    line("plex.tv", config.plex_url.to_string());
    if let Some(file) = &config.ca_file {
        line("extra CA", file.display().to_string());
    }
    if !config.trusted_callers.is_empty() {
        line("trusted callers", config.trusted_callers.join(", "));
    }
    if let Some(url) = &config.server_url {
        let how = if config.server_url_insecure { ", in the clear: see plex-auth doctor" } else { "" };
        line("media server", format!("{url} can also refuse friends{how}"));
    }
    line("cached passwords", cached(config.cache));
    if config.samba.sync_password {
        line("SMB passwords", "follow those that plex.tv accepts".into());
    }
    let policy::Limits { rejected_per_hour, sign_ins_per_hour, hosts, .. } = config.throttle;
    let shared = if hosts > 1 { format!(", for {hosts} hosts together") } else { String::new() };
    let limits = format!(
        "{rejected_per_hour} rejected sign-ins per hour, and {sign_ins_per_hour} sign-ins of one account{shared}"
    );
    line("limits", limits);
    let times = &config.timeouts;
    line("login timeout", format!("{} for requests to plex.tv", format_duration(times.login)));
    line("removed friends", format!("lose access within {}", format_duration(times.friend_list)));
    text
}

fn cached(cache: Cache) -> String {
    let times = [("without contacting plex.tv", cache.remember), ("while plex.tv is not available", cache.offline)];
    let kept = times.iter().filter_map(|(when, time)| Some(format!("for {} {when}", format_duration((*time)?))));
    let kept: Vec<_> = kept.collect();
    if kept.is_empty() { "none".into() } else { format!("accepted {}", kept.join(" and ")) }
}

fn accounts(config: &Config) -> String {
    let mapped = config.users.iter().map(|(local, plex)| format!("{local} = {plex}"));
    let group = config.group.iter().map(|group| format!("members of the group {group}"));
    let all: Vec<_> = mapped.chain(group).collect();
    if all.is_empty() { "none: nobody can sign in with Plex".into() } else { all.join(", ") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use std::path::Path;

    use super::*;

    #[test]
    fn r41_the_summary_says_who_has_access_and_hides_the_token() {
        let text = "token = \"TOKEN-SECRET\"\nmachine_id = \"0123456789abcdef\"\ngroup = \"plex-users\"\n[users]\nal = \"7\"\n";
        let shown = summary(&config::parse(text, Path::new("x")).unwrap());
        for part in
            ["0123456789abcdef", "al = 7", "the group plex-users", "cannot sign in (admin_account", "within 5m", "none"]
        {
            assert!(shown.contains(part), "{shown}");
        }
        assert!(!shown.contains("SECRET"), "{shown}");
        let text = format!(
            "server_url = \"http://127.0.0.1:32400\"\nserver_url_insecure = true\n{text}[cache]\nremember = \"5m\"\noffline = \"24h\"\n[samba]\nsync_password = true\n[throttle]\nhosts = 3\n"
        );
        let shown = summary(&config::parse(&text, Path::new("x")).unwrap());
        for part in [
            "127.0.0.1:32400/ can also refuse friends, in the clear",
            "for 5m without contacting plex.tv and for 1day while plex.tv is not available",
            "SMB",
            "30 rejected sign-ins per hour, and 120 sign-ins of one account, for 3 hosts together",
        ] {
            assert!(shown.contains(part), "{shown}");
        }
    }
}
