//! The built-in rules against processes as hosts show them, and the order of their file.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::collections::{BTreeMap, BTreeSet};

use herakles_classify::{Classifier, FactSource, Facts, Rule, Rules};
use serde::Deserialize;

const RULES: &str = include_str!("../data/subgroups.toml");

/// The longest `comm` of a user process.
const COMM_LEN: usize = 15;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    names: BTreeMap<String, Vec<String>>,
    commands: Commands,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Commands {
    cases: Vec<[String; 3]>,
}

/// A process: what the kernel would show of it, and the class it belongs to.
struct Case {
    class: String,
    comm: String,
    cmdline: String,
}

impl Case {
    /// A program started by its name, or a process that calls itself so.
    fn named(class: &str, name: &str) -> Self {
        let is_title = name.contains([' ', '/']);
        Self {
            class: class.to_owned(),
            comm: cut(name),
            cmdline: if is_title {
                name.to_owned()
            } else {
                format!("/usr/bin/{name}")
            },
        }
    }

    fn rule<'c>(&self, classifier: &'c Classifier) -> Option<&'c Rule> {
        let cmdline = self.cmdline.replace(' ', "\0") + "\0";
        let classification = classifier.classify(&Facts {
            comm: self.comm.as_bytes(),
            cmdline: (!self.cmdline.is_empty()).then_some(cmdline.as_bytes()),
            ..Facts::default()
        });
        let line = classification.rule()?.origin().line;
        rule_at(classifier, line)
    }

    fn decided(&self, classifier: &Classifier) -> String {
        self.rule(classifier)
            .map_or_else(|| "other/other".to_owned(), class)
    }
}

/// The name as the kernel keeps it.
fn cut(name: &str) -> String {
    name.bytes()
        .take(COMM_LEN)
        .map(char::from)
        .collect::<String>()
}

fn class(rule: &Rule) -> String {
    format!("{}/{}", rule.group(), rule.subgroup())
}

fn rule_at(classifier: &Classifier, line: u32) -> Option<&Rule> {
    classifier
        .rules()
        .iter()
        .map(AsRef::as_ref)
        .find(|rule| rule.origin().line == line)
}

fn builtin() -> Classifier {
    Classifier::new(Rules::builtin())
}

fn cases() -> Vec<Case> {
    let table: Table = toml::from_str(include_str!("builtin_cases.toml")).unwrap();
    let names = table
        .names
        .iter()
        .flat_map(|(class, names)| names.iter().map(|name| Case::named(class, name)));
    let commands = table
        .commands
        .cases
        .iter()
        .map(|[class, comm, cmdline]| Case {
            class: class.clone(),
            comm: comm.clone(),
            cmdline: cmdline.clone(),
        });
    names.chain(commands).collect()
}

/// Fails with every complaint at once.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn processes_are_put_where_they_belong() {
    let classifier = builtin();
    none(
        cases()
            .iter()
            .map(|case| (case, case.decided(&classifier)))
            .filter(|(case, decided)| *decided != case.class)
            .map(|(case, decided)| {
                format!(
                    "{} {:?}: is {decided}, should be {}",
                    case.comm, case.cmdline, case.class
                )
            })
            .collect(),
    );
}

#[test]
fn names_of_processes_are_no_longer_than_the_kernel_makes_them() {
    none(
        cases()
            .into_iter()
            .filter(|case| case.comm.len() > COMM_LEN)
            .map(|case| case.comm)
            .collect(),
    );
}

/// Facts about programs, one owner decided for each name that has two: as a running program, and
/// as somebody types it for `explain`.
#[test]
fn known_names_belong_to_their_owners() {
    let classifier = builtin();
    let mut complaints = Vec::new();
    for line in include_str!("known_names.csv").lines().skip(1) {
        let [kind, pattern, group, subgroup] =
            line.split(',').collect::<Vec<_>>().try_into().unwrap();
        let owner = format!("{group}/{subgroup}");
        let case = |comm: &str, cmdline: String| Case {
            class: owner.clone(),
            comm: comm.to_owned(),
            cmdline,
        };
        let forms = match kind {
            "name" => [case(pattern, String::new()), Case::named(&owner, pattern)],
            "cmdline" => [
                case("x", pattern.to_owned()),
                case(
                    "java",
                    format!("/usr/bin/java -Xmx1g -cp /opt/app {pattern} start"),
                ),
            ],
            other => panic!("unknown kind {other}"),
        };
        for form in forms {
            let decided = form.decided(&classifier);
            if decided != owner {
                complaints.push(format!("{line}: {:?} is {decided}", form.cmdline));
            }
        }
    }
    none(complaints);
}

#[test]
fn every_subgroup_has_a_case() {
    let tested: BTreeSet<String> = cases().into_iter().map(|case| case.class).collect();
    let written: BTreeSet<String> = Rules::builtin().iter().map(|rule| class(rule)).collect();
    none(written.difference(&tested).cloned().collect());
    assert!(written.len() >= 250, "{} subgroups", written.len());
}

#[test]
fn nothing_is_suspicious() {
    none(
        Rules::builtin()
            .lint()
            .iter()
            .map(ToString::to_string)
            .collect(),
    );
}

/// A name that an earlier rule catches, or that the kernel cuts beyond recognition, is dead.
#[test]
fn every_name_reaches_its_own_rule() {
    let classifier = builtin();
    let mut complaints = Vec::new();
    for rule in classifier.rules().iter() {
        for name in rule.matches().filter(|name| !is_glob(name)) {
            let mut case = Case::named(&class(rule), name);
            if name.len() <= COMM_LEN {
                case.cmdline = String::new();
            }
            let reached = case.rule(&classifier).map(|rule| rule.origin().line);
            if reached != Some(rule.origin().line) {
                complaints.push(format!(
                    "{name} of line {} reaches {reached:?}",
                    rule.origin().line
                ));
            }
        }
    }
    none(complaints);
}

/// A glob or expression that no case shows to decide may be unable to.
#[test]
fn every_other_pattern_decides_a_case() {
    let classifier = builtin();
    let mut decided: BTreeMap<u32, Vec<Case>> = BTreeMap::new();
    for case in cases() {
        if let Some(rule) = case.rule(&classifier) {
            decided.entry(rule.origin().line).or_default().push(case);
        }
    }
    let mut complaints = Vec::new();
    for rule in classifier.rules().iter() {
        let line = rule.origin().line;
        let cases = decided.get(&line).map_or(&[][..], Vec::as_slice);
        let globs = rule.matches().filter(|name| is_glob(name));
        let patterns = globs.map(|pattern| ("matches", pattern)).chain(
            rule.cmdline_matches()
                .map(|pattern| ("cmdline_matches", pattern)),
        );
        for (key, pattern) in patterns {
            let alone = classifier_of_one(key, pattern);
            if !cases.iter().any(|case| case.rule(&alone).is_some()) {
                complaints.push(format!("line {line}: {pattern}"));
            }
        }
    }
    none(complaints);
}

fn is_glob(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

fn classifier_of_one(key: &str, pattern: &str) -> Classifier {
    let pattern = toml::Value::from(pattern);
    let text = format!("[[subgroups]]\ngroup = 'g'\nsubgroup = 's'\n{key} = [{pattern}]");
    Classifier::new(Rules::parse(&text, "one").unwrap())
}

/// A process of which nothing but the name may be asked.
struct NameOnly<'a>(&'a str);

impl FactSource for NameOnly<'_> {
    fn comm(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn cmdline(&self) -> Option<&[u8]> {
        panic!("the command line of {} was asked for", self.0)
    }

    fn exe(&self) -> Option<&[u8]> {
        panic!("the executable of {} was asked for", self.0)
    }
}

/// Why the rules by name come first: reading command lines costs more than classifying.
#[test]
fn names_decide_without_the_command_line() {
    let classifier = builtin();
    let mut decided = 0;
    let by_name = classifier
        .rules()
        .iter()
        .take_while(|rule| rule.cmdline_matches().len() == 0);
    for rule in by_name {
        // One of 15 bytes may be a longer name cut.
        for name in rule
            .matches()
            .filter(|name| !is_glob(name) && name.len() < COMM_LEN)
        {
            let classification = classifier.classify(&NameOnly(name));
            assert_eq!(
                classification.rule().unwrap().origin(),
                rule.origin(),
                "{name}"
            );
            decided += 1;
        }
    }
    assert!(decided > 1000, "only {decided} names");
}

#[test]
fn rules_look_at_name_and_command_line_alone() {
    let needs = builtin().needs();
    assert!(!needs.user && !needs.cgroup && !needs.parent_comm);
    assert!(
        Rules::builtin()
            .iter()
            .all(|rule| rule.exe_matches().len() == 0)
    );
}

#[test]
fn sections_are_sorted() {
    let mut complaints = Vec::new();
    let mut is_sorted = true;
    let mut previous = String::new();
    let mut group = String::new();
    for (number, line) in RULES.lines().enumerate() {
        if line == "## Order matters in this section." {
            is_sorted = false;
        } else if line.starts_with("## ") {
            (is_sorted, previous) = (true, String::new());
        } else if let Some(name) = line.strip_prefix("group = ") {
            name.clone_into(&mut group);
        } else if let Some(name) = line.strip_prefix("subgroup = ") {
            let class = format!("{group}/{name}");
            if is_sorted && class <= previous {
                complaints.push(format!("line {}: {class} after {previous}", number + 1));
            }
            previous = class;
        }
    }
    for rule in Rules::builtin().iter() {
        let names: Vec<_> = rule.matches().collect();
        if !names.is_sorted() {
            complaints.push(format!("line {}: {names:?}", rule.origin().line));
        }
    }
    none(complaints);
}
