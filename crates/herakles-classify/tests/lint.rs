//! What is suspicious in rules, and what is not.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use herakles_classify::{Rules, Warning, WarningKind};

fn warnings(text: &str) -> Vec<String> {
    Rules::parse(text, "f")
        .unwrap()
        .lint()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn rule(patterns: &str) -> String {
    format!("[[subgroups]]\ngroup = 'g'\nsubgroup = 's'\n{patterns}\n")
}

#[test]
fn repeated_and_unreachable_patterns() {
    for (first, second, expected) in [
        (
            "matches = ['a']",
            "matches = ['b', 'a']",
            "f:8: pattern \"a\" stands at f:4 already",
        ),
        (
            "matches = ['a*']",
            "matches = ['ab']",
            "f:8: pattern \"ab\" is never reached, \"a*\" at f:4 catches it all",
        ),
        (
            "matches = ['a*']",
            "matches = ['ab?c*']",
            "f:8: pattern \"ab?c*\" is never reached, \"a*\" at f:4 catches it all",
        ),
        (
            "matches = ['*_exporter']",
            "matches = ['p*_exporter']",
            "f:8: pattern \"p*_exporter\" is never reached, \"*_exporter\" at f:4 catches it all",
        ),
        (
            "matches = ['kube-controller']",
            "matches = ['kube-controller-manager']",
            "f:8: pattern \"kube-controller-manager\" is never reached, \"kube-controller\" at f:4 catches it all",
        ),
        (
            "exe_matches = ['/opt/*']",
            "exe_matches = ['/opt/x/*']",
            "f:8: pattern \"/opt/x/*\" is never reached, \"/opt/*\" at f:4 catches it all",
        ),
        (
            "cmdline_matches = ['abc']",
            "cmdline_matches = ['abc']",
            "f:8: pattern \"abc\" stands at f:4 already",
        ),
        (
            "matches = ['*']",
            "cmdline_matches = ['abc']",
            "f:5: the rule for g/s is never reached, \"*\" at f:4 catches every process",
        ),
        (
            "matches = ['a']\nusers = ['u']",
            "matches = ['a']\nusers = ['u']",
            "f:9: pattern \"a\" stands at f:4 already",
        ),
        (
            "matches = ['x']",
            "matches = ['a',\n 'a']",
            "f:9: pattern \"a\" stands at f:8 already",
        ),
    ] {
        assert_eq!(warnings(&(rule(first) + &rule(second))), [expected]);
    }
    for (first, second) in [
        ("matches = ['a']\nusers = ['u']", "matches = ['a']"),
        (
            "matches = ['a']",
            "exe_matches = ['/a']\ncmdline_matches = ['a']",
        ),
        ("matches = ['ab*']", "matches = ['a*']"),
        (
            "matches = ['kube-controller-manager']",
            "matches = ['kube-controller']",
        ),
        ("matches = ['*']\nusers = ['u']", "matches = ['a']"),
        ("matches = ['*']\nnames = ['u']", "matches = ['a']"),
        ("matches = ['*']\nargv0 = ['u']", "matches = ['a']"),
        ("matches = ['*']\ncmdline_all = ['u']", "matches = ['a']"),
    ] {
        assert!(
            warnings(&(rule(first) + &rule(second))).is_empty(),
            "{first} {second}"
        );
    }
}

#[test]
fn patterns_that_match_nothing_or_everything() {
    for (patterns, expected) in [
        (
            "matches = ['/usr/bin/something']",
            "a name this long is compared with file names, which hold no /",
        ),
        (
            "exe_matches = ['nginx']",
            "paths of executables start with /",
        ),
        (
            "matches = ['a']\ncgroups = ['system.slice/*']",
            "paths of control groups start with /",
        ),
        (
            "matches = ['a']\nparents = ['containerd-shim-runc-v2']",
            "names of parents are known by their first 15 bytes",
        ),
        (
            "cmdline_matches = ['x[^\\x00-\\xff]']",
            "nothing is at once all that it asks for",
        ),
        (
            "cmdline_matches = ['(a{100}){50}']",
            "only the first 4 KiB of a command line are looked at",
        ),
        (
            "cmdline_matches = ['java\\x00-jar']",
            "NULs in command lines are seen as spaces",
        ),
        (
            "matches = ['a']\nnames = ['/usr/bin/something']",
            "a name this long is compared with file names, which hold no /",
        ),
        (
            "matches = ['a']\ncmdline_all = ['x', 'y[^\\x00-\\xff]']",
            "nothing is at once all that it asks for",
        ),
    ] {
        let found = Rules::parse(&rule(patterns), "f").unwrap().lint();
        let [warning] = found.as_slice() else {
            panic!("{patterns}: {found:?}")
        };
        assert_eq!(warning.kind, WarningKind::Unmatchable);
        assert!(warning.message.ends_with(expected), "{warning}");
    }
    assert_eq!(
        warnings(&rule("cmdline_matches = ['a*']")),
        ["f:4: pattern \"a*\" matches every command line"]
    );
    for patterns in [
        "matches = ['kube-controller-manager', 'kworker/0:1']",
        "exe_matches = ['*/nginx', '?usr/*', '[/]x']",
        "cmdline_matches = ['^a*$', 'abc']",
    ] {
        assert!(warnings(&rule(patterns)).is_empty(), "{patterns}");
    }
}

#[test]
fn everything_is_known_in_all_its_forms() {
    for everything in [
        ".+", "^.", ".", "^.+", ".*", "^.*", "^.*$", ".+$", "^(.|..)+", "(?s).", "^[^x]|x",
    ] {
        let all = rule(&format!("cmdline_matches = ['{everything}']"));
        let found = warnings(&(all + &rule("matches = ['a']")));
        assert_eq!(
            found,
            [
                format!("f:4: pattern {everything:?} matches every command line"),
                format!(
                    "f:5: the rule for g/s is never reached, {everything:?} at f:4 catches every \
                     process with a command line"
                ),
            ]
        );
    }
    for something in [
        "^.$", "^..?$", ". ", "^[^-]", "a?b", r"\b", r"^\S", "^[!-~]", "..+",
    ] {
        let some = rule(&format!("cmdline_matches = ['{something}']"));
        let found = warnings(&(some + &rule("matches = ['a']")));
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn a_rule_that_hides_hundreds_of_built_in_ones_is_one_warning() {
    let hiding = |patterns: &str| -> Vec<String> {
        let rules = Rules::parse(&rule(patterns), "f").unwrap();
        let warnings = rules.lint_before(&Rules::builtin());
        let warnings = warnings.iter().filter(|it| it.kind == WarningKind::Hiding);
        warnings.map(ToString::to_string).collect()
    };
    let builtin = Rules::builtin().len();
    for patterns in ["matches = ['*']", "cmdline_matches = ['.+']"] {
        let found = hiding(patterns);
        assert_eq!(found.len(), 1, "{patterns}: {found:?}");
        let count = format!("f:4: the rule for g/s leaves nothing to {builtin} of the {builtin} ");
        assert!(found[0].starts_with(&count), "{found:?}");
    }
    assert_eq!(hiding("matches = ['[a-m]*', '[n-z]*']").len(), 1);
    assert_eq!(hiding("matches = ['x*']").len(), 0);
    assert_eq!(hiding("matches = ['?*']").len(), 1);
    assert_eq!(hiding("matches = ['*']\nusers = ['ann']").len(), 0);
    assert_eq!(hiding("matches = ['*']\nfallback = true").len(), 0);
    assert_eq!(hiding("matches = ['nginx', 'java']").len(), 0);
}

#[test]
fn ten_thousand_warnings_are_a_few_lines() {
    let patterns: String = (0..10_200).map(|_| rule("matches = ['same']")).collect();
    let rules = Rules::parse(&patterns, "f").unwrap();
    let warnings = rules.lint();
    assert_eq!(warnings.len(), 10_199);
    let lines = Warning::digest(&warnings, 10);
    assert_eq!(lines.len(), 11);
    assert_eq!(
        lines[10],
        "and 10189 more patterns that stand somewhere already"
    );
    assert_eq!(Warning::digest(&warnings[..10], 10).len(), 10);
}

#[test]
fn users_may_take_what_built_in_rules_would_have_caught() {
    let mut rules = Rules::parse(&rule("matches = ['nginx', 'java', 'postgres']"), "mine").unwrap();
    rules.append(Rules::builtin());
    assert!(
        rules
            .lint()
            .iter()
            .all(|warning| &*warning.file != "mine" && !warning.message.contains("mine"))
    );
}

#[test]
fn rules_written_out_load_again() {
    let text = r#"
        [[subgroups]]
        group = "g-{user}"
        subgroup = "{NAME}-{OTHER}-{argv0}"
        matches = ["it's", 'a"b', 'back\slash', "[x]?*"]
        cmdline_matches = ['^a\.b (?<NAME>\w+)']
        exe_matches = ["/opt/*"]
        users = ["ann"]
        cgroups = ["/x*"]
        parents = ["p"]
        names = ["n*"]
        argv0 = ["/opt/a b/*"]
        cmdline_all = ['x\.y', '(?<OTHER>z)']
        fallback = true
        inherit = true
        max_values = 7
        [[subgroups]]
        group = "g"
        subgroup = "s"
        matches = ["m"]
        always = true
    "#;
    let rules = Rules::parse(text, "f").unwrap();
    let again = Rules::parse(&rules.to_toml(), "f").unwrap();
    let fields = |rules: &Rules| {
        let mut json = serde_json::to_value(rules).unwrap();
        for rule in json.as_array_mut().unwrap() {
            rule.as_object_mut().unwrap().remove("origin");
        }
        json
    };
    assert_eq!(fields(&rules), fields(&again));
    // The fallback comes last.
    assert_eq!(fields(&rules)[1]["max_values"], 7);
    assert_eq!(fields(&rules)[1]["fallback"], true);
    assert!(
        rules
            .to_toml()
            .contains("# f:2\n[[subgroups]]\ngroup = \"g-{user}\"\n")
    );
}
