//! Rule files: what loads, and what is said of those that do not.

use herakles_classify::{RuleErrorKind, Rules};
use proptest::prelude::*;

#[test]
fn every_mistake_has_its_place_and_sentence() {
    use RuleErrorKind::*;
    let rule = |rest: &str| format!("[[subgroups]]\ngroup = 'g'\nsubgroup = 's'\n{rest}\n");
    for (text, kind, expected) in [
        (
            "x = ".to_owned(),
            Syntax,
            "f:1:5: string values must be quoted, expected literal string",
        ),
        (
            "[[subgroup]]\n".to_owned(),
            UnknownKey,
            "f:1:3: unknown key subgroup, the nearest known one is subgroups",
        ),
        (
            "zzz = 1\n".to_owned(),
            UnknownKey,
            "f:1:1: unknown key zzz, known are subgroups",
        ),
        (
            rule("matchs = ['a']"),
            UnknownKey,
            "f:4:1: unknown key matchs, the nearest known one is matches",
        ),
        (
            rule("  cmdline_match = ['a']"),
            UnknownKey,
            "f:4:3: unknown key cmdline_match, the nearest known one is cmdline_matches",
        ),
        (
            "subgroups = [\n  { group = 'g', matches = ['a'] },\n]".to_owned(),
            MissingKey,
            "f:2:3: a rule needs subgroup",
        ),
        (
            "\n[[subgroups]]\nsubgroup = 's'".to_owned(),
            MissingKey,
            "f:2:1: a rule needs group",
        ),
        (
            rule(""),
            EmptyRule,
            "f:1:1: a rule needs matches, cmdline_matches or exe_matches (matches = [\"*\"] leaves the choice to its constraints)",
        ),
        (
            rule("matches = []\nusers = ['a']"),
            EmptyRule,
            "f:1:1: a rule needs matches, cmdline_matches or exe_matches (matches = [\"*\"] leaves the choice to its constraints)",
        ),
        (
            rule("matches = ['a', '']"),
            EmptyPattern,
            "f:4:17: matches holds an empty string",
        ),
        (
            rule("matches = 'a'"),
            BadValue,
            "f:4:11: matches must be a list, not a string, write matches = [\"a\"]",
        ),
        (
            rule("matches = ['a', 1]"),
            BadValue,
            "f:4:17: matches takes strings, not an integer",
        ),
        (
            "subgroups = 1".to_owned(),
            BadValue,
            "f:1:13: subgroups must be a list, not an integer",
        ),
        (
            "[subgroups]\ngroup = 'g'".to_owned(),
            BadValue,
            "f:1:1: subgroups must be a list, not a table, write [[subgroups]]",
        ),
        (
            "subgroups = ['x']".to_owned(),
            BadValue,
            "f:1:14: every item of subgroups must be a table",
        ),
        (
            rule("matches = ['a']\ninherit = 'yes'"),
            BadValue,
            "f:5:11: inherit must be true or false",
        ),
        (
            rule("matches = ['a']\nmax_values = 5"),
            BadValue,
            "f:5:1: max_values needs {variables} in group or subgroup",
        ),
        (
            "subgroups = [{ group = 'g', subgroup = '{comm}', matches = ['a'], max_values = 0 }]"
                .to_owned(),
            BadValue,
            "f:1:80: max_values must be an integer from 1 to 10000",
        ),
        (
            "subgroups = [{ group = 'g', subgroup = '{comm}', matches = ['a'], always = true }]"
                .to_owned(),
            BadValue,
            "f:1:67: always needs a group and subgroup without {variables}",
        ),
        (
            rule("matches = ['ok',\n  'a[b']"),
            BadGlob,
            "f:5:3: bad glob in matches: [ has no closing ] (write [[] for the character itself)",
        ),
        (
            rule("exe_matches = ['/x/{a,b}']"),
            BadGlob,
            "f:4:16: bad glob in exe_matches: braces are not supported, write one pattern for each alternative (or [{] for the character itself)",
        ),
        (
            rule("matches = ['a']\ncgroups = ['[']"),
            BadGlob,
            "f:5:12: bad glob in cgroups: [ has no closing ] (write [[] for the character itself)",
        ),
        (
            rule("cmdline_matches = ['\u{e4}', 'b(c']"),
            BadRegex,
            "f:4:25: bad regular expression in cmdline_matches: unclosed group at its character 2",
        ),
        (
            rule("cmdline_matches = ['(?=x)']"),
            BadRegex,
            "f:4:20: bad regular expression in cmdline_matches: look-around, including look-ahead and look-behind, is not supported at its character 1",
        ),
        (
            "subgroups = [{ group = 'g', subgroup = '{com}', matches = ['a'] }]".to_owned(),
            BadTemplate,
            "f:1:40: unknown variable {com}, the nearest known one is {comm}",
        ),
        (
            "subgroups = [{ group = '{', subgroup = 's', matches = ['a'] }]".to_owned(),
            BadTemplate,
            "f:1:24: bad group: { has no closing }",
        ),
        (
            "subgroups = [{ group = 'g', subgroup = 's}', matches = ['a'] }]".to_owned(),
            BadTemplate,
            "f:1:40: bad subgroup: } has no opening {",
        ),
        (
            "subgroups = [{ group = 'g', subgroup = '{}', matches = ['a'] }]".to_owned(),
            BadTemplate,
            "f:1:40: bad subgroup: {} names no variable",
        ),
    ] {
        let error = Rules::parse(&text, "f").expect_err(&text);
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.kind, kind, "{expected}");
    }
}

#[test]
fn both_forms_are_the_same() {
    let tables = "
[[subgroups]]
group = 'db'
subgroup = 'postgres'
matches = ['postgres', 'pg_*']

[[subgroups]]
group = 'web'
subgroup = 'app'
cmdline_matches = ['--app ']
";
    let inline = "# as the Herakles original writes it
subgroups = [
  { group = 'db', subgroup = 'postgres', matches = ['postgres', 'pg_*'] },
  { group = 'web', subgroup = 'app', matches = [], cmdline_matches = ['--app '] },
]
";
    let [tables, inline] = [tables, inline].map(|text| {
        Rules::parse(text, "f")
            .unwrap()
            .iter()
            .map(|rule| {
                let names: Vec<_> = rule.matches().map(str::to_owned).collect();
                let cmdlines: Vec<_> = rule.cmdline_matches().map(str::to_owned).collect();
                (rule.class().unwrap().clone(), names, cmdlines)
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(tables, inline);
}

#[test]
fn origins_are_the_lines_of_the_rules() {
    let mut rules = Rules::parse(
        "subgroups = [\n { group = 'a', subgroup = 'b', matches = ['c'] },\n\n { group = 'd', subgroup = 'e', matches = ['f'] } ]",
        "/etc/one.toml",
    )
    .unwrap();
    rules.append(
        Rules::parse(
            "\n\n[[subgroups]]\ngroup = 'x'\nsubgroup = 'y'\nmatches = ['z']",
            "two",
        )
        .unwrap(),
    );
    let origins: Vec<_> = rules.iter().map(|rule| rule.origin().to_string()).collect();
    assert_eq!(origins, ["/etc/one.toml:2", "/etc/one.toml:4", "two:3"]);
}

#[test]
fn the_built_in_rules_load() {
    assert!(!Rules::builtin().is_empty());
}

#[test]
fn an_empty_file_holds_no_rules() {
    assert!(Rules::parse("", "f").unwrap().is_empty());
    assert!(
        Rules::parse("# nothing yet\nsubgroups = []\n", "f")
            .unwrap()
            .is_empty()
    );
}

proptest! {
    /// A file damaged anywhere loads or is refused with a place inside it, in one line.
    #[test]
    fn damage_is_named_with_its_place(
        at in any::<prop::sample::Index>(),
        length in 0usize..6,
        damage in "[ -~\\n\u{e9}]{0,6}",
    ) {
        let text = "[[subgroups]]\ngroup = 'g-{user}'\nsubgroup = '{queue}'\nmatches = ['a[b-c]*', \"d\"]\n\
                    cmdline_matches = ['^x(?<queue>\\w+)\\.py ']\nusers = ['u']\ninherit = true\nmax_values = 7\n";
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        let damaged = [&text[..start], &damage, &text[end..]].concat();
        if let Err(error) = Rules::parse(&damaged, "f") {
            let lines: Vec<&str> = damaged.split('\n').collect();
            let line = lines[error.line as usize - 1];
            prop_assert!(error.column as usize <= line.chars().count() + 1, "{error}");
            prop_assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}

#[test]
fn names_of_classes_can_be_shown_as_they_are() {
    let text = "subgroups = [{ group = \"a\\u0000b\", subgroup = \"c\\n{comm}\\u202e\", matches = ['x'] }]";
    let rules = Rules::parse(text, "f").unwrap();
    let rule = rules.iter().next().unwrap();
    assert_eq!(rule.group(), "a\u{fffd}b");
    assert_eq!(rule.subgroup(), "c\u{fffd}{comm}\u{fffd}");
}
