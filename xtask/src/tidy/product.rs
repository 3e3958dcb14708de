//! The sources that a crate is made of, but those that are only for tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::tokens::{Token, product_tokens};
use crate::metadata::Member;

/// A module in a file of its own.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: PathBuf,
    /// Where it is in the crate, from the root on.
    pub(super) names: Vec<String>,
    pub(super) text: String,
}

/// The files that a crate may begin with, where it has them.
pub(super) fn roots(member: &Member) -> impl Iterator<Item = PathBuf> {
    let files = ["src/lib.rs", "src/main.rs"].map(|root| member.directory().join(root));
    files.into_iter().filter(|file| file.is_file())
}

/// The modules of a crate from its root file on, each before those that it declares.
pub(super) fn sources(root: &Path) -> Vec<Source> {
    let mut out = Vec::new();
    read(root, Vec::new(), root.parent().unwrap_or(root), &mut out);
    out
}

/// Reads a module from its file, and those that it declares from theirs below `directory`.
fn read(file: &Path, names: Vec<String>, directory: &Path, out: &mut Vec<Source>) {
    // The compiler says so if a file is missing.
    let Ok(text) = fs::read_to_string(file) else {
        return;
    };
    let below: Vec<String> = declared(&product_tokens(&text)).collect();
    let file = file.to_owned();
    out.push(Source {
        file,
        names: names.clone(),
        text,
    });
    for name in below {
        let own = directory.join(&name);
        let mut names = names.clone();
        names.push(name);
        let files: [PathBuf; 2] = [own.with_extension("rs"), own.join("mod.rs")];
        if let Some(file) = files.iter().find(|file| file.is_file()) {
            read(file, names, &own, out);
        }
    }
}

/// The names of the modules that have files of their own.
fn declared<'a>(tokens: &'a [Token<'a>]) -> impl Iterator<Item = String> + 'a {
    tokens.windows(3).filter_map(|window| match window {
        [Token::Word("mod"), Token::Word(name), Token::Sign(';')] => Some((*name).to_owned()),
        _ => None,
    })
}
