//! No circles between the modules of a crate.
//!
//! The rule: of modules that lie side by side, with all that is below them, each may name another
//! only if that one does not name it, on whatever detour. A module and those below it may name each
//! other, as it is composed of them and they share what it declares. What a module only passes on
//! with `use` counts as named where it is declared, so that a parent is no detour.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    Finding, product,
    tokens::{Token, product_tokens},
};
use crate::{metadata::Member, workspace};

pub(super) fn check(members: &[Member], findings: &mut Vec<Finding>) {
    for file in members.iter().flat_map(product::roots) {
        for circle in Tree::read(&file).circles() {
            findings.push(Finding::error(
                workspace::place(&file),
                format!("modules name each other in a circle: {circle}"),
            ));
        }
    }
}

/// The names of a path, from the root of the crate.
type Names = Vec<String>;

/// The modules of a crate by their paths.
#[derive(Debug, Default)]
struct Tree {
    modules: BTreeMap<Names, Module>,
}

/// What a module says of others.
#[derive(Debug, Default)]
struct Module {
    /// Names that `use` brings into scope, and what they stand for.
    imports: BTreeMap<String, Names>,
    /// All paths that begin in this crate.
    paths: Vec<Names>,
}

impl Tree {
    /// Reads a crate from its root file.
    fn read(root: &Path) -> Self {
        let mut tree = Self::default();
        for source in product::sources(root) {
            tree.read_source(&source.text, &source.names);
        }
        tree
    }

    fn read_source(&mut self, source: &str, names: &[String]) {
        let tokens = product_tokens(source);
        let mut module = Module::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let follows_path = at > 0 && tokens.get(at - 1) == Some(&Token::Path);
            let begins_here = matches!(token, Token::Word("crate" | "self" | "super"))
                && tokens.get(at + 1) == Some(&Token::Path)
                && !follows_path;
            // Not the `use<'a>` of a type.
            if *token == Token::Word("use") && tokens.get(at + 1) != Some(&Token::Sign('<')) {
                at += 1;
                let mut found = Vec::new();
                at += use_tree(&tokens[at..], &[], &mut found);
                for (path, alias) in found {
                    if let Some(path) = absolute(&path, names) {
                        module.paths.push(path.clone());
                        module.imports.insert(alias, path);
                    }
                }
            } else if begins_here {
                let mut path = Vec::new();
                while let Some(Token::Word(word)) = tokens.get(at) {
                    path.push((*word).to_owned());
                    at += 1;
                    if tokens.get(at) != Some(&Token::Path) {
                        break;
                    }
                    at += 1;
                }
                module.paths.extend(absolute(&path, names));
            } else {
                at += 1;
            }
        }
        self.modules.insert(names.to_vec(), module);
    }

    /// The module that declares what a path names, as far as this crate knows.
    fn declaring(&self, path: &[String]) -> Names {
        let mut path = path.to_vec();
        // A name that stands for itself would never end.
        for _ in 0..16 {
            let depth = (0..=path.len())
                .rev()
                .find(|&depth| self.modules.contains_key(&path[..depth]))
                .unwrap_or(0);
            let (module, rest) = path.split_at(depth);
            let import = rest
                .first()
                .and_then(|name| self.modules.get(module)?.imports.get(name));
            match import {
                Some(target) if *target != path => {
                    let after = rest.iter().skip(1).cloned();
                    path = target.iter().cloned().chain(after).collect();
                }
                _ => return module.to_vec(),
            }
        }
        Vec::new()
    }

    /// Each circle as a chain of modules, from the shortest path on.
    fn circles(&self) -> Vec<String> {
        // Below each module, which of its children name which others of them, and where.
        let mut arrows: BTreeMap<Names, BTreeMap<&str, BTreeMap<String, Names>>> = BTreeMap::new();
        for (from, module) in &self.modules {
            for path in &module.paths {
                let to = self.declaring(path);
                let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                if let (Some(one), Some(other)) = (from.get(shared), to.get(shared)) {
                    arrows
                        .entry(from[..shared].to_vec())
                        .or_default()
                        .entry(one)
                        .or_default()
                        .entry(other.clone())
                        .or_insert_with(|| from.clone());
                }
            }
        }
        let mut circles = Vec::new();
        for arrows in arrows.values() {
            let mut told: BTreeSet<&str> = BTreeSet::new();
            for start in arrows.keys() {
                if told.contains(start) {
                    continue;
                }
                if let Some(circle) = circle_from(start, arrows) {
                    told.extend(
                        arrows
                            .keys()
                            .filter(|name| circle.iter().any(|on| on == *name)),
                    );
                    circles.push(text(&circle, arrows));
                }
            }
        }
        circles
    }
}

/// The shortest way from a module back to itself.
fn circle_from(
    start: &str,
    arrows: &BTreeMap<&str, BTreeMap<String, Names>>,
) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().map_or(start, String::as_str);
            for next in arrows.get(last).into_iter().flat_map(BTreeMap::keys) {
                let mut way = way.clone();
                way.push(next.clone());
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

fn text(circle: &[String], arrows: &BTreeMap<&str, BTreeMap<String, Names>>) -> String {
    let steps = circle.windows(2).filter_map(|step| {
        let [from, to] = step else { return None };
        let source = arrows.get(from.as_str())?.get(to)?;
        Some(format!("{from} → {to} (in {})", source.join("::")))
    });
    steps.collect::<Vec<_>>().join(", ")
}

/// Reads a tree of `use` up to its end: each path with the name it has in scope. Returns the number
/// of tokens.
fn use_tree(tokens: &[Token<'_>], before: &[String], out: &mut Vec<(Names, String)>) -> usize {
    let mut path = before.to_vec();
    let mut alias = None;
    let mut at = 0;
    let mut is_group = false;
    let mut names_before = false;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Word("as") => {
                if let Some(Token::Word(name)) = tokens.get(at + 1) {
                    alias = Some((*name).to_owned());
                }
                at += 1;
            }
            // In a group it names the path before the group.
            Token::Word("self") if !path.is_empty() => names_before = true,
            Token::Word(name) => path.push((*name).to_owned()),
            Token::Sign('{') => {
                is_group = true;
                at += 1;
                loop {
                    at += use_tree(&tokens[at..], &path, out);
                    if tokens.get(at) != Some(&Token::Sign(',')) {
                        break;
                    }
                    at += 1;
                }
            }
            Token::Sign(',' | '}' | ';') => break,
            Token::Path | Token::Sign(_) => {}
        }
        at += 1;
    }
    // A comma may be the last of a group.
    if (names_before || path.len() > before.len())
        && !is_group
        && let Some(name) = alias.or_else(|| path.last().cloned())
    {
        out.push((path, name));
    }
    at
}

/// A path from the root of the crate; `None` if it may lead to another crate.
fn absolute(path: &[String], module: &[String]) -> Option<Names> {
    let (first, mut rest) = path.split_first()?;
    let mut base = match first.as_str() {
        "crate" => Vec::new(),
        "self" => module.to_vec(),
        "super" => module.split_last()?.1.to_vec(),
        // Of a child, or of another crate: the former is below, which may be named anyway. It is
        // still what a name stands for.
        _ => {
            rest = path;
            module.to_vec()
        }
    };
    while let Some(("super", after)) = rest
        .split_first()
        .map(|(name, after)| (name.as_str(), after))
    {
        base.pop();
        rest = after;
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(sources: &[(&str, &str)]) -> Vec<String> {
        let mut tree = Tree::default();
        for (names, source) in sources {
            let names = names.split("::").filter(|name| !name.is_empty());
            tree.read_source(source, &names.map(str::to_owned).collect::<Names>());
        }
        tree.circles()
    }

    #[test]
    fn modules_that_name_each_other_are_a_circle() {
        let found = circles(&[
            ("", "mod a; mod b;"),
            ("a", "use crate::b::B;"),
            ("b", "fn f() { crate::a::g(); }"),
        ]);
        assert_eq!(found, ["a → b (in a), b → a (in b)"]);
    }

    #[test]
    fn a_detour_is_a_circle_too() {
        let found = circles(&[
            ("", "mod a; mod b; mod c;"),
            ("a", "use super::{b::{B, X}, other};"),
            ("b::inner", "use crate::c;"),
            ("b", "mod inner;"),
            ("c", "use crate::a::A;"),
        ]);
        assert_eq!(found, ["a → b (in a), b → c (in b::inner), c → a (in c)"]);
    }

    #[test]
    fn a_name_that_a_parent_passes_on_is_that_of_who_declares_it() {
        let found = circles(&[
            ("", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("a", "use crate::B;"),
            ("b", "use super::A;"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn parents_and_children_may_name_each_other_and_tests_whom_they_like() {
        let found = circles(&[
            ("", "mod a; pub use a::A; struct Root;"),
            ("a", "mod inner; pub use inner::I; use crate::Root;"),
            ("a::inner", "use super::A; use crate::a::B; use std::a::X;"),
            ("b", "use crate::a::A;"),
            (
                "c",
                "#[cfg(test)] mod tests { use crate::b::B; } use crate::b::B;",
            ),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_use_tree_gives_each_path_with_its_name() {
        let tokens = product_tokens("a::{self, b::C as D, e::{F, G}};");
        let mut found = Vec::new();
        use_tree(&tokens, &[], &mut found);
        let found: Vec<String> = found
            .iter()
            .map(|(path, name)| format!("{} {name}", path.join("::")))
            .collect();
        assert_eq!(found, ["a a", "a::b::C D", "a::e::F F", "a::e::G G"]);
    }
}
