//! Imports between the files of a crate: each path is followed, through re-exports, to the file that defines the item.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{self, Binding, Files, Modules, Segments};

/// The items that one file uses of another: `(importing file, defining file)` → names of the items.
pub type Imports = BTreeMap<(String, String), BTreeSet<String>>;

/// All imports of a crate's libraries and programs.
pub fn imports(files: &Files) -> Imports {
    let mut imports = Imports::new();
    for root in source::roots(files) {
        let modules = source::modules(files, root);
        for (module, content) in &modules {
            for path in content.paths.iter().filter(|path| !path.is_empty()) {
                for target in Resolver::new(&modules).path(module, path) {
                    let Target::Item(definer, item) = target else { continue };
                    let ends = (content.file.clone(), modules[&definer].file.clone());
                    if ends.0 != ends.1 {
                        imports.entry(ends).or_default().insert(item);
                    }
                }
            }
        }
    }
    imports
}

/// One line for the imports of one file from another.
pub fn line(ends: &(String, String), items: &BTreeSet<String>) -> String {
    let items: Vec<_> = items.iter().map(String::as_str).collect();
    format!("{} → {} via {}", ends.0, ends.1, items.join(", "))
}

/// Referent of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Module(Segments),
    /// An item, by the module that defines it and its name there.
    Item(Segments, String),
}

struct Resolver<'a> {
    modules: &'a Modules,
    /// The names that are being looked up, to end imports that lead to themselves.
    seen: BTreeSet<(Segments, String)>,
}

impl<'a> Resolver<'a> {
    fn new(modules: &'a Modules) -> Self {
        Self { modules, seen: BTreeSet::new() }
    }

    /// Everything that a path means within a module: a name may be a module and a function. Nothing, for other crates.
    fn path(&mut self, module: &Segments, path: &[String]) -> BTreeSet<Target> {
        let mut start = module.clone();
        let mut rest = path;
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" => start.clear(),
                "self" => {}
                "super" => drop(start.pop()),
                _ => return self.below(&start, rest),
            }
            rest = after;
        }
        [Target::Module(start)].into()
    }

    fn below(&mut self, module: &Segments, path: &[String]) -> BTreeSet<Target> {
        let Some((name, rest)) = path.split_first() else { return [Target::Module(module.clone())].into() };
        let targets = self.name(module, name);
        if rest.is_empty() {
            return targets;
        }
        let modules = targets.iter().filter_map(|target| match target {
            Target::Module(module) => Some(module),
            Target::Item(..) => None,
        });
        let found: BTreeSet<Target> = modules.flat_map(|module| self.below(module, rest)).collect();
        // Otherwise it is something of the item: a variant of an enum, a function of a type.
        if found.is_empty() {
            targets.into_iter().filter(|target| matches!(target, Target::Item(..))).collect()
        } else {
            found
        }
    }

    fn name(&mut self, module: &Segments, name: &str) -> BTreeSet<Target> {
        let key = (module.clone(), name.to_owned());
        let Some(content) = self.modules.get(module) else { return BTreeSet::new() };
        if !self.seen.insert(key.clone()) {
            return BTreeSet::new();
        }
        let mut targets = BTreeSet::new();
        for binding in content.names.get(name).into_iter().flatten() {
            match binding {
                Binding::Item => drop(targets.insert(Target::Item(module.clone(), name.to_owned()))),
                Binding::Module => {
                    let child = module.iter().cloned().chain([name.to_owned()]).collect();
                    targets.insert(Target::Module(child));
                }
                Binding::Import(path) => targets.extend(self.path(module, path)),
            }
        }
        if targets.is_empty() {
            for glob in &content.globs {
                for target in self.path(module, glob) {
                    if let Target::Module(source) = target {
                        targets.extend(self.name(&source, name));
                    }
                }
            }
        }
        self.seen.remove(&key);
        targets
    }
}

/// The cycles: for each group of files that all reach one another, a line for each import within the group.
pub fn cycles(imports: &Imports) -> Vec<Vec<String>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in imports.keys() {
        next.entry(from).or_default().insert(to);
    }
    let reach = |start| {
        let (mut found, mut waiting) = (BTreeSet::new(), vec![start]);
        while let Some(file) = waiting.pop() {
            let further = next.get(file).into_iter().flatten();
            waiting.extend(further.copied().filter(|file| found.insert(*file)));
        }
        found
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|file| (*file, reach(*file))).collect();
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (ends, items) in imports {
        let group = |file: &&&str| {
            let joins = |a: &str, b: &str| reached.get(a).is_some_and(|files| files.contains(b));
            [&ends.0, &ends.1].iter().all(|end| joins(end, file) && joins(file, end))
        };
        if let Some(first) = reached.keys().find(group) {
            groups.entry(first).or_default().push(line(ends, items));
        }
    }
    groups.into_values().collect()
}
