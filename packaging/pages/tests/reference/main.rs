//! The reference in docs/ agrees with the code and the manual pages. `UPDATE_PAGES=1` updates the parts generated from
//! the latter.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failed test may panic")]

mod markdown;
mod reasons;

use std::fs;
use std::path::{Path, PathBuf};

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name)
}

/// Compares the part of a page that is generated from a manual page with what would be generated now.
fn assert_is_generated_from(page: &str, manual: &str, made: &str) {
    let file = reference(page);
    let text = fs::read_to_string(&file).unwrap();
    let begin = format!("<!-- manual: {manual} -->\n");
    let (before, rest) = text.split_once(&begin).expect("where the manual page begins");
    let (_, after) = rest.split_once("<!-- end -->").expect("where it ends");
    let new = format!("{before}{begin}{made}<!-- end -->{after}");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&file, new).unwrap();
    } else {
        assert!(text == new, "docs/reference/{page} differs from {manual}; UPDATE_PAGES=1 writes it again");
    }
}

#[test]
fn configuration_reference_is_generated_from_its_manual_page() {
    assert_is_generated_from(
        "configuration.md",
        "plex-auth.toml.5",
        &markdown::of(&pages::configuration(), "", "toml"),
    );
}

#[test]
fn module_reference_is_generated_from_its_manual_page() {
    assert_is_generated_from("module.md", "pam_plex.8", &markdown::of(pages::MODULE, "pam_plex.so", "text"));
}

/// Outcome and reason of each row in the tables of the page about log lines.
fn listed() -> Vec<(String, String)> {
    let text = fs::read_to_string(reference("log-lines.md")).unwrap();
    let mut listed = Vec::new();
    for section in text.split("\n## ").skip(1) {
        let (heading, body) = section.split_once('\n').unwrap();
        let reasons = body.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
        for (reason, about) in reasons {
            // Outcomes that are not logged by default are named in the row.
            let word = about.split('`').nth(1).filter(|_| heading == "Not in the log").unwrap_or(heading);
            listed.push((word.to_owned(), reason.to_owned()));
        }
    }
    listed.sort();
    listed
}

#[test]
fn log_reference_lists_exactly_the_reasons_in_the_code_by_outcome() {
    let mut known: Vec<(String, String)> = reasons::refusals();
    known.extend(reasons::acceptances().into_iter().map(|reason| ("accepted".to_owned(), reason)));
    known.sort();
    // Two reasons may have the same text.
    known.dedup();
    let listed = listed();
    let missing: Vec<_> = known.iter().filter(|reason| !listed.contains(reason)).collect();
    let others: Vec<_> = listed.iter().filter(|reason| !known.contains(reason)).collect();
    assert!(missing.is_empty() && others.is_empty(), "not on the page: {missing:#?}; not in the code: {others:#?}");
    assert_eq!(listed.len(), known.len(), "twice on the page");
}
