//! The data of one program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;

use super::cell::Column;
use crate::checkout;

/// How to install, set up and log in to a program, what is expected, and why another result is one that we accept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Short name: a part of its accounts' names, and of its scripts' file names.
    pub key: String,
    /// Name in the table.
    pub name: String,
    /// Debian packages that a clean server lacks.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Debian package whose version is in the table.
    pub version: String,
    /// Debian releases that have it.
    #[serde(default = "every_suite")]
    pub suites: Vec<String>,
    /// Programs whose packages conflict are on machines of different names.
    #[serde(default = "usual_machine")]
    pub machine: String,
    /// Releases on which `make test` runs it too.
    #[serde(default)]
    pub tested: Vec<String>,
    /// User of a program that is not root: an entry of `trusted_callers`.
    pub trusted: Option<String>,
    /// Prompts that it can show: 2, 1, or 0 if it never has a password.
    pub prompts: u8,
    /// Shell, run once as root, before the commands of the pages.
    #[serde(default)]
    pub setup: String,
    /// Pages of the documentation, each with a heading: the commands that readers follow. `make test` must run them.
    #[serde(default)]
    pub pages: Vec<(String, String)>,
    /// Shell, run once as root, after the commands of the pages.
    #[serde(default)]
    pub finish: String,
    /// Shell, run for each login as root: succeeds if the user is in, fails with 1 if the program refuses the user, and
    /// with anything else if neither is clear.
    pub attempt: String,
    /// Columns that it cannot try.
    #[serde(default)]
    pub without: Vec<Column>,
    /// What reaches plex-authd: the service, the kind of remote host and the caller's user.
    pub arrives: String,
    /// Cells that are right with another content than the usual one.
    #[serde(default)]
    pub expected: BTreeMap<Column, String>,
    /// A sentence for each cell that is not as expected.
    #[serde(default)]
    pub explained: BTreeMap<Column, String>,
}

fn every_suite() -> Vec<String> {
    ["bookworm", "trixie"].map(str::to_owned).into()
}

fn usual_machine() -> String {
    "programs".to_owned()
}

impl Program {
    /// True if this column is tried.
    #[must_use]
    pub fn tries(&self, column: Column) -> bool {
        let prompts = match column {
            Column::OnePrompt => 1,
            Column::TwoPrompts => 2,
            _ => 0,
        };
        self.prompts >= prompts && !self.without.contains(&column)
    }

    /// Content of a cell that is right.
    #[must_use]
    pub fn expected(&self, column: Column) -> &str {
        if !self.tries(column) {
            return "–";
        }
        if let Some(text) = self.expected.get(&column) {
            return text;
        }
        match (column, &self.trusted) {
            (Column::Right | Column::TwoPrompts, _) | (Column::Local, None) => "in",
            (Column::OnePrompt, _) | (Column::Stopped | Column::Silent, None) => "out, in",
            // A program that is not root cannot verify local passwords.
            (Column::Stopped | Column::Silent, Some(_)) => "out, out",
            (Column::Removed, _) => "in, out",
            (Column::Wrong | Column::NoAccess | Column::Local, _) => "out",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    program: Vec<Program>,
}

/// Debian packages that these programs need.
#[must_use]
pub fn packages<'a>(programs: &[&'a Program]) -> Vec<&'a str> {
    let all: BTreeSet<&str> = programs.iter().flat_map(|program| &program.packages).map(String::as_str).collect();
    all.into_iter().collect()
}

/// All programs, in the order of their files' names.
#[must_use]
pub fn programs() -> Vec<Program> {
    let directory = checkout().join("tests/e2e/programs");
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        toml::from_str::<Group>(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())).program
    };
    files.iter().flat_map(read).collect()
}
