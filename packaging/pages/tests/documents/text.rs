//! Parser for the Markdown pages.

use std::fs;
use std::path::{Path, PathBuf};

/// Root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A page.
pub struct Document {
    /// Path relative to the root of the checkout.
    pub path: PathBuf,
    pub text: String,
}

/// Kind of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Prose,
    /// In a block of `sh`: a command to run.
    Command,
    /// In any other block: something to read.
    Shown,
}

impl Document {
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Every line with its kind, without fences.
    pub fn lines(&self) -> Vec<(Kind, &str)> {
        let mut block = None;
        let mut lines = Vec::new();
        for line in self.text.lines() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                let kind = if language == "sh" { Kind::Command } else { Kind::Shown };
                block = if block.is_some() { None } else { Some(kind) };
            } else {
                lines.push((block.unwrap_or(Kind::Prose), line));
            }
        }
        lines
    }

    /// Code spans.
    pub fn spans(&self) -> Vec<String> {
        let prose: Vec<&str> =
            self.lines().iter().filter(|(kind, _)| *kind == Kind::Prose).map(|(_, line)| *line).collect();
        prose.join("\n").split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
    }

    /// Link targets.
    pub fn links(&self) -> Vec<String> {
        let mut links = Vec::new();
        for (_, line) in self.lines().iter().filter(|(kind, _)| *kind == Kind::Prose) {
            let outside: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
            let targets = outside.split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned());
            links.extend(targets);
        }
        links
    }

    /// Anchors of the headings.
    pub fn anchors(&self) -> Vec<String> {
        let prose = self.lines().into_iter().filter(|(kind, _)| *kind == Kind::Prose);
        let headings = prose
            .filter_map(|(_, line)| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
        let kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
        headings
            .map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-"))
            .collect()
    }
}

/// Reads a page.
pub fn document(path: &Path) -> Document {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Document { path: path.to_owned(), text }
}

/// All pages, at the top level and below docs.
pub fn documents() -> Vec<Document> {
    let mut directories = vec![PathBuf::new()];
    directories.extend(["docs", "docs/how-to", "docs/reference", "docs/explanation"].map(PathBuf::from));
    let mut paths = Vec::new();
    for directory in directories {
        let entries = fs::read_dir(root().join(&directory)).unwrap().map(|entry| entry.unwrap().file_name());
        paths.extend(
            entries.map(|name| directory.join(name)).filter(|path| path.extension().is_some_and(|end| end == "md")),
        );
    }
    paths.sort();
    assert!(paths.len() > 20, "{paths:?}");
    paths.iter().map(|path| document(path)).collect()
}
