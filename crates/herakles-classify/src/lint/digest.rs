//! Warnings in a number that is read.

use super::{Warning, WarningKind};

impl Warning {
    /// The warnings as lines, at most so many of each kind, and a line for how many more there are.
    ///
    /// ```
    /// use herakles_classify::{Rules, Warning};
    ///
    /// let rules = "subgroups = [{ group = 'g', subgroup = 's', matches = ['a', 'a', 'a', 'a'] }]";
    /// let lines = Warning::digest(&Rules::parse(rules, "my.toml")?.lint(), 2);
    /// assert_eq!(lines.len(), 3);
    /// assert_eq!(lines[2], "and one more pattern that stands somewhere already");
    /// # Ok::<_, herakles_classify::RuleError>(())
    /// ```
    pub fn digest(warnings: &[Self], most: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for kind in WarningKind::ALL {
            let of_kind = warnings.iter().filter(|warning| warning.kind == kind);
            let count = of_kind.clone().count();
            lines.extend(of_kind.take(most).map(ToString::to_string));
            let (one, many) = kind.as_text();
            match count.saturating_sub(most) {
                0 => {}
                1 => lines.push(format!("and one more {one}")),
                more => lines.push(format!("and {more} more {many}")),
            }
        }
        lines
    }
}

impl WarningKind {
    const ALL: [Self; 5] = [
        Self::Duplicate,
        Self::Shadowed,
        Self::Unmatchable,
        Self::Boundless,
        Self::Hiding,
    ];

    fn as_text(self) -> (&'static str, &'static str) {
        match self {
            Self::Duplicate => (
                "pattern that stands somewhere already",
                "patterns that stand somewhere already",
            ),
            Self::Shadowed => (
                "pattern or rule that is never reached",
                "patterns and rules that are never reached",
            ),
            Self::Unmatchable => ("pattern that never matches", "patterns that never match"),
            Self::Boundless => (
                "pattern that matches everything",
                "patterns that match everything",
            ),
            Self::Hiding => (
                "rule that hides built-in ones",
                "rules that hide built-in ones",
            ),
        }
    }
}
