//! Documents lead to what is there: links, anchors, and paths of files.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use crate::paths::{path, read, root};

/// What packages are made of: their READMEs are read where the repository is not.
const PACKAGE_READMES: [&str; 5] = [
    "src/README.md",
    "testing/README.md",
    "conformance/README.md",
    "server/README.md",
    "cli/README.md",
];

/// Folders that are named although nothing has to be in them yet.
const MADE_LATER: [&str; 3] = ["fuzz/corpus", "fuzz/artifacts", "fuzz/coverage"];

/// All documents of the repository, by their path from its top.
fn documents() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            if path.is_dir() && !path.is_symlink() {
                // Built or fetched, and nothing of ours.
                if !["target", "node_modules", ".git"].contains(&name) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let path = path.strip_prefix(root()).expect("below the top");
                found.push(path.to_str().expect("text").to_owned());
            }
        }
    }
    found.sort();
    assert!(found.len() > 20, "only {found:?}");
    found
}

/// The lines of a document, those in fences left out.
fn prose(document: &str) -> Vec<String> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in read(document).lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push(line.to_owned());
        }
    }
    assert!(!fenced, "{document}: a fence has no end");
    lines
}

/// Splits a line at backticks; every second part is code.
fn parts(line: &str) -> impl Iterator<Item = (bool, &str)> {
    line.split('`').enumerate().map(|(index, part)| (index % 2 == 1, part))
}

/// The targets of the links in a line. A title after the target, and links by reference, are not
/// used here.
fn links(line: &str) -> Vec<&str> {
    let ends = line.match_indices("](").map(|(at, _)| &line[at + 2..]);
    let mut links: Vec<_> = ends.filter_map(|rest| Some(rest.split_once(')')?.0)).collect();
    for attribute in ["src=\"", "href=\""] {
        let values = line.match_indices(attribute).map(|(at, _)| &line[at + attribute.len()..]);
        links.extend(values.filter_map(|rest| Some(rest.split_once('"')?.0)));
    }
    links
}

fn is_elsewhere(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://") || link.starts_with("mailto:")
}

/// What a heading's anchor is: `## The "law", *split*` is `the-law-split`, and a second one
/// `the-law-split-1`.
fn anchors(document: &str) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let headings = prose(document).into_iter().filter_map(|line| {
        let text = line.trim_start_matches('#');
        (text.len() < line.len() && text.starts_with(' ')).then(|| text.trim().to_owned())
    });
    headings
        .map(|heading| {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let anchor = kept.collect::<String>().to_lowercase().replace(' ', "-");
            let count = seen.entry(anchor.clone()).or_insert(0);
            *count += 1;
            if *count == 1 { anchor } else { format!("{anchor}-{}", *count - 1) }
        })
        .collect()
}

/// `docs/load.md` and `../spec/simple.md` are `spec/simple.md`; nothing for what is outside.
fn resolve(document: &str, link: &str) -> Option<String> {
    let mut parts: Vec<_> = document.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What is wrong with a link.
fn broken(document: &str, link: &str, known: &mut HashMap<String, Vec<String>>) -> Option<String> {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { Some(document.to_owned()) } else { resolve(document, file) };
    let Some(target) = target.filter(|target| path(target).exists()) else {
        return Some(format!("{document}: there is no {file}"));
    };
    if anchor.is_empty() {
        return None;
    }
    if Path::new(&target).extension().is_none_or(|extension| extension != "md") {
        return Some(format!("{document}: {link} has an anchor, and is no document"));
    }
    let headings = known.entry(target.clone()).or_insert_with(|| anchors(&target));
    let found = headings.iter().any(|heading| heading == anchor);
    (!found).then(|| format!("{document}: {target} has no heading for #{anchor}"))
}

#[test]
fn links_and_anchors_resolve() {
    let (mut known, mut count, mut wrong) = (HashMap::new(), 0, Vec::new());
    for document in documents() {
        for line in prose(&document) {
            for link in links(&line).into_iter().filter(|link| !is_elsewhere(link)) {
                count += 1;
                wrong.extend(broken(&document, link, &mut known));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 60, "only {count} links");
}

/// A path is what begins with a folder at the top, such as `src/lib.rs`, or is a file there.
#[test]
fn paths_in_documents_exist() {
    let mut tops = Vec::new();
    for entry in fs::read_dir(root()).expect("the top") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("text");
        if entry.path().is_dir() && name != "target" {
            tops.push(format!("{name}/"));
        }
    }
    let (mut count, mut wrong) = (0, Vec::new());
    for document in documents() {
        for line in prose(&document) {
            for (_, code) in parts(&line).filter(|(is_code, _)| *is_code) {
                // A command may have paths, too; `src/a.rs:17` is a place in one.
                for word in code.split([' ', ':', ',', '=', '\'', '"', '(', ')']) {
                    let is_path = tops.iter().any(|top| word.starts_with(top.as_str()));
                    // `corpus/<target>/`, `src/*.rs` and `src/…` stand for many.
                    if !is_path || word.contains(['<', '>', '*', '{', '}', '…', '$', '|']) {
                        continue;
                    }
                    let word = word.trim_end_matches(['/', '.', ';']);
                    count += 1;
                    if !path(word).exists() && !MADE_LATER.contains(&word) {
                        wrong.push(format!("{document}: there is no `{word}`"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 60, "only {count} paths");
}

/// A registry shows them without the repository around them.
#[test]
fn packages_have_readmes_without_relative_links() {
    for readme in PACKAGE_READMES {
        for line in prose(readme) {
            let relative = links(&line).into_iter().find(|link| !is_elsewhere(link));
            assert_eq!(relative, None, "{readme}");
        }
    }
}

#[test]
fn anchors_are_made_of_headings() {
    let found = anchors("README.md");
    assert!(found.iter().any(|anchor| anchor == "how-it-works"), "{found:?}");
    let mut known = HashMap::new();
    let mut broken = |link| broken("docs/load.md", link, &mut known);
    assert_eq!(broken("../README.md#how-it-works"), None);
    assert!(broken("../README.md#how-it-fails").is_some());
    assert!(broken("README.md").is_some());
    assert!(broken("../../../etc/passwd").is_some());
    assert!(broken("#no-such-heading").is_some());
}
