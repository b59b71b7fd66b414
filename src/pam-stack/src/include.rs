//! A service's stack, with everything that it includes.

use std::path::{Path, PathBuf};

use super::control::Control;
use super::kind::Kind;
use super::line::{Broken, Directive, lines};

/// Depth to which libpam follows files that include others.
const DEEPEST: usize = 16;

/// Directories of stacks. A file in the first, the administrator's, replaces one in the second.
pub const DIRECTORIES: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];

/// Reads a file; `None` if there is none.
pub type Files<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// A module in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its path or file name, as in the stack.
    pub module: String,
    /// Its arguments, as in the stack.
    pub arguments: Vec<String>,
}

impl Module {
    /// Its file name without directory and `.so`.
    #[must_use]
    pub fn name(&self) -> &str {
        let file = self.module.rsplit('/').next().unwrap_or_default();
        file.strip_suffix(".so").unwrap_or(file)
    }
}

/// A step of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Number of substacks around it.
    pub level: usize,
    /// A module, the head of a substack, or a broken line.
    pub content: Content,
    /// The file that it is in.
    pub file: PathBuf,
    /// Its line in the file, from one.
    pub line: usize,
}

/// Content of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A module, and the actions for its return codes.
    Module(Box<Control>, Module),
    /// Head of a substack, whose steps follow one level deeper. A jump counts the head alone.
    Substack,
    /// A line that libpam does not understand: a failure.
    Broken(Broken),
}

impl Step {
    /// The module, if it is one.
    #[must_use]
    pub fn module(&self) -> Option<&Module> {
        match &self.content {
            Content::Module(_, module) => Some(module),
            _ => None,
        }
    }

    /// Is it the module of this name?
    #[must_use]
    pub fn asks(&self, name: &str) -> bool {
        self.module().is_some_and(|module| module.name() == name)
    }
}

/// Steps of one kind for a service. A service without any has those of `other`.
#[must_use]
pub fn stack(service: &str, kind: Kind, files: Files) -> Vec<Step> {
    let mut steps = Vec::new();
    read(service, kind, 0, 0, files, &mut steps);
    if steps.is_empty() {
        read("other", kind, 0, 0, files, &mut steps);
    }
    steps
}

/// Reads the steps of a file, and of the files that it includes. Returns false if there is no such file.
fn read(name: &str, kind: Kind, level: usize, depth: usize, files: Files, steps: &mut Vec<Step>) -> bool {
    let places = DIRECTORIES.map(|directory| Path::new(directory).join(name));
    let Some((file, text)) = places.into_iter().find_map(|file| files(&file).map(|text| (file, text))) else {
        return false;
    };
    for line in lines(&text).into_iter().filter(|line| line.kind.is_none_or(|of| of == kind)) {
        let step = |content| Step { level, content, file: file.clone(), line: line.number };
        let within = depth < DEEPEST;
        match line.directive {
            Directive::Module { control, module, arguments } => {
                steps.push(step(Content::Module(control, Module { module, arguments })));
            }
            Directive::Broken(why) => steps.push(step(Content::Broken(why))),
            Directive::Include(other) => {
                if !within || !read(&other, kind, level, depth + 1, files, steps) {
                    steps.push(step(Content::Broken(Broken::Include(other))));
                }
            }
            Directive::Substack(other) => {
                steps.push(step(Content::Substack));
                if !within || !read(&other, kind, level + 1, depth + 1, files, steps) {
                    steps.push(step(Content::Broken(Broken::Include(other))));
                }
            }
        }
    }
    true
}
