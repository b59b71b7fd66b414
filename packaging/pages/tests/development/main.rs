//! The pages below docs/development: links and paths lead somewhere, and `promises.md` agrees with the tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failed test may panic")]

mod promises;
#[allow(dead_code, reason = "the tests of the other pages use the rest")]
#[path = "../documents/text.rs"]
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use text::{Document, document, root};

const DEVELOPMENT: &str = "docs/development";

/// First parts of a path that is a file of this project.
const TOP: [&str; 5] = ["src/", "tests/", "packaging/", "docs/", "pam.d/"];

/// Crates whose files the pages name without their folder.
const CRATES: [&str; 3] = ["src/plex-authd/src", "src/pam-plex/src", "src/plex/src"];

fn pages() -> Vec<Document> {
    let entries = fs::read_dir(root().join(DEVELOPMENT)).unwrap().map(|entry| entry.unwrap().file_name());
    let paths = entries.map(|name| Path::new(DEVELOPMENT).join(name));
    let texts = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<Document> = texts.map(|path| document(&path)).collect();
    pages.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(pages.len() > 4, "only {}", pages.len());
    pages
}

#[test]
fn every_link_of_a_development_page_leads_to_a_file_and_a_heading() {
    for page in pages() {
        for link in page.links().iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.path.clone() } else { Path::new(DEVELOPMENT).join(path) };
            assert!(root().join(&target).exists(), "{}: {link} leads nowhere", page.name());
            let there = || document(&target).anchors();
            assert!(anchor.is_empty() || there().iter().any(|known| known == anchor), "{}: {link}", page.name());
        }
    }
}

/// Whether a page's path, with or without arguments behind it, exists. Files of some crates are named without the folder.
fn names_a_file(span: &str) -> bool {
    let path = span.split(' ').next().unwrap();
    root().join(path).exists() || CRATES.iter().any(|src| root().join(src).join(path).exists())
}

#[test]
fn every_path_that_a_development_page_names_exists() {
    let mut seen = 0;
    for page in pages() {
        let is_path = |span: &&String| {
            Path::new(span).extension().is_some_and(|end| end == "rs") || TOP.iter().any(|top| span.starts_with(top))
        };
        for span in page.spans().iter().filter(is_path) {
            assert!(names_a_file(span), "{}: there is no {span}", page.name());
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} paths");
}

/// Crates of this project that a crate depends on.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("src").join(name).join("Cargo.toml")).unwrap();
    let section = manifest.split_once("\n[dependencies]\n").map_or("", |(_, rest)| rest);
    let section = section.split("\n[").next().unwrap();
    let names = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty() && root().join("src").join(name).exists()).map(str::to_owned).collect()
}

#[test]
fn the_arrows_in_architecture_md_are_the_dependencies_of_the_crates() {
    let page = document(Path::new("docs/development/architecture.md"));
    let arrows = page.text.lines().filter_map(|line| line.split_once("\u{2500}\u{2500}\u{25ba} "));
    // Other arrows lead from sockets to programs.
    let arrows = arrows.map(|(from, to)| (from.trim(), to)).filter(|(from, _)| root().join("src").join(from).exists());
    let drawn: BTreeMap<String, BTreeSet<String>> =
        arrows.map(|(from, to)| (from.to_owned(), to.split_whitespace().map(str::to_owned).collect())).collect();
    let crates =
        fs::read_dir(root().join("src")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let real = crates.map(|name| (name.clone(), dependencies(&name))).filter(|(_, below)| !below.is_empty());
    assert_eq!(drawn, real.collect());
}

#[test]
fn contributing_links_to_every_development_page() {
    let links = document(Path::new("CONTRIBUTING.md")).links();
    for page in pages() {
        assert!(links.contains(&page.name()), "CONTRIBUTING.md does not name {}", page.name());
    }
}
