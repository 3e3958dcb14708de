//! How much the program may decide by itself, in lines.

use super::Finding;

/// What the program may have beside its tests. It composes what libraries do; what an embedder
/// could want belongs into one of these.
pub(super) const MOST_OF_THE_PROGRAM: usize = 4_900;

/// What `main.rs` and `lib.rs` may have: the program begins in its modules.
const MOST_OF_ITS_ROOTS: usize = 60;

const PROGRAM: &str = "crates/herakles-exporter/src/";

/// Adds up the sources of the program.
#[derive(Debug, Default)]
pub(super) struct Size {
    all: usize,
    roots: usize,
}

impl Size {
    /// Takes one file: where it is, and how many of its lines are no tests.
    pub(super) fn add(&mut self, place: &str, lines: usize) {
        if let Some(name) = place.strip_prefix(PROGRAM) {
            self.all += lines;
            if matches!(name, "main.rs" | "lib.rs") {
                self.roots += lines;
            }
        }
    }

    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        let limits = [
            ("the program", self.all, MOST_OF_THE_PROGRAM),
            ("main.rs and lib.rs", self.roots, MOST_OF_ITS_ROOTS),
        ];
        for (what, lines, most) in limits {
            if lines > most {
                findings.push(Finding::error(
                    PROGRAM,
                    format!("{what} has {lines} lines beside its tests, {most} are the most"),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_program_is_counted_and_its_roots_once_more() {
        let mut size = Size::default();
        size.add("crates/herakles-stat/src/lib.rs", 100_000);
        size.add(
            "crates/herakles-exporter/src/serve.rs",
            MOST_OF_THE_PROGRAM - 60,
        );
        size.add("crates/herakles-exporter/src/lib.rs", 50);
        size.add("crates/herakles-exporter/src/main.rs", 10);
        let mut findings = Vec::new();
        size.check(&mut findings);
        assert_eq!(findings, []);
        size.add("crates/herakles-exporter/src/main.rs", 1);
        size.check(&mut findings);
        assert_eq!(findings.len(), 2);
    }
}
