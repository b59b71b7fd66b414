//! The modules of a crate, read from its source: the names that each defines and imports, and the paths it mentions.

use std::collections::BTreeMap;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The segments of a path: `crate::a::b` is `["crate", "a", "b"]`.
pub type Segments = Vec<String>;

/// The text of each file of a crate, by its path below `src`.
pub type Files = BTreeMap<String, String>;

/// Meaning of a name within one module.
#[derive(Debug)]
pub enum Binding {
    /// Defined in this module.
    Item,
    /// Declared by `mod`, in this module.
    Module,
    /// Imported by `use` from this path.
    Import(Segments),
}

/// One module, in a file of its own or inline.
#[derive(Debug, Default)]
pub struct Module {
    pub file: String,
    pub names: BTreeMap<String, Vec<Binding>>,
    pub globs: Vec<Segments>,
    /// Every path in the module's code, including those of its `use` declarations.
    pub paths: Vec<Segments>,
}

/// The modules of one program or library, by their path from its root, which is the empty path.
pub type Modules = BTreeMap<Segments, Module>;

/// Reads the files of a crate.
pub fn read(src: &Path) -> Files {
    let mut files = Files::new();
    let mut directories = vec![src.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read_to_string(path).unwrap());
            }
        }
    }
    files
}

/// The files that begin a library or a program.
pub fn roots(files: &Files) -> Vec<&str> {
    let is_root = |name: &&str| match name.strip_prefix("bin/") {
        Some(program) => !program.contains('/') || program.ends_with("/main.rs") && program.matches('/').count() == 1,
        None => ["lib.rs", "main.rs"].contains(name),
    };
    files.keys().map(String::as_str).filter(is_root).collect()
}

/// Parses the library or program that begins with the file `root`. Code for tests alone is left out.
pub fn modules(files: &Files, root: &str) -> Modules {
    let mut reader = Reader { files, modules: Modules::new() };
    let directory = root.rsplit_once('/').map_or("", |(directory, _)| directory);
    reader.file(root, directory, &[]);
    reader.modules
}

struct Reader<'a> {
    files: &'a Files,
    modules: Modules,
}

impl Reader<'_> {
    /// Adds the module that is this file, and those below it.
    fn file(&mut self, file: &str, directory: &str, path: &[String]) {
        let parsed = syn::parse_file(&self.files[file]).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.module(file, directory, path, &parsed.items);
    }

    fn module(&mut self, file: &str, directory: &str, path: &[String], items: &[syn::Item]) {
        let mut collector = Collector { module: Module { file: file.into(), ..Module::default() }, below: Vec::new() };
        for item in items {
            collector.visit_item(item);
        }
        self.modules.insert(path.to_vec(), collector.module);
        for below in collector.below {
            let name = below.ident.to_string();
            let child = [path, std::slice::from_ref(&name)].concat();
            let directory = join(directory, &name);
            if let Some((_, items)) = &below.content {
                self.module(file, &directory, &child, items);
            } else if name != "tests" {
                let candidates = [format!("{directory}.rs"), format!("{directory}/mod.rs")];
                let found = candidates.iter().find(|name| self.files.contains_key(*name));
                let found = found.unwrap_or_else(|| panic!("{file}: none of {candidates:?} exists"));
                self.file(found, &directory, &child);
            }
        }
    }
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// The name that an item defines, other than a module's.
fn defined(item: &syn::Item) -> Option<String> {
    let ident = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::TraitAlias(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

/// Collects the names and the paths of one module. Modules within it are left for later.
struct Collector {
    module: Module,
    below: Vec<syn::ItemMod>,
}

impl Collector {
    fn bind(&mut self, name: String, binding: Binding) {
        self.module.names.entry(name).or_default().push(binding);
    }

    fn import(&mut self, mut prefix: Segments, tree: &syn::UseTree) {
        let (ident, name) = match tree {
            syn::UseTree::Path(tree) => {
                prefix.push(tree.ident.to_string());
                return self.import(prefix, &tree.tree);
            }
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(prefix.clone(), tree));
            }
            syn::UseTree::Glob(_) => return self.module.globs.push(prefix),
            syn::UseTree::Name(tree) => (&tree.ident, &tree.ident),
            syn::UseTree::Rename(tree) => (&tree.ident, &tree.rename),
        };
        let mut name = name.to_string();
        if ident != "self" || prefix.is_empty() {
            prefix.push(ident.to_string());
        } else if name == "self" {
            name.clone_from(prefix.last().unwrap());
        }
        self.module.paths.push(prefix.clone());
        if name != "_" {
            self.bind(name, Binding::Import(prefix));
        }
    }

    /// Collects the paths among the tokens of a macro or an attribute, which nothing parses any further.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path = Segments::new();
        let mut separators = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => separators += 1,
                TokenTree::Ident(ident) => {
                    if separators != 2 {
                        self.module.paths.push(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    separators = 0;
                }
                other => {
                    self.module.paths.push(std::mem::take(&mut path));
                    separators = 0;
                    if let TokenTree::Group(group) = other {
                        self.scan(group.stream());
                    } else if let TokenTree::Literal(literal) = other {
                        self.quoted(&literal.to_string());
                    }
                }
            }
        }
        self.module.paths.push(path);
    }

    /// Collects a path that is written as a string, as in `#[serde(with = "crate::module")]`.
    fn quoted(&mut self, literal: &str) {
        let path = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let path = path.and_then(|text| syn::parse_str::<syn::Path>(text).ok());
        if let Some(path) = path.filter(|path| path.segments.len() > 1) {
            self.visit_path(&path);
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if for_tests(attributes(item)) {
            return;
        }
        match item {
            syn::Item::Mod(module) => {
                self.bind(module.ident.to_string(), Binding::Module);
                self.below.push(module.clone());
            }
            syn::Item::Use(import) if import.leading_colon.is_none() => self.import(Vec::new(), &import.tree),
            syn::Item::Use(_) => {}
            _ => {
                if let Some(name) = defined(item) {
                    self.bind(name, Binding::Item);
                }
                visit::visit_item(self, item);
            }
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.module.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.visit_path(&invocation.path);
        self.scan(invocation.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.scan(list.tokens.clone());
        }
    }

    /// `pub(in crate::module)` uses nothing of that module.
    fn visit_visibility(&mut self, _visibility: &'ast syn::Visibility) {}
}

fn for_tests(attributes: &[syn::Attribute]) -> bool {
    let is_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|flag| flag == "test")
    };
    attributes.iter().any(is_test)
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
