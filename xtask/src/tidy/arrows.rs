//! Which crate may use which: the table of ARCHITECTURE.md, enforced.

use super::Finding;
use crate::workspace::Member;

/// What one crate may use.
struct Rule {
    name: &'static str,
    /// Crates of this workspace it may depend on.
    ours: &'static [&'static str],
    /// Outside crates that would break its promise, such as purity.
    never: &'static [&'static str],
}

/// Whatever waits, serves, spreads over threads or touches a kernel.
const IMPURE: &[&str] = &[
    "hyper",
    "hyper-util",
    "procfs",
    "rayon",
    "rustix",
    "tokio",
    "tracing",
    "tracing-subscriber",
];

const STAT: &str = "herakles-stat";
const SMAPS: &str = "herakles-smaps";
const CPU: &str = "herakles-cpu";
const CLASSIFY: &str = "herakles-classify";
const SCAN: &str = "herakles-scan";
const TASKSTATS: &str = "herakles-taskstats";
const COLLECT: &str = "herakles-collect";
const METRICS: &str = "herakles-metrics";
const PLAN: &str = "herakles-plan";
const WEB: &str = "herakles-web";
const DASHBOARD: &str = "herakles-dashboard";
const EXPORTER: &str = "herakles-exporter";

const RULES: &[Rule] = &[
    Rule {
        name: STAT,
        ours: &[],
        never: IMPURE,
    },
    Rule {
        name: SMAPS,
        ours: &[],
        never: IMPURE,
    },
    Rule {
        name: CPU,
        ours: &[STAT],
        never: IMPURE,
    },
    Rule {
        name: CLASSIFY,
        ours: &[],
        never: IMPURE,
    },
    Rule {
        name: SCAN,
        ours: &[STAT, SMAPS],
        never: &["hyper", "hyper-util", "procfs", "rayon", "tokio", "tracing"],
    },
    Rule {
        name: TASKSTATS,
        ours: &[STAT],
        never: &["hyper", "hyper-util", "procfs", "rayon", "tokio", "tracing"],
    },
    Rule {
        name: COLLECT,
        ours: &[STAT, SMAPS, TASKSTATS, CPU, CLASSIFY, SCAN, PLAN, METRICS],
        never: &["hyper", "hyper-util", "tokio", "tracing"],
    },
    Rule {
        name: METRICS,
        ours: &[STAT, SMAPS, CLASSIFY],
        never: IMPURE,
    },
    Rule {
        name: PLAN,
        ours: &[STAT, SMAPS],
        never: IMPURE,
    },
    Rule {
        name: WEB,
        ours: &[],
        never: &["procfs", "rayon", "tracing"],
    },
    Rule {
        name: DASHBOARD,
        ours: &[METRICS],
        never: IMPURE,
    },
    Rule {
        name: EXPORTER,
        ours: &[
            STAT, SMAPS, TASKSTATS, CPU, CLASSIFY, SCAN, METRICS, PLAN, WEB, DASHBOARD, COLLECT,
        ],
        never: &[],
    },
];

/// Members that are no part of the product: they may use all of it, nobody may use them.
const TOOLS: &[&str] = &["herakles-benches", "herakles-lab", "xtask"];

pub(super) fn check(members: &[Member], findings: &mut Vec<Finding>) {
    for member in members {
        let rule = RULES.iter().find(|rule| rule.name == member.name);
        if rule.is_none() && !TOOLS.contains(&member.name.as_str()) {
            findings.push(Finding::error(
                &member.name,
                "the crate has no row in the table of arrows (xtask/src/tidy/arrows.rs); \
                 add one there and in ARCHITECTURE.md",
            ));
        }
        for dependency in &member.dependencies {
            let used = dependency.name.as_str();
            let is_ours = members.iter().any(|other| other.name == used);
            if used == EXPORTER || TOOLS.contains(&used) {
                findings.push(Finding::error(
                    &member.name,
                    format!("nobody may use {used}"),
                ));
            } else if let Some(rule) = rule
                && !dependency.dev
            {
                check_use(rule, used, is_ours, findings);
            }
        }
    }
}

/// Tests may use more than the crate itself, so only normal and build dependencies come here.
fn check_use(rule: &Rule, used: &str, is_ours: bool, findings: &mut Vec<Finding>) {
    if is_ours && !rule.ours.contains(&used) {
        findings.push(Finding::error(
            rule.name,
            format!("the arrow to {used} is not in the table of ARCHITECTURE.md"),
        ));
    }
    if rule.never.contains(&used) {
        findings.push(Finding::error(
            rule.name,
            format!("{used} is not for this crate; see its invariant in ARCHITECTURE.md"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::workspace::Dependency;

    fn member(name: &str, dependencies: &[(&str, bool)]) -> Member {
        Member {
            name: name.to_owned(),
            manifest: PathBuf::from("Cargo.toml"),
            license: None,
            description: None,
            dependencies: dependencies
                .iter()
                .map(|&(name, dev)| Dependency {
                    name: name.to_owned(),
                    dev,
                })
                .collect(),
        }
    }

    fn findings(members: &[Member]) -> Vec<String> {
        let mut findings = Vec::new();
        check(members, &mut findings);
        findings
            .into_iter()
            .map(|f| format!("{}: {}", f.place, f.message))
            .collect()
    }

    #[test]
    fn an_arrow_of_the_table_passes() {
        let members = [
            member(STAT, &[("thiserror", false)]),
            member(CPU, &[(STAT, false)]),
        ];
        assert_eq!(findings(&members), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_against_the_table_is_named() {
        let members = [member(STAT, &[(CPU, false)]), member(CPU, &[])];
        let found = findings(&members);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("herakles-stat: the arrow to herakles-cpu"),
            "{found:?}"
        );
    }

    #[test]
    fn a_pure_crate_may_wait_in_its_tests_only() {
        assert_eq!(
            findings(&[member(METRICS, &[("tokio", true)])]),
            Vec::<String>::new()
        );
        assert_eq!(findings(&[member(METRICS, &[("tokio", false)])]).len(), 1);
    }

    #[test]
    fn nobody_uses_the_exporter_or_a_crate_without_a_row() {
        let members = [member(EXPORTER, &[]), member(METRICS, &[(EXPORTER, true)])];
        assert_eq!(findings(&members).len(), 1);
        assert_eq!(findings(&[member("herakles-common", &[])]).len(), 1);
    }
}
