//! What a source file declares and imports, read from its tokens.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path, as its segments: `crate::a::B`, `super::C`, `std::fmt`.
pub type Path = Vec<String>;

/// What one module says. Inline modules (`mod a { … }`) are separate entries of the same file; those
/// for tests are left out.
#[derive(Debug, Default)]
pub struct Module {
    /// Where it is inside its file: empty, or the names of inline modules.
    pub inline: Path,
    /// The names in `mod name;`.
    pub children: Vec<String>,
    /// The name that each `use` brings, and its path; the name is `*` for all that a module has.
    pub uses: Vec<(String, Path)>,
    /// Other paths that begin with `crate`, `self` or `super`.
    pub paths: Vec<Path>,
}

/// Reads a file. Its modules are in the order in which they end; the file's own is the last.
pub fn read(text: &str) -> Vec<Module> {
    let tokens: TokenStream = text.parse().expect("the file is Rust");
    let mut modules = vec![];
    read_module(tokens, vec![], &mut modules);
    modules
}

fn read_module(tokens: TokenStream, inline: Path, modules: &mut Vec<Module>) {
    let mut module = Module { inline, ..Module::default() };
    scan(tokens, &mut module, modules);
    modules.push(module);
}

/// Scans a sequence of tokens, and the groups in it.
fn scan(tokens: TokenStream, module: &mut Module, modules: &mut Vec<Module>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            _ if is_test_attribute(&tokens, at) => end_of_item(&tokens, at + 2),
            // A doc comment, or another attribute.
            TokenTree::Punct(punct) if punct.as_char() == '#' => at + 1,
            TokenTree::Ident(ident) if ident == "mod" => {
                if let (Some(TokenTree::Ident(name)), Some(body)) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    match body {
                        TokenTree::Group(body) => {
                            let inline = [&module.inline[..], &[name.to_string()]].concat();
                            read_module(body.stream(), inline, modules);
                        }
                        _ => module.children.push(name.to_string()),
                    }
                }
                at + 3
            }
            // Not `impl Trait + use<>`.
            TokenTree::Ident(ident) if ident == "use" && !is_punct(tokens.get(at + 1), '<') => {
                let end = end_of_item(&tokens, at);
                use_tree(&tokens[at + 1..end], &[], &mut module.uses);
                end
            }
            TokenTree::Ident(ident) if ident == "crate" || ident == "self" || ident == "super" => {
                let (path, end) = path(&tokens, at);
                if path.len() > 1 {
                    module.paths.push(path);
                }
                end
            }
            TokenTree::Group(group) => {
                scan(group.stream(), module, modules);
                at + 1
            }
            _ => at + 1,
        };
    }
}

/// Whether `#[cfg(test)]`, or the like, begins here.
fn is_test_attribute(tokens: &[TokenTree], at: usize) -> bool {
    let Some(TokenTree::Group(group)) = tokens.get(at + 1) else { return false };
    let text = group.stream().to_string().replace(' ', "");
    is_punct(tokens.get(at), '#')
        && group.delimiter() == Delimiter::Bracket
        && (text.starts_with("cfg(test") || text.starts_with("cfg(all(test"))
}

/// The place after the item that begins here: after its semicolon or its block.
fn end_of_item(tokens: &[TokenTree], start: usize) -> usize {
    let is_use = matches!(&tokens.get(start), Some(TokenTree::Ident(ident)) if ident == "use");
    let ends = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !is_use,
        _ => false,
    };
    let length = tokens[start..].iter().position(ends);
    length.map_or(tokens.len(), |length| start + length + 1)
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// The path that begins here, and the place after it.
fn path(tokens: &[TokenTree], start: usize) -> (Path, usize) {
    let mut path = vec![];
    let mut at = start;
    while let Some(TokenTree::Ident(ident)) = tokens.get(at) {
        path.push(ident.to_string());
        at += 1;
        if !(is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')) {
            break;
        }
        at += 2;
    }
    (path, at)
}

/// Adds the names of a `use`: `a::b`, `a::{b, c::*}`, `a as b`.
fn use_tree(tokens: &[TokenTree], prefix: &[String], uses: &mut Vec<(String, Path)>) {
    // A leading `::` is before the name of an external crate.
    let start = tokens.iter().take_while(|token| is_punct(Some(token), ':')).count();
    let (path, end) = path(tokens, start);
    let mut path = [prefix, &path].concat();
    match tokens.get(end) {
        Some(TokenTree::Group(group)) => {
            let tokens: Vec<_> = group.stream().into_iter().collect();
            for part in tokens.split(|token| is_punct(Some(token), ',')) {
                if !part.is_empty() {
                    use_tree(part, &path, uses);
                }
            }
        }
        Some(TokenTree::Punct(punct)) if punct.as_char() == '*' => uses.push(("*".into(), path)),
        next => {
            // `a::{self}` is `a`.
            if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
                path.pop();
            }
            let mut name = path.last().cloned().unwrap_or_default();
            if let (Some(TokenTree::Ident(word)), Some(TokenTree::Ident(other))) =
                (next, tokens.get(end + 1))
                && word == "as"
            {
                name = other.to_string();
            }
            uses.push((name, path));
        }
    }
}
