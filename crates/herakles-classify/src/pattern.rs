//! One pattern of a rule as written, and compiled for the kind of text it looks at.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::literal::{Extractor, Literal};
use regex_syntax::hir::{Hir, HirKind};

use crate::glob::Glob;

/// What a pattern must be able to do for [`Candidates`](crate::candidates::Candidates).
pub(crate) trait Matcher {
    /// Whether `text` matches.
    fn is_match(&self, text: &[u8]) -> bool;

    /// Texts of which every matching text contains at least one; `None` if there are none that
    /// would narrow the search.
    fn required_literals(&self) -> Option<Vec<Vec<u8>>>;
}

/// A pattern with its text and the line it stands on.
#[derive(Clone, Debug)]
pub(crate) struct Pattern<M> {
    pub(crate) text: String,
    pub(crate) line: u32,
    pub(crate) matcher: M,
}

impl<M: Matcher> Matcher for Pattern<M> {
    fn is_match(&self, text: &[u8]) -> bool {
        self.matcher.is_match(text)
    }

    fn required_literals(&self) -> Option<Vec<Vec<u8>>> {
        self.matcher.required_literals()
    }
}

/// A name or path pattern: exact, or with wildcards.
pub(crate) type GlobPattern = Pattern<Glob>;

/// A regular expression on the command line.
pub(crate) type CmdlinePattern = Pattern<Regex>;

impl Matcher for Glob {
    fn is_match(&self, text: &[u8]) -> bool {
        self.is_match(text)
    }

    fn required_literals(&self) -> Option<Vec<Vec<u8>>> {
        self.longest_literal().map(|literal| vec![literal.to_vec()])
    }
}

impl Matcher for Regex {
    fn is_match(&self, text: &[u8]) -> bool {
        self.is_match(text)
    }

    fn required_literals(&self) -> Option<Vec<Vec<u8>>> {
        required_literals(&parse_regex(self.as_str()).ok()?)
    }
}

/// Compiled size one expression may reach; ours need a few KiB.
const REGEX_SIZE_LIMIT: usize = 1 << 20;

/// Compiles a regular expression on bytes.
///
/// # Errors
/// A fragment saying what is wrong.
pub(crate) fn compile_regex(text: &str) -> Result<Regex, String> {
    // The syntax crate tells what is wrong in one phrase, where regex draws a picture.
    parse_regex(text)?;
    RegexBuilder::new(text)
        .unicode(false)
        .size_limit(REGEX_SIZE_LIMIT)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it compiles to more than 1 MiB".to_owned(),
            other => other.to_string(),
        })
}

/// The syntax tree of an expression on bytes.
///
/// # Errors
/// As [`compile_regex`].
pub(crate) fn parse_regex(text: &str) -> Result<Hir, String> {
    let parser = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(text);
    parser.map_err(|error| match error {
        regex_syntax::Error::Parse(error) => {
            format!(
                "{} at its character {}",
                error.kind(),
                error.span().start.column
            )
        }
        regex_syntax::Error::Translate(error) => {
            format!(
                "{} at its character {}",
                error.kind(),
                error.span().start.column
            )
        }
        other => other.to_string(),
    })
}

/// Shorter texts are in nearly every command line.
const MIN_LITERAL: usize = 3;

/// The best set of literals of which every match contains one.
///
/// Whatever matches a sequence also contains a match of each of its tails, so the literals that
/// *start* a tail are required wherever they stand; of all tails the one with the longest
/// shortest literal tells most.
fn required_literals(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut extractor = Extractor::new();
    extractor.limit_total(32);
    let mut best: Option<(usize, Vec<Vec<u8>>)> = None;
    for tail in tails(hir) {
        let literals = extractor.extract(&tail);
        let (Some(shortest), Some(found)) = (literals.min_literal_len(), literals.literals())
        else {
            continue;
        };
        if shortest >= MIN_LITERAL && best.as_ref().is_none_or(|(length, _)| shortest > *length) {
            best = Some((shortest, smallest(found)));
        }
    }
    best.map(|(_, literals)| literals)
}

/// The literals that hold no other one: where those are, the longer ones tell nothing more.
fn smallest(literals: &[Literal]) -> Vec<Vec<u8>> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut by_length: Vec<&[u8]> = literals.iter().map(Literal::as_bytes).collect();
    by_length.sort_by_key(|literal| literal.len());
    for literal in by_length {
        if !kept
            .iter()
            .any(|inner| memchr::memmem::find(literal, inner).is_some())
        {
            kept.push(literal.to_vec());
        }
    }
    kept
}

fn tails(hir: &Hir) -> Vec<Hir> {
    match hir.kind() {
        HirKind::Capture(capture) => tails(&capture.sub),
        HirKind::Concat(parts) => (0..parts.len())
            .map(|from| Hir::concat(parts.iter().skip(from).cloned().collect()))
            .collect(),
        _ => vec![hir.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn literals(pattern: &str) -> Option<Vec<String>> {
        let mut found: Vec<_> = compile_regex(pattern)
            .unwrap()
            .required_literals()?
            .into_iter()
            .map(|literal| String::from_utf8(literal).unwrap())
            .collect();
        found.sort();
        Some(found)
    }

    #[test]
    fn the_telling_part_is_found() {
        for (pattern, expected) in [
            ("^/usr/lib/postgresql/", &["/usr/lib/postgresql/"][..]),
            ("(^|/)gunicorn( |$)", &["gunicorn"]),
            (
                r"java .*org\.apache\.catalina\.startup",
                &["org.apache.catalina.startup"],
            ),
            (r"-jar [^ ]*jenkins\.war", &["jenkins.war"]),
            (
                "(?:kafka|zookeeper)-server",
                &["kafka-server", "zookeeper-server"],
            ),
            (r"[a-z]+celery[a-z]*", &["celery"]),
        ] {
            assert_eq!(literals(pattern).unwrap(), expected, "{pattern}");
        }
        for pattern in ["a+", "^..$", "[a-z]+", "x|longer"] {
            assert_eq!(literals(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn mistakes_are_one_phrase() {
        assert_eq!(
            compile_regex("a(b").unwrap_err(),
            "unclosed group at its character 2"
        );
        assert!(!compile_regex(r"\p{Greek}").unwrap_err().contains('\n'));
        assert_eq!(
            compile_regex("(a{500}){500}").unwrap_err(),
            "it compiles to more than 1 MiB"
        );
        assert!(compile_regex(r"\xff.*caf\xe9 \w").is_ok());
    }

    proptest! {
        #[test]
        fn literals_are_required(
            pattern in "(\\^|abc|(ab|ca)\\+?|[abc]{1,4}|\\.\\*|\\(a\\?bca\\|abb\\)){1,5}",
            text in "[abc+]{0,24}",
        ) {
            let Ok(regex) = compile_regex(&pattern) else { return Ok(()) };
            if let Some(literals) = regex.required_literals() && regex.is_match(text.as_bytes()) {
                prop_assert!(literals.iter().any(|l| memchr::memmem::find(text.as_bytes(), l).is_some()));
            }
        }
    }
}
