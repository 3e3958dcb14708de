//! The constraints of a rule, and the variable that goes with them.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use herakles_classify::{Classifier, Facts, Rules};

/// The class of a process by its name and the arguments of its command line.
fn class(rule: &str, comm: &str, arguments: &[&str]) -> Option<String> {
    let rules = format!("[[subgroups]]\ngroup = 'g'\n{rule}\n");
    let classifier = Classifier::new(Rules::parse(&rules, "test.toml").unwrap());
    let cmdline: String = arguments.iter().map(|it| format!("{it}\0")).collect();
    let facts = Facts {
        comm: comm.as_bytes(),
        cmdline: Some(cmdline.as_bytes()),
        ..Facts::default()
    };
    let classification = classifier.classify(&facts);
    let explained = classifier.explain(&facts).matched.is_some();
    assert_eq!(
        explained,
        classification.rule().is_some(),
        "explain says the same"
    );
    classification
        .class()
        .map(|class| class.subgroup.to_string())
}

fn check(rule: &str, cases: &[(&str, &[&str], bool)]) {
    for (comm, arguments, expected) in cases {
        let found = class(&format!("subgroup = 's'\n{rule}"), comm, arguments);
        assert_eq!(found.is_some(), *expected, "{rule}: {comm} {arguments:?}");
    }
}

#[test]
fn names_hold_for_the_name_whatever_pattern_matches() {
    check(
        "cmdline_matches = ['queue']\nnames = ['python*', 'kube-controller-manager']",
        &[
            ("python3", &["python3", "queue"], true),
            ("python3", &["python3", "mail"], false),
            ("ruby", &["ruby", "queue"], false),
            // A long name is compared in full, as it is by `matches`.
            (
                "kube-controller",
                &["/usr/bin/kube-controller-manager", "queue"],
                true,
            ),
            (
                "kube-controller",
                &["/usr/bin/kube-controller-x", "queue"],
                false,
            ),
        ],
    );
}

#[test]
fn argv0_is_the_first_argument_or_its_file_name() {
    check(
        "matches = ['*']\nargv0 = ['nginx', '/opt/*/bin/run', 'pg: *']",
        &[
            ("x", &["nginx"], true),
            ("x", &["/usr/sbin/nginx", "-g"], true),
            ("x", &["./nginx"], true),
            ("x", &["/usr/sbin/nginx-debug"], false),
            ("nginx", &["/bin/sh", "nginx"], false),
            ("x", &["/opt/a/bin/run"], true),
            ("x", &["run"], false),
            // One argument may hold blanks, as titles do.
            ("x", &["pg: writer process"], true),
            ("x", &["pg:", "writer"], false),
            ("nginx", &[""], false),
            ("nginx", &[], false),
        ],
    );
}

#[test]
fn every_expression_of_cmdline_all_matches() {
    check(
        "matches = ['java']\ncmdline_all = ['-Dapp=shop', ' -server( |$)', '^(?:/\\S*/)?java ']",
        &[
            ("java", &["java", "-server", "-Dapp=shop"], true),
            ("java", &["/usr/bin/java", "-Dapp=shop", "-server"], true),
            ("java", &["java", "-Dapp=shop"], false),
            ("java", &["javac", "-Dapp=shop", "-server"], false),
            ("python3", &["java", "-server", "-Dapp=shop"], false),
            ("java", &[], false),
        ],
    );
    // Two may need the same words.
    check(
        "matches = ['*']\ncmdline_all = ['app=(a|b)', 'app=[b-d]']",
        &[
            ("x", &["x", "app=b"], true),
            ("x", &["x", "app=a"], false),
            ("x", &["x", "app=c"], false),
        ],
    );
}

#[test]
fn a_rule_that_only_constrains_is_no_rule() {
    let error = Rules::parse(
        "[[subgroups]]\ngroup = 'g'\nsubgroup = 's'\nnames = ['a']",
        "f",
    )
    .unwrap_err();
    assert!(
        error.to_string().starts_with("f:1:1: a rule needs matches"),
        "{error}"
    );
}

#[test]
fn argv0_is_a_variable_too() {
    let base = |comm, arguments| class("subgroup = '{argv0}'\nmatches = ['*']", comm, arguments);
    for (comm, arguments, expected) in [
        ("x", &["/usr/sbin/nginx", "-g"][..], "nginx"),
        ("x", &["gunicorn: master [app]"], "gunicorn: master [app]"),
        // Who has no command line is known by its name alone.
        ("x", &[], "x"),
        ("x", &["/usr/"], "unknown"),
    ] {
        assert_eq!(base(comm, arguments).unwrap(), expected);
    }
    let captured = class(
        "subgroup = '{app}'\nmatches = ['*']\ncmdline_all = ['-x', 'app=(?P<app>[a-z]+)']",
        "java",
        &["java", "-x", "app=shop"],
    );
    assert_eq!(captured.unwrap(), "shop");
}
