//! The graph of a package's files: which imports which.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{Module, Path, read};

/// A package's files, by their paths from `src`, and what each imports.
#[derive(Debug)]
pub struct Graph {
    files: BTreeMap<String, BTreeSet<String>>,
    roots: Vec<String>,
}

/// A module of the package, under its path from the root.
#[derive(Debug)]
struct Entry {
    file: String,
    children: BTreeSet<String>,
    uses: Vec<(String, Path)>,
    paths: Vec<Path>,
}

/// Where a path leads.
enum Place {
    /// To what is defined in this module, or to the module itself.
    Module(Path),
    /// Out of the package.
    Elsewhere,
}

impl Graph {
    /// Reads all files. Modules are those that `lib.rs` or `main.rs` declares, and so on.
    pub fn new(sources: &BTreeMap<String, String>) -> Self {
        let mut files: BTreeMap<_, _> =
            sources.keys().map(|file| (file.clone(), BTreeSet::new())).collect();
        let roots = ["lib.rs", "main.rs"].map(str::to_owned);
        let roots: Vec<_> = roots.into_iter().filter(|root| sources.contains_key(root)).collect();
        for root in &roots {
            let mut modules = Modules::default();
            modules.add(root, &[], sources);
            for (from, to) in modules.imports() {
                files.entry(from).or_default().insert(to);
            }
        }
        Self { files, roots }
    }

    /// Each import: the file that has it, and the one that is imported.
    pub fn edges(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().flat_map(|(from, all)| all.iter().map(|to| (from.as_str(), to.as_str())))
    }

    /// Files that no other declares, except those of tests.
    pub fn unreachable(&self) -> Vec<&str> {
        let is_root = |file: &str| self.roots.iter().any(|root| root == file);
        let is_imported = |file: &str| self.edges().any(|(_, to)| to == file);
        let files = self.files.keys().map(String::as_str);
        let is_test = |file: &str| file.ends_with("tests.rs");
        files.filter(|file| !is_root(file) && !is_imported(file) && !is_test(file)).collect()
    }

    /// Cycles of imports, each from a file to itself: at least one through every file that is in
    /// any, short ones first.
    pub fn cycles(&self) -> Vec<Vec<&str>> {
        let cycles = self.files.keys().filter_map(|file| self.way_back(file));
        let mut cycles: Vec<_> = cycles.collect();
        cycles.sort_by_key(Vec::len);
        let mut covered = BTreeSet::new();
        cycles.retain(|cycle| {
            let is_new = cycle.iter().any(|file| !covered.contains(file));
            covered.extend(cycle.iter().copied());
            is_new
        });
        cycles
    }

    /// The shortest way along imports from a file to itself.
    fn way_back<'g>(&'g self, start: &'g str) -> Option<Vec<&'g str>> {
        let mut ways = vec![vec![start]];
        let mut seen = BTreeSet::new();
        while !ways.is_empty() {
            let mut longer = vec![];
            for way in ways {
                for next in &self.files[*way.last()?] {
                    let way = [&way[..], &[next.as_str()]].concat();
                    if next == start {
                        return Some(way);
                    }
                    if seen.insert(next.as_str()) {
                        longer.push(way);
                    }
                }
            }
            ways = longer;
        }
        None
    }
}

#[derive(Default)]
struct Modules(BTreeMap<Path, Entry>);

impl Modules {
    /// Adds the module of a file, and those that it declares.
    fn add(&mut self, file: &str, path: &[String], sources: &BTreeMap<String, String>) {
        for Module { inline, children, uses, paths } in read(&sources[file]) {
            let path = [path, &inline].concat();
            for child in &children {
                let child = with(&path, child);
                let name = child.join("/");
                let names = [format!("{name}.rs"), format!("{name}/mod.rs")];
                let found = names.iter().find(|name| sources.contains_key(*name));
                let found = found.unwrap_or_else(|| panic!("{file}: there is no file of {name}"));
                self.add(found, &child, sources);
            }
            if let Some((name, parent)) = inline.split_last().and(path.split_last()) {
                let parent = self.0.entry(parent.to_vec()).or_insert_with(|| Entry::of(file));
                parent.children.insert(name.clone());
            }
            let entry = self.0.entry(path).or_insert_with(|| Entry::of(file));
            entry.children.extend(children);
            entry.uses.extend(uses);
            entry.paths.extend(paths);
        }
    }

    /// Which file imports which; no file imports itself.
    fn imports(&self) -> BTreeSet<(String, String)> {
        let mut imports = BTreeSet::new();
        for (module, entry) in &self.0 {
            let children = entry.children.iter().map(|child| with(module, child));
            let paths = entry.uses.iter().map(|(_, path)| path).chain(&entry.paths);
            let paths = paths.filter_map(|path| match self.resolve(module, path, 0) {
                Place::Module(module) => Some(module),
                Place::Elsewhere => None,
            });
            for file in children.chain(paths).map(|module| &self.0[&module].file) {
                if *file != entry.file {
                    imports.insert((entry.file.clone(), file.clone()));
                }
            }
        }
        imports
    }

    /// Follows a path that stands in a module, through re-exports, to where its item is defined.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Place {
        let mut current = module.to_vec();
        let mut rest = path;
        match path.first().map(String::as_str) {
            Some("crate") => {
                current.clear();
                rest = &path[1..];
            }
            Some("self" | "super") => {
                while let Some((first, others)) = rest.split_first() {
                    match first.as_str() {
                        "self" => {}
                        "super" => drop(current.pop()),
                        _ => break,
                    }
                    rest = others;
                }
            }
            Some(first) => {
                // Another crate's, unless the module has the name.
                let entry = &self.0[module];
                let is_here = entry.children.contains(first)
                    || entry.uses.iter().any(|(name, path)| name == first && path[0] != *first);
                if !is_here {
                    return Place::Elsewhere;
                }
            }
            None => {}
        }
        while let Some((name, others)) = rest.split_first() {
            let entry = &self.0[&current];
            if entry.children.contains(name) {
                current.push(name.clone());
                rest = others;
                continue;
            }
            let reexport = entry.uses.iter().find(|(other, _)| other == name);
            // A name that is imported from itself would be followed for ever.
            if let Some((_, target)) = reexport.filter(|_| depth < 20) {
                return self.resolve(&current, &[&target[..], others].concat(), depth + 1);
            }
            break;
        }
        Place::Module(current)
    }
}

impl Entry {
    fn of(file: &str) -> Self {
        Self { file: file.to_owned(), children: BTreeSet::new(), uses: vec![], paths: vec![] }
    }
}

/// The path of a child.
fn with(module: &[String], child: &str) -> Path {
    let mut path = module.to_vec();
    path.push(child.to_owned());
    path
}
