//! Configurations of process-exporter and the rules they become.

use herakles_classify::{Classifier, Facts};
use proptest::prelude::*;

use super::*;

/// What stands below the header for these items of `process_names`.
fn converted(entries: &str) -> String {
    let yaml = format!("process_names:\n{entries}");
    let text = convert(&yaml, "pe.yml").unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    Rules::parse(&text, "imported").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let (_, rules) = text.split_once("\n\n").unwrap();
    rules.to_owned()
}

fn check(entries: &str, expected: &str) {
    assert_eq!(converted(entries), expected, "{entries}");
}

/// The subgroup of a process under the converted rules.
fn subgroup(entries: &str, comm: &str, cmdline: &str) -> String {
    let rules = Rules::parse(&converted(entries), "imported").unwrap();
    let cmdline = cmdline.replace(' ', "\0");
    let decision = Classifier::new(rules).classify(&Facts {
        comm: comm.as_bytes(),
        cmdline: Some(cmdline.as_bytes()),
        ..Facts::default()
    });
    let class = decision.class().map(|class| class.subgroup.to_string());
    class.unwrap_or_default()
}

#[test]
fn names_of_processes_are_the_same_here() {
    check(
        "- name: shells\n  comm: [bash, 'z*h', '[odd]']\n",
        r#"# From line 2.
[[subgroups]]
group = "imported"
subgroup = "shells"
matches = ["bash", "z[*]h", "[[]odd]"]
inherit = true
"#,
    );
    check(
        "- name: '{{.Comm}}'\n  comm: [cron]\n- name: 'x-{{.Comm}}'\n  comm: [a, b]\n",
        r#"# From line 2.
[[subgroups]]
group = "imported"
subgroup = "cron"
matches = ["cron"]
inherit = true

# From line 4.
[[subgroups]]
group = "imported"
subgroup = "x-{comm}"
matches = ["a", "b"]
inherit = true
"#,
    );
}

#[test]
fn the_first_argument_is_matched_on_the_command_line() {
    check(
        "- exe: [/usr/sbin/nginx]\n",
        r#"# From line 2.
[[subgroups]]
group = "imported"
subgroup = "nginx"
cmdline_matches = ["^/usr/sbin/nginx(?: |$)"]
inherit = true
"#,
    );
    check(
        "- exe: [postgres, /opt/x/ruby]\n",
        r#"# From line 2.
[[subgroups]]
group = "imported"
subgroup = "{program}"
cmdline_matches = ["^(?:[^ ]*/)?(?P<program>postgres)(?: |$)", "^/opt/x/(?P<program>ruby)(?: |$)"]
inherit = true
"#,
    );
    let either = "- exe: [postgres, /opt/x/ruby]\n  cmdline: [main]\n";
    assert_eq!(subgroup(either, "x", "/opt/x/ruby main.rb"), "ruby");
    assert_eq!(
        subgroup(either, "x", "/usr/bin/postgres -D main"),
        "postgres"
    );
    let several = "- name: web\n  exe: [nginx, httpd, /opt/x/caddy]\n";
    for (cmdline, expected) in [
        ("nginx", "web"),
        ("/usr/sbin/httpd -k start", "web"),
        ("/opt/x/caddy run", "web"),
        ("/usr/bin/caddy run", ""),
        ("nginx-debug", ""),
        ("vim nginx", ""),
    ] {
        assert_eq!(subgroup(several, "x", cmdline), expected, "{cmdline}");
    }
}

#[test]
fn groups_of_expressions_become_variables() {
    check(
        r"- name: '{{.ExeBase}}:{{.Matches.Cfgfile}}'
  exe: [/usr/local/bin/process-exporter]
  cmdline: ['-config\.path\s+(?P<Cfgfile>\S+)']
",
        r#"# From line 2.
[[subgroups]]
group = "imported"
subgroup = "process-exporter:{Cfgfile}"
cmdline_matches = ['^/usr/local/bin/process-exporter (?s:.*)(?:-config\.path\s+(?P<Cfgfile>\S+))']
inherit = true
"#,
    );
    // A name that would be taken for a variable of ours.
    let colliding =
        "- name: '{{ index .Matches \"user\" }}'\n  cmdline: ['--user=(?P<user>[a-z]+)']\n";
    assert_eq!(subgroup(colliding, "x", "x --user=eva"), "eva");
}

#[test]
fn all_selectors_must_match() {
    let java = "- name: shop\n  comm: [java]\n  cmdline: ['-Dapp=shop', ' -server( |$)']\n";
    for (cmdline, expected) in [
        ("/usr/bin/java -Dapp=shop -server", "shop"),
        ("java -server -Dapp=shop", "shop"),
        ("java -Dapp=shop", ""),
        ("java -server", ""),
        ("javac -Dapp=shop -server", ""),
    ] {
        assert_eq!(subgroup(java, "java", cmdline), expected, "{cmdline}");
    }
    let text = converted(java);
    assert!(text.contains("# Note: comm is compared with"), "{text}");
    assert!(
        text.contains("# Note: its expressions must match side by side"),
        "{text}"
    );

    let anchored = "- name: a\n  exe: [java]\n  cmdline: ['^/usr/bin/java .*Foo']\n";
    assert_eq!(subgroup(anchored, "java", "/usr/bin/java x.Foo"), "a");
    let several = "- exe: [a, b]\n  cmdline: ['^x']\n- comm: [a, b]\n  cmdline: [x]\n";
    let text = converted(several);
    assert!(text.contains("subgroup = \"{exe}\"\n"), "{text}");
    assert!(text.contains("subgroup = \"{program}\"\n"), "{text}");
    assert!(converted(anchored).contains("# Note: an expression that begins with ^ decides alone"));
}

#[test]
fn what_has_no_equivalent_is_said() {
    check(
        "- name: '{{.Comm}}-{{.PID}}'\n  comm: [a, b]\n",
        r#"# From line 2.
# Note: {{.PID}} is dropped: herakles_process_* have every process by its pid
[[subgroups]]
group = "imported"
subgroup = "{comm}"
matches = ["a", "b"]
inherit = true
"#,
    );
    for (name, expected, note) in [
        ("{{.StartTime}}", "{comm}", "nothing is left of the name"),
        ("u-{{- .Username -}} x", "u-{user}x", ""),
        ("{{.Cgroups}}", "{unit}", "{container} and {pod}"),
        ("{{.ExeFull}}", "{exe}", "without its folder"),
        ("{{.ExeBase}}", "{comm}", "first argument there"),
        (
            "{{.Matches.no}}/{{.Comm}}",
            "{comm}",
            "no expression of the entry",
        ),
        ("a {{if .Comm}}b{{end}} {c}", "a b _c", "nothing like it"),
        ("a {{.Comm", "a __.Comm", ""),
    ] {
        let text = converted(&format!("- name: '{name}'\n  comm: [a, b]\n"));
        assert!(
            text.contains(&format!("subgroup = \"{expected}\"\n")),
            "{text}"
        );
        assert!(text.contains(note), "{text}");
    }
}

#[test]
fn what_cannot_be_said_is_left_out_with_its_reason() {
    check(
        "- name: a\n  cmdline: [a, b, c, d]\n- name: b\n  cmdline: ['x(?=y)']\n",
        "# Line 2 is left out: all of its 4 expressions must match, and rules can say that of 3 at \
         most\n#   name: \"a\"\n#   cmdline: [\"a\", \"b\", \"c\", \"d\"]\n\n\
         # Line 4 is left out: bad regular expression in cmdline_matches: look-around, including \
         look-ahead and look-behind, is not supported at its character 2\n\
         #   name: \"b\"\n#   cmdline: [\"x(?=y)\"]\n",
    );
}

#[test]
fn what_is_no_configuration_is_refused_with_its_place() {
    for (yaml, expected) in [
        (
            "process_names:\n- name: x\n",
            "pe.yml:2:3: the entry selects nothing",
        ),
        (
            "process_names:\n- name: x\n  com: [a]\n",
            "pe.yml:3:3: unknown field `com`, expected one of",
        ),
        ("process_names:\n- comm: a\n", "pe.yml:2:9: "),
        ("process_names: [\n", "pe.yml:1:16: unclosed bracket '['"),
        ("scrape_configs: []\n", "pe.yml:1:1: "),
        ("", "pe.yml:1:1: "),
    ] {
        let error = convert(yaml, "pe.yml").unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains('\n'), "{error}");
        assert!(!error.contains(" at line"), "{error}");
    }
}

const WORDS: [&str; 6] = ["-Dapp=x", "--role", "serve", "/srv/a.jar", "7000", "tail"];

/// What process-exporter does with plain expressions: all selectors must match.
fn reference(exe: &[&str], cmdline: &[&str], arguments: &[&str]) -> bool {
    let first = arguments[0];
    let base = first.rsplit('/').next().unwrap();
    let exe_matches = exe.iter().any(|exe| {
        if exe.contains('/') {
            *exe == first
        } else {
            *exe == base
        }
    });
    let line = arguments.join(" ");
    (exe.is_empty() || exe_matches) && cmdline.iter().all(|words| line.contains(words))
}

fn quoted(items: &[&str]) -> String {
    let items: Vec<String> = items.iter().map(|it| format!("'{it}'")).collect();
    items.join(", ")
}

proptest! {
    // Each case compiles expressions.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_converted_rule_matches_what_all_selectors_match(
        exe in prop::sample::subsequence(vec!["java", "/opt/x/run", "node"], 0..=3),
        cmdline in prop::sample::subsequence(WORDS.to_vec(), 0..=3).prop_shuffle(),
        first in prop::sample::select(vec!["java", "/usr/bin/java", "/opt/x/run", "run", "nodes"]),
        rest in prop::sample::subsequence(WORDS.to_vec(), 0..=6).prop_shuffle(),
    ) {
        prop_assume!(!exe.is_empty() || !cmdline.is_empty());
        let entry = format!(
            "- name: hit\n  exe: [{}]\n  cmdline: [{}]\n",
            quoted(&exe),
            quoted(&cmdline)
        );
        let arguments: Vec<&str> = [first].into_iter().chain(rest).collect();
        let expected = if reference(&exe, &cmdline, &arguments) { "hit" } else { "" };
        prop_assert_eq!(subgroup(&entry, "any", &arguments.join(" ")), expected, "{}", entry);
    }

    #[test]
    fn any_entry_becomes_rules_that_load(
        name in "[a-z{}. \"'-]{0,12}|\\PC{0,8}|\\{\\{\\.(Comm|PID|Matches\\.a)\\}\\}",
        comm in prop::collection::vec("\\PC{0,6}", 0..3),
        exe in prop::collection::vec("[a-z/*({\\\\]{0,6}", 0..3),
        cmdline in prop::collection::vec("[a-z()|^$*+?\\\\\\[{<>P ]{0,12}|\\(\\?P<a>x\\)", 0..4),
    ) {
        prop_assume!(!(comm.is_empty() && exe.is_empty() && cmdline.is_empty()));
        // JSON is YAML too.
        let entry = serde_json::json!({ "name": name, "comm": comm, "exe": exe, "cmdline": cmdline });
        let yaml = format!("process_names:\n- {entry}\n");
        if let Ok(text) = convert(&yaml, "pe.yml") {
            let rules = Rules::parse(&text, "imported");
            prop_assert!(rules.is_ok(), "{:?}\n{}", rules, text);
        }
    }

    #[test]
    fn any_text_is_converted_or_refused(text in "(process_names:)?[ \n\\-a-z:\\[\\]{}&*'\"]{0,60}") {
        let _ = convert(&text, "pe.yml");
    }
}
