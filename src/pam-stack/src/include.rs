//! A service's stack, with everything that it includes.

use std::path::{Path, PathBuf};

use super::Kind;
use super::control::Control;
use super::line::{Says, lines};

/// How deep libpam follows files that include each other.
const DEEPEST: usize = 16;

/// The directories of stacks; the administrator's comes first.
pub const DIRECTORIES: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];

/// Where files come from; a test has its own.
pub type Files<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// A module in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// As the stack writes it.
    pub module: String,
    pub arguments: Vec<String>,
}

impl Module {
    /// Its file's name without directory and ending.
    pub fn name(&self) -> &str {
        let file = self.module.rsplit('/').next().unwrap_or_default();
        file.strip_suffix(".so").unwrap_or(file)
    }
}

/// A step of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How many substacks it is in.
    pub level: usize,
    pub what: What,
    /// The file and the line that it comes from.
    pub file: PathBuf,
    pub line: usize,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A module, and what becomes of its answers.
    Ask(Box<Control>, Module),
    /// The head of a substack, whose steps follow one level deeper. It is what a jump counts.
    Substack,
    /// What libpam does not understand, and so takes for a failure.
    Broken(String),
}

impl Step {
    /// The module that is asked, if one is.
    pub fn module(&self) -> Option<&Module> {
        match &self.what {
            What::Ask(_, module) => Some(module),
            _ => None,
        }
    }

    /// Whether it asks this module.
    pub fn asks(&self, name: &str) -> bool {
        self.module().is_some_and(|module| module.name() == name)
    }
}

/// The steps of one kind for a service. A service without any has those of `other`.
pub fn stack(service: &str, kind: Kind, files: Files) -> Vec<Step> {
    let mut steps = Vec::new();
    read(service, kind, 0, 0, files, &mut steps);
    if steps.is_empty() {
        read("other", kind, 0, 0, files, &mut steps);
    }
    steps
}

/// Reads a file's steps; false when there is no such file.
fn read(name: &str, kind: Kind, level: usize, depth: usize, files: Files, steps: &mut Vec<Step>) -> bool {
    let places = DIRECTORIES.map(|directory| Path::new(directory).join(name));
    let Some((file, text)) = places.into_iter().find_map(|file| files(&file).map(|text| (file, text))) else {
        return false;
    };
    for line in lines(&text).into_iter().filter(|line| line.kind.is_none_or(|of| of == kind)) {
        let step = |what| Step { level, what, file: file.clone(), line: line.number };
        let within = depth < DEEPEST;
        match line.says {
            Says::Module { control, module, arguments } => {
                steps.push(step(What::Ask(control, Module { module, arguments })));
            }
            Says::Broken(why) => steps.push(step(What::Broken(why))),
            Says::Include(other) => {
                if !within || !read(&other, kind, level, depth + 1, files, steps) {
                    steps.push(step(What::Broken(format!("{other} cannot be included"))));
                }
            }
            Says::Substack(other) => {
                steps.push(step(What::Substack));
                if !within || !read(&other, kind, level + 1, depth + 1, files, steps) {
                    steps.push(step(What::Broken(format!("{other} cannot be included"))));
                }
            }
        }
    }
    true
}
