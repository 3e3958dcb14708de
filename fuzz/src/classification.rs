//! What is known of a process, and the rules that are held against it.

use std::sync::LazyLock;

use herakles_classify::{
    Classifier, Facts, Import, RemarkKind, Rules, Variables, Warning, cmdline_of_text,
    display_name, known, shows_foreign_cgroups, suggest, suggest_templates,
};

use crate::input::Input;

static BUILTIN: LazyLock<Classifier> = LazyLock::new(|| Classifier::new(Rules::builtin()));

/// `/proc/PID/cgroup`.
pub fn cgroup(bytes: &[u8]) {
    let _ = shows_foreign_cgroups(bytes);
    let facts = Facts {
        comm: b"x",
        cgroup: Some(bytes),
        ..Facts::default()
    };
    let found = Variables::of(&facts);
    for value in [found.unit, found.slice, found.container, found.pod] {
        let value = value.unwrap_or_default();
        assert!(!value.contains('/'), "{value:?}");
        assert_eq!(value.chars().find(|c| c.is_control()), None, "{value:?}");
    }
    let _ = BUILTIN.classify(&facts);
    lines_of_a_report(&known(&facts));
}

/// `/proc/PID/cmdline` with a name and a path: what runs, its class, and a rule for it.
pub fn cmdline(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let comm = input.bytes(15);
    let exe = input.bytes(80);
    let typed = input.byte();
    let text = input.rest();
    let spaced = cmdline_of_text(text);
    let facts = Facts {
        comm,
        exe: Some(exe),
        cmdline: Some(if typed % 2 == 0 { text } else { &spaced }),
        ..Facts::default()
    };
    let script = Variables::of(&facts).script;
    assert!(!script.is_some_and(|name| name.starts_with('-')));
    let classification = BUILTIN.classify(&facts);
    let explanation = BUILTIN.explain(&facts);
    if let Some(class) = classification.class() {
        assert_eq!(*class, explanation.class);
    }
    lines_of_a_report(&explanation.to_string());
    lines_of_a_report(&known(&facts));
    assert_eq!(display_name(comm).chars().find(|c| c.is_control()), None);
    // Each makes classifiers, which takes long.
    if typed % 64 == 62 {
        if let Some(rule) = suggest(&facts, "local") {
            let rules = Rules::parse(&rule, "suggested").unwrap_or_else(|e| panic!("{e}: {rule}"));
            assert!(
                Classifier::new(rules).classify(&facts).class().is_some(),
                "{rule}"
            );
        }
        for suggestion in suggest_templates(&[facts], &[facts]) {
            if let Err(error) = Rules::parse(&suggestion.rule, "suggested") {
                panic!("{error}: {}", suggestion.rule);
            }
        }
    }
}

/// A rule file.
pub fn rules(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let rules = match Rules::parse(text, "rules.toml") {
        Ok(rules) => rules,
        Err(error) => return one_line(&error.to_string()),
    };
    let written = rules.to_toml();
    let again = Rules::parse(&written, "rules.toml").unwrap_or_else(|e| panic!("{e}: {written}"));
    assert_eq!(without_origins(&rules), without_origins(&again));
    let warnings = rules.lint();
    warnings
        .iter()
        .map(Warning::to_string)
        .for_each(|line| one_line(&line));
    assert!(Warning::digest(&warnings, 3).len() <= warnings.len() + 1);
    let classifier = Classifier::new(rules);
    for name in ["nginx", "java", "a", ""] {
        let facts = Facts {
            comm: name.as_bytes(),
            cmdline: Some(b"/usr/bin/java\0-jar\0/srv/a.jar\0"),
            exe: Some(b"/usr/bin/java"),
            cgroup: Some(b"0::/system.slice/a.service\n"),
            user: Some("root"),
            parent_comm: Some(b"bash"),
        };
        let class = classifier.classify(&facts).class().cloned();
        let explanation = classifier.explain(&facts);
        assert!(class.is_none_or(|class| class == explanation.class));
    }
}

/// The rules as text, without the comment before each that says where it is from.
fn without_origins(rules: &Rules) -> Vec<String> {
    let texts = rules.iter().map(|rule| rule.to_toml());
    texts
        .map(|text| {
            text.split_once('\n')
                .map_or_else(String::new, |(_, rule)| rule.to_owned())
        })
        .collect()
}

/// The configuration of a process-exporter.
pub fn import(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Import::process_exporter(text, "exporter.yml") {
        Err(error) => one_line(&error.to_string()),
        Ok(import) => {
            let rules = Rules::parse(&import.text, "imported.toml");
            let rules = rules.unwrap_or_else(|error| panic!("{error}: {}", import.text));
            for rule in rules.iter() {
                assert_eq!(rule.group(), "imported", "{}", import.text);
            }
            for remark in &import.remarks {
                one_line(&remark.to_string());
                let is_said =
                    ["# Note: ", " is left out: "].map(|words| import.text.contains(words));
                assert!(remark.kind == RemarkKind::Ignored || is_said != [false, false]);
            }
        }
    }
}

/// What goes to the terminal and the log as a line is one.
fn one_line(text: &str) {
    assert_eq!(text.chars().find(|c| c.is_control()), None, "{text:?}");
}

/// What goes to the terminal holds no control characters that a process has chosen.
fn lines_of_a_report(text: &str) {
    text.lines().for_each(one_line);
}
