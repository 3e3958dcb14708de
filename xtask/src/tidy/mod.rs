//! Rules about the shape of the workspace that neither the compiler nor clippy can know.
//!
//! They run as a step of the gate and as a test of this crate, so that `cargo test` is enough to
//! hear of a broken one.

mod architecture;
mod arrows;
mod links;
mod manifests;
mod modules;
mod names;
mod product;
mod size;
mod sources;
mod tokens;

use self::architecture::Architecture;
use crate::{failure::Failure, metadata, readmes};

/// What a rule found: where, and what to do about it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    severity: Severity,
    place: String,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Error,
    Warning,
}

impl Finding {
    fn error(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            place: place.into(),
            message: message.into(),
        }
    }

    fn warning(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            place: place.into(),
            message: message.into(),
        }
    }
}

/// Prints every finding and fails if one of them is an error.
pub(crate) fn run() -> Result<(), Failure> {
    let findings = check()?;
    let mut errors = 0;
    for finding in &findings {
        let word = match finding.severity {
            Severity::Error => {
                errors += 1;
                "error"
            }
            Severity::Warning => "warning",
        };
        println!("{word}: {}: {}", finding.place, finding.message);
    }
    if errors > 0 {
        return Err(Failure::new(format!("tidy found {errors} error(s)")));
    }
    Ok(())
}

fn check() -> Result<Vec<Finding>, Failure> {
    let members = metadata::members()?;
    let mut findings = Vec::new();
    arrows::check(&members, &Architecture::read()?, &mut findings);
    manifests::check(&members, &mut findings)?;
    modules::check(&members, &mut findings);
    names::check(&members, &mut findings);
    findings.extend(readmes::stale(&members)?.into_iter().map(|readme| {
        let message = "its README is stale; `cargo xtask readmes` writes it";
        Finding::error(readme.member, message)
    }));
    sources::check(&mut findings)?;
    findings.sort();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let findings = check().expect("tidy can read the workspace");
        let errors: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}
