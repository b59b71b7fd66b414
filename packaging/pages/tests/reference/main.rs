//! The reference in docs/ says what the code and the manual pages say. `UPDATE_PAGES=1` writes anew what is made of the latter.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failed test may panic")]

mod markdown;
mod reasons;

use std::fs;
use std::path::{Path, PathBuf};

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name)
}

/// Compares the part of a page that is made of a manual page with what would be made of it today.
fn is_the_manual_page(page: &str, manual: &str, made: &str) {
    let file = reference(page);
    let text = fs::read_to_string(&file).unwrap();
    let begin = format!("<!-- manual: {manual} -->\n");
    let (before, rest) = text.split_once(&begin).expect("where the manual page begins");
    let (_, after) = rest.split_once("<!-- end -->").expect("where it ends");
    let new = format!("{before}{begin}{made}<!-- end -->{after}");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&file, new).unwrap();
    } else {
        assert!(text == new, "docs/reference/{page} is not {manual} any more; UPDATE_PAGES=1 writes it anew");
    }
}

#[test]
fn the_reference_of_the_configuration_is_its_manual_page() {
    is_the_manual_page("configuration.md", "plex-auth.toml.5", &markdown::of(pages::CONFIGURATION, "", "toml"));
}

#[test]
fn the_reference_of_the_module_is_its_manual_page() {
    is_the_manual_page("module.md", "pam_plex.8", &markdown::of(pages::MODULE, "pam_plex.so", "text"));
}

/// The sections of the page of log lines, and the reasons that stand in the table of each.
fn listed() -> Vec<(String, String)> {
    let text = fs::read_to_string(reference("log-lines.md")).unwrap();
    let mut listed = Vec::new();
    for section in text.split("\n## ").skip(1) {
        let (heading, body) = section.split_once('\n').unwrap();
        let reasons = body.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
        for (reason, about) in reasons {
            // Of those that are in no ordinary log the word stands in the row.
            let word = about.split('`').nth(1).filter(|_| heading == "Not in the log").unwrap_or(heading);
            listed.push((word.to_owned(), reason.to_owned()));
        }
    }
    listed.sort();
    listed
}

#[test]
fn the_page_of_log_lines_has_every_reason_there_is_under_its_word_and_no_other() {
    let mut known: Vec<(String, String)> = reasons::refusals();
    known.extend(reasons::acceptances().into_iter().map(|reason| ("accepted".to_owned(), reason)));
    known.sort();
    // Two reasons may say the same.
    known.dedup();
    let listed = listed();
    let missing: Vec<_> = known.iter().filter(|reason| !listed.contains(reason)).collect();
    let others: Vec<_> = listed.iter().filter(|reason| !known.contains(reason)).collect();
    assert!(missing.is_empty() && others.is_empty(), "not on the page: {missing:#?}; not in the code: {others:#?}");
    assert_eq!(listed.len(), known.len(), "twice on the page");
}
