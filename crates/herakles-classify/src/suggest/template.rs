//! Rules with variables for many processes at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{alone, catches, exact_regex, rule_text};
use crate::cgroup;
use crate::facts::FactSource;
use crate::glob::Glob;
use crate::name;
use crate::script;

/// The paths of control groups in which containers are, as `docs/cgroups.md` lists them.
pub(crate) const CONTAINER_CGROUPS: [&str; 13] = [
    "*/docker[-/]*",
    "*/cri-containerd-*",
    "*:cri-containerd:*",
    "*/crio-*",
    "*/libpod-*",
    "*/kubepods*",
    "*/lxc/*",
    "*/lxc.payload*",
    "*/ecs/*",
    "*/mesos/*",
    "*/nomad.slice/*.scope",
    "*/systemd-nspawn@*",
    "*/machine-[!q]*.scope*",
];

/// The paths of control groups that are in a service of systemd.
const SERVICE_CGROUPS: [&str; 2] = ["*.service", "*.service/*"];

/// A rule that makes subgroups of what it finds, and for how many of the processes it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suggestion {
    /// What its subgroups are named after: `script`, `container` or `unit`.
    pub variable: &'static str,
    /// How many of the processes it puts into a subgroup.
    pub processes: usize,
    /// The rule as TOML.
    pub rule: String,
}

/// Ready rules for processes of which too little is known.
///
/// `generic` are those that a rule knows by their interpreter alone: what they run gets a subgroup
/// each, without taking anything from rules that know more. `unknown` are those that no rule knows:
/// they get one for each container and each unit, by rules that come after all others.
pub fn suggest_templates<F: FactSource>(generic: &[F], unknown: &[F]) -> Vec<Suggestion> {
    let container = by_cgroup(unknown, "container", &CONTAINER_CGROUPS, |text| {
        cgroup::container(text).is_some()
    });
    let unit = by_cgroup(unknown, "unit", &SERVICE_CGROUPS, |text| {
        cgroup::container(text).is_none()
            && cgroup::unit(text).is_some_and(|unit| unit.ends_with(b".service"))
    });
    [by_script(generic), container, unit]
        .into_iter()
        .flatten()
        .collect()
}

fn by_script<F: FactSource>(processes: &[F]) -> Option<Suggestion> {
    let mut found: BTreeMap<&[u8], BTreeSet<&[u8]>> = BTreeMap::new();
    for facts in processes {
        let cmdline = facts.cmdline().and_then(name::visible_cmdline);
        if let Some(script) = cmdline.and_then(script::script) {
            found.entry(script).or_default().insert(facts.comm());
        }
    }
    if found.is_empty() {
        return None;
    }
    let scripts: Vec<String> = found.keys().map(|script| exact_regex(script)).collect();
    let expression = format!("(?:^|[ /])(?:{})(?: |$)", scripts.join("|"));
    let names: BTreeSet<String> = found
        .values()
        .flatten()
        .map(|comm| Glob::exactly(comm))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rule = rule_text(
        "scripts",
        "{script}",
        &[
            ("cmdline_matches", &[expression.as_str()]),
            ("names", &names),
        ],
    );
    suggestion("script", rule, processes)
}

fn by_cgroup<F: FactSource>(
    processes: &[F],
    variable: &'static str,
    cgroups: &[&str],
    is_in: impl Fn(&[u8]) -> bool,
) -> Option<Suggestion> {
    let inside = processes
        .iter()
        .filter(|facts| facts.cgroup().is_some_and(&is_in));
    let rule = rule_text(
        &format!("{variable}s"),
        &format!("{{{variable}}}"),
        &[("matches", &["*"]), ("cgroups", cgroups)],
    );
    let mut suggestion = suggestion(variable, rule, inside)?;
    suggestion.rule.push_str("fallback = true\n");
    Some(suggestion)
}

/// The rule, if it catches any of these processes.
fn suggestion<'a, F: FactSource + 'a>(
    variable: &'static str,
    rule: String,
    processes: impl IntoIterator<Item = &'a F>,
) -> Option<Suggestion> {
    let classifier = alone(&rule)?;
    let processes = processes
        .into_iter()
        .filter(|facts| catches(&classifier, *facts))
        .count();
    (processes > 0).then_some(Suggestion {
        variable,
        processes,
        rule,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::Classifier;
    use crate::facts::Facts;
    use crate::rule::Rules;

    fn process<'a>(comm: &'a str, cmdline: &'a str, cgroup: &'a str) -> Facts<'a> {
        Facts {
            comm: comm.as_bytes(),
            cmdline: Some(cmdline.as_bytes()),
            cgroup: Some(cgroup.as_bytes()),
            ..Facts::default()
        }
    }

    #[test]
    fn what_is_generic_or_unknown_gets_subgroups_and_the_rest_keeps_its_own() {
        let docker = format!(
            "0::/system.slice/docker-{}.scope\n",
            "4f2c9e1b7a6d".repeat(6).get(..64).unwrap()
        );
        let worker = process("python3", "python3\0/srv/worker.py\0--queue=x\0", "");
        let jar = process("java", "java\0-jar\0/srv/a+b.jar\0", "");
        let shell = process("python3", "python3\0-c\0secret\0", "");
        let boxed = process("hk-box", "/hk-box\0", &docker);
        let daemon = process("hk-daemon", "/hk-daemon\0", "0::/system.slice/hk.service\n");
        let stray = process("hk-stray", "/hk-stray\0", "0::/\n");
        let suggestions = suggest_templates(&[worker, jar, shell], &[boxed, daemon, stray]);
        let counts: Vec<_> = suggestions
            .iter()
            .map(|suggestion| (suggestion.variable, suggestion.processes))
            .collect();
        assert_eq!(counts, [("script", 2), ("container", 1), ("unit", 1)]);

        let text: Vec<&str> = suggestions
            .iter()
            .map(|suggestion| suggestion.rule.as_str())
            .collect();
        let mut rules = Rules::parse(&text.join("\n"), "f").unwrap();
        rules.append(Rules::builtin());
        let classifier = Classifier::new(rules);
        let kafka = process(
            "java",
            "java\0-Xmx1g\0kafka.Kafka\0/etc/server.properties\0",
            "",
        );
        let nginx = process("nginx", "nginx\0", &docker);
        for (facts, expected) in [
            (worker, "scripts/worker.py"),
            (jar, "scripts/a+b.jar"),
            (shell, "runtime/python"),
            (boxed, "containers/4f2c9e1b7a6d"),
            (daemon, "units/hk.service"),
            (stray, "none"),
            (nginx, "web/nginx"),
        ] {
            let classification = classifier.classify(&facts);
            let class = classification
                .class()
                .map_or("none".to_owned(), ToString::to_string);
            assert_eq!(class, expected);
        }
        let of_kafka = |classifier: &Classifier| classifier.classify(&kafka).class().cloned();
        assert_eq!(
            of_kafka(&classifier),
            of_kafka(&Classifier::new(Rules::builtin()))
        );
    }

    #[test]
    fn without_a_script_no_rule_is_made_of_scripts() {
        let calculation = process("python3", "python3\0-c\0print(6 / 2)\0", "");
        assert_eq!(suggest_templates(&[calculation], &[]), []);
    }

    #[test]
    fn the_paths_of_containers_are_those_of_the_page() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cgroups.md");
        let page = std::fs::read_to_string(path).unwrap();
        let globs = CONTAINER_CGROUPS.map(|glob| Glob::parse(glob).unwrap());
        let mut seen = 0;
        for line in page
            .lines()
            .filter(|line| line.contains("::/") || line.contains(":/"))
        {
            let cells: Vec<&str> = line.split(" | ").collect();
            let [_, _, text, container, ..] = cells.as_slice() else {
                continue;
            };
            if *container != "-" {
                let text = text.replace('`', "").replace("<br>", "\n");
                let is_known = cgroup::paths(text.as_bytes())
                    .any(|path| globs.iter().any(|glob| glob.is_match(path)));
                assert!(is_known, "{line}");
                seen += 1;
            }
        }
        assert!(seen > 30, "only {seen} rows");
    }
}
