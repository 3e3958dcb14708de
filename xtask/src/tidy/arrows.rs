//! Which crate uses which: the tables of ARCHITECTURE.md, compared with what cargo knows.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Finding,
    architecture::{Architecture, Arrows, PAGE, short},
};
use crate::metadata::{Dependency, DependencyKind, Member};

/// The program. It is run, not used.
const EXPORTER: &str = "herakles-exporter";

/// Crates whose functions depend on their arguments alone.
pub(super) const PURE: &[&str] = &[
    "herakles-stat",
    "herakles-smaps",
    "herakles-cpu",
    "herakles-classify",
    "herakles-plan",
    "herakles-metrics",
    "herakles-dashboard",
];

/// What a crate that keeps a promise never uses, whatever the tables say.
fn never(member: &Member) -> &'static [&'static str] {
    let name = member.name.as_str();
    if PURE.contains(&name) {
        &[
            "hyper",
            "hyper-util",
            "procfs",
            "rayon",
            "rustix",
            "tokio",
            "tracing",
        ]
    } else if name == EXPORTER {
        &[]
    } else if name == "herakles-web" {
        &["procfs", "rayon", "tracing"]
    } else if name == "herakles-sandbox" || name == "herakles-settings" {
        &["hyper", "procfs", "rayon", "tokio", "tracing"]
    } else if name == "herakles-scan" || name == "herakles-taskstats" {
        &["hyper", "hyper-util", "procfs", "rayon", "tokio", "tracing"]
    } else if name == "herakles-collect" {
        &[
            "clap",
            "hyper",
            "hyper-util",
            "tokio",
            "toml",
            "tracing",
            "serde",
        ]
    } else if name == "xtask" {
        &["hyper", "tokio"]
    } else {
        &[]
    }
}

pub(super) fn check(members: &[Member], architecture: &Architecture, findings: &mut Vec<Finding>) {
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    for member in members {
        check_never(member, findings);
        check_roof(member, members, findings);
        match architecture.arrows.get(&member.name) {
            Some(Arrows::To(allowed)) => check_arrows(member, allowed, &ours, findings),
            Some(Arrows::Libraries) => {}
            None => findings.push(Finding::error(
                &member.name,
                format!("the crate has no row in the table of crates of {PAGE}"),
            )),
        }
    }
    for name in architecture.arrows.keys() {
        if !ours.contains(name.as_str()) {
            findings.push(Finding::error(PAGE, format!("there is no crate {name}")));
        }
    }
    check_used_by(members, architecture, &ours, findings);
}

/// Nobody uses the program or a tool, tests included.
fn check_roof(member: &Member, members: &[Member], findings: &mut Vec<Finding>) {
    for Dependency { name, .. } in &member.dependencies {
        let used = members.iter().find(|other| other.name == *name);
        if used.is_some_and(|used| !used.is_product()) || name == EXPORTER {
            findings.push(Finding::error(
                &member.name,
                format!("nobody may use {name}"),
            ));
        }
    }
}

fn check_never(member: &Member, findings: &mut Vec<Finding>) {
    for Dependency { name, kind } in &member.dependencies {
        if *kind != DependencyKind::Dev && never(member).contains(&name.as_str()) {
            findings.push(Finding::error(
                &member.name,
                format!("{name} is not for this crate; see its invariant in {PAGE}"),
            ));
        }
    }
}

/// Tests may use more of ours than the crate itself.
fn check_arrows(
    member: &Member,
    allowed: &BTreeSet<String>,
    ours: &BTreeSet<&str>,
    findings: &mut Vec<Finding>,
) {
    let dependencies = member.dependencies.iter();
    let used: BTreeSet<&str> = dependencies
        .filter(|dependency| dependency.kind != DependencyKind::Dev)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| ours.contains(name))
        .collect();
    let allowed: BTreeSet<&str> = allowed.iter().map(String::as_str).collect();
    for name in used.difference(&allowed) {
        findings.push(Finding::error(
            &member.name,
            format!("the arrow to {name} is not in the table of {PAGE}"),
        ));
    }
    for name in allowed.difference(&used) {
        findings.push(Finding::error(
            &member.name,
            format!("does not use {name}, as the table of {PAGE} says"),
        ));
    }
}

/// Each outside crate of the product has a row that names exactly its users.
fn check_used_by(
    members: &[Member],
    architecture: &Architecture,
    ours: &BTreeSet<&str>,
    findings: &mut Vec<Finding>,
) {
    let mut users: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for member in members.iter().filter(|member| member.is_product()) {
        for Dependency { name, kind } in &member.dependencies {
            if !ours.contains(name.as_str()) {
                users.entry(name).or_default().insert(match kind {
                    DependencyKind::Normal => short(&member.name).to_owned(),
                    DependencyKind::Dev => "tests".to_owned(),
                });
            }
        }
    }
    let said = &architecture.used_by;
    for (name, users) in &users {
        match said.get(*name) {
            None => findings.push(Finding::error(
                PAGE,
                format!("gives no reason for the dependency {name}"),
            )),
            Some(said) if said != users => findings.push(Finding::error(
                PAGE,
                format!("{name} is used by {}, not by {}", list(users), list(said)),
            )),
            Some(_) => {}
        }
    }
    for name in said
        .keys()
        .filter(|name| !users.contains_key(name.as_str()))
    {
        findings.push(Finding::error(
            PAGE,
            format!("explains {name}, which no crate uses"),
        ));
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "herakles-stat";
    const CPU: &str = "herakles-cpu";

    fn member(name: &str, dependencies: &[(&str, DependencyKind)]) -> Member {
        let dependencies = dependencies.iter().map(|&(name, kind)| Dependency {
            name: name.to_owned(),
            kind,
        });
        Member {
            dependencies: dependencies.collect(),
            ..Member::example(name)
        }
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn page(arrows: &[(&str, &[&str])], used_by: &[(&str, &[&str])]) -> Architecture {
        Architecture {
            arrows: arrows
                .iter()
                .map(|(name, to)| ((*name).to_owned(), Arrows::To(set(to))))
                .collect(),
            used_by: used_by
                .iter()
                .map(|(name, users)| ((*name).to_owned(), set(users)))
                .collect(),
        }
    }

    fn findings(members: &[Member], architecture: &Architecture) -> Vec<String> {
        let mut findings = Vec::new();
        check(members, architecture, &mut findings);
        let text = |finding: Finding| format!("{}: {}", finding.place, finding.message);
        findings.into_iter().map(text).collect()
    }

    #[test]
    fn what_the_page_says_passes() {
        let members = [
            member(STAT, &[("thiserror", DependencyKind::Normal)]),
            member(
                CPU,
                &[
                    (STAT, DependencyKind::Normal),
                    ("proptest", DependencyKind::Dev),
                ],
            ),
        ];
        let page = page(
            &[(STAT, &[]), (CPU, &[STAT])],
            &[("thiserror", &["stat"]), ("proptest", &["tests"])],
        );
        assert_eq!(findings(&members, &page), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_only_one_of_both_knows_is_named() {
        let page = page(&[(STAT, &[]), (CPU, &[STAT])], &[]);
        let members = [
            member(STAT, &[(CPU, DependencyKind::Normal)]),
            member(CPU, &[]),
        ];
        assert_eq!(
            findings(&members, &page),
            [
                "herakles-stat: the arrow to herakles-cpu is not in the table of ARCHITECTURE.md",
                "herakles-cpu: does not use herakles-stat, as the table of ARCHITECTURE.md says",
            ]
        );
    }

    #[test]
    fn who_uses_an_outside_crate_is_said_as_it_is() {
        let members = [member(
            STAT,
            &[
                ("memchr", DependencyKind::Normal),
                ("toml", DependencyKind::Dev),
            ],
        )];
        let page = page(
            &[(STAT, &[])],
            &[("memchr", &["stat", "smaps"]), ("regex", &["classify"])],
        );
        assert_eq!(
            findings(&members, &page),
            [
                "ARCHITECTURE.md: memchr is used by stat, not by smaps, stat",
                "ARCHITECTURE.md: gives no reason for the dependency toml",
                "ARCHITECTURE.md: explains regex, which no crate uses",
            ]
        );
    }

    #[test]
    fn a_pure_crate_may_wait_in_its_tests_only() {
        let tests = page(&[(STAT, &[])], &[("tokio", &["tests"])]);
        let waits_in = |kind| [member(STAT, &[("tokio", kind)])];
        assert_eq!(
            findings(&waits_in(DependencyKind::Dev), &tests),
            Vec::<String>::new()
        );
        let product = page(&[(STAT, &[])], &[("tokio", &["stat"])]);
        assert_eq!(
            findings(&waits_in(DependencyKind::Normal), &product).len(),
            1
        );
    }

    #[test]
    fn nobody_uses_the_exporter_nor_a_crate_without_a_row() {
        let page = page(&[(EXPORTER, &[]), (STAT, &[])], &[]);
        let members = [
            member(EXPORTER, &[]),
            member(STAT, &[(EXPORTER, DependencyKind::Dev)]),
        ];
        assert_eq!(
            findings(&members, &page),
            ["herakles-stat: nobody may use herakles-exporter"]
        );
        let members = [member(EXPORTER, &[]), member(STAT, &[]), member(CPU, &[])];
        assert_eq!(
            findings(&members, &page),
            ["herakles-cpu: the crate has no row in the table of crates of ARCHITECTURE.md"]
        );
    }
}
