//! One name, one thing: no type is called like another that a reader may meet beside it.
//!
//! The rule: within a crate no two types have one name. What a crate gives out is called like
//! nothing that another crate gives out, and what it keeps to itself like nothing that a crate it
//! uses gives out. Associated types are not meant: their names are those of their traits. Nor are
//! types of tests.

use std::collections::BTreeMap;

use super::{
    Finding, product,
    tokens::{Token, product_tokens},
};
use crate::{
    metadata::{DependencyKind, Member},
    workspace,
};

/// Of one shape in both parsers on purpose, as neither may use the other.
const ALIKE: &[&str] = &["ParseError", "ParseErrorKind"];

pub(super) fn check(members: &[Member], findings: &mut Vec<Finding>) {
    let crates: Vec<Crate> = members.iter().map(Crate::read).collect();
    check_crates(&crates, findings);
}

/// The types of a crate.
struct Crate {
    name: String,
    /// What it depends on, beside its tests.
    uses: Vec<String>,
    types: Vec<Type>,
}

/// A type, trait or alias where it is declared.
#[derive(Debug, PartialEq)]
struct Type {
    name: String,
    public: bool,
    place: String,
}

impl Crate {
    fn read(member: &Member) -> Self {
        let dependencies = member.dependencies.iter();
        let used = dependencies.filter(|dependency| dependency.kind == DependencyKind::Normal);
        let sources = product::roots(member).flat_map(|root| product::sources(&root));
        Self {
            name: member.name.clone(),
            uses: used.map(|dependency| dependency.name.clone()).collect(),
            types: sources
                .flat_map(|source| types(&source.text, &workspace::place(&source.file)))
                .collect(),
        }
    }
}

/// The types that a source declares, in their order.
fn types(source: &str, place: &str) -> Vec<Type> {
    let tokens = product_tokens(source);
    let mut types = Vec::new();
    // For each open brace, whether types in it are associated.
    let mut blocks = Vec::new();
    let mut of_trait = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Word("impl" | "trait") => of_trait = true,
            Token::Sign(';') => of_trait = false,
            Token::Sign('{') => blocks.push(std::mem::take(&mut of_trait)),
            Token::Sign('}') => {
                blocks.pop();
            }
            _ => {}
        }
        let (Token::Word(word @ ("struct" | "enum" | "trait" | "type")), Some(Token::Word(name))) =
            (token, tokens.get(at + 1))
        else {
            continue;
        };
        if *word == "type" && blocks.last() == Some(&true) {
            continue;
        }
        types.push(Type {
            name: (*name).to_owned(),
            public: at > 0 && tokens[at - 1] == Token::Word("pub"),
            place: place.to_owned(),
        });
    }
    types
}

fn check_crates(crates: &[Crate], findings: &mut Vec<Finding>) {
    let mut given_out: BTreeMap<&str, Vec<(&Crate, &Type)>> = BTreeMap::new();
    for owner in crates {
        for public in owner.types.iter().filter(|found| found.public) {
            given_out
                .entry(&public.name)
                .or_default()
                .push((owner, public));
        }
    }
    for one in crates {
        let mut own: BTreeMap<&str, &Type> = BTreeMap::new();
        for found in &one.types {
            let Type { name, place, .. } = found;
            if let Some(first) = own.insert(name, found) {
                let message = format!("{name} is also what {} declares", first.place);
                findings.push(Finding::error(place, message));
            }
            let same = given_out.get(name.as_str()).into_iter().flatten();
            for (other, public) in same.filter(|(other, _)| other.name != one.name) {
                let clashes = if found.public {
                    !ALIKE.contains(&name.as_str())
                } else {
                    one.uses.contains(&other.name)
                };
                if clashes {
                    let message = format!("{name} is also what {} gives out", public.place);
                    findings.push(Finding::error(place, message));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Crates with their dependencies and source.
    fn findings(crates: &[(&str, &[&str], &str)]) -> Vec<String> {
        let crates = crates.iter().map(|(name, uses, source)| Crate {
            name: (*name).to_owned(),
            uses: uses.iter().map(|&name| name.to_owned()).collect(),
            types: types(source, name),
        });
        let mut findings = Vec::new();
        check_crates(&crates.collect::<Vec<_>>(), &mut findings);
        let text = |finding: Finding| format!("{}: {}", finding.place, finding.message);
        findings.into_iter().map(text).collect()
    }

    #[test]
    fn what_two_crates_give_out_is_named_in_both() {
        let found = findings(&[
            ("cpu", &[], "pub struct Observation { at: Instant }"),
            ("plan", &[], "pub enum Observation {}"),
        ]);
        assert_eq!(
            found,
            [
                "cpu: Observation is also what plan gives out",
                "plan: Observation is also what cpu gives out",
            ]
        );
    }

    #[test]
    fn a_crate_has_one_type_of_a_name() {
        let found = findings(&[(
            "web",
            &[],
            "pub struct Place; mod inner { fn f() { type Place = u8; } pub(crate) trait Sink {} }",
        )]);
        assert_eq!(found, ["web: Place is also what web declares"]);
    }

    #[test]
    fn what_a_crate_keeps_is_called_like_nothing_that_it_uses() {
        let source = "pub(crate) struct State;";
        let found = findings(&[
            ("stat", &[], "pub enum State { Running }"),
            ("scan", &["stat"], source),
            ("web", &["hyper"], source),
        ]);
        assert_eq!(found, ["scan: State is also what stat gives out"]);
    }

    #[test]
    fn associated_types_tests_and_what_is_alike_on_purpose_do_not_count() {
        let source = "pub struct ParseError; trait Source { type Handle; fn f() -> u8 { 0 } } \
            impl Source for A { type Handle = B; } impl Source for B { type Handle = A; } \
            #[cfg(test)] mod tests { struct ParseError; }";
        let found = findings(&[("stat", &[], source), ("smaps", &["stat"], source)]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_type_is_found_wherever_it_is_declared() {
        let found = types(
            "pub trait A { type No; } fn f(x: impl B) -> u8; type C = u8; \
             impl<T> D for T { fn g() { enum E {} type F = u8; } } pub(super) type G<T> = T;",
            "x",
        );
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.name.as_str(), one.public))
            .collect();
        let names = [
            ("A", true),
            ("C", false),
            ("E", false),
            ("F", false),
            ("G", false),
        ];
        assert_eq!(found, names);
    }
}
