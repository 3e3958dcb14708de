//! What becomes of the items of a process-exporter's configuration.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod properties;

use herakles_classify::{Classifier, Facts, Import, RemarkKind, Rules};

fn import(items: &str) -> Import {
    let yaml = format!("process_names:\n{items}");
    let import =
        Import::process_exporter(&yaml, "pe.yml").unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    let text = &import.text;
    Rules::parse(text, "imported").unwrap_or_else(|error| panic!("{error}\n{text}"));
    import
}

/// What stands below the header for these items of `process_names`.
fn check(items: &str, expected: &str) {
    let import = import(items);
    let (_, rules) = import.text.split_once("\n\n").unwrap();
    assert_eq!(rules, expected, "{items}");
}

/// The remarks, without the part that all share.
fn remarks(items: &str) -> Vec<(RemarkKind, String)> {
    let remarks = import(items).remarks.into_iter();
    remarks.map(|it| (it.kind, it.to_string())).collect()
}

/// The subgroup of a process under the converted rules.
fn subgroup(items: &str, comm: &str, cmdline: &[&str]) -> String {
    let rules = Rules::parse(&import(items).text, "imported").unwrap();
    let cmdline: String = cmdline
        .iter()
        .map(|argument| format!("{argument}\0"))
        .collect();
    let classification = Classifier::new(rules).classify(&Facts {
        comm: comm.as_bytes(),
        cmdline: Some(cmdline.as_bytes()),
        user: Some("www-data"),
        ..Facts::default()
    });
    let class = classification
        .class()
        .map(|class| class.subgroup.to_string());
    class.unwrap_or_default()
}

#[test]
fn each_selector_has_its_key() {
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
        "- exe: [postgres, /opt/x/ruby]\n",
        r#"# From line 2.
[[subgroups]]
group = "imported"
subgroup = "{argv0}"
matches = ["*"]
argv0 = ["postgres", "/opt/x/ruby"]
inherit = true
max_values = 1000
"#,
    );
    check(
        r"- name: '{{.ExeBase}}:{{.Matches.Cfgfile}}'
  comm: [process-exporte]
  exe: [/usr/local/bin/process-exporter]
  cmdline: ['-config\.path\s+(?P<Cfgfile>\S+)', '.*', '[a&&b]']
",
        r#"# From line 2.
[[subgroups]]
group = "imported"
subgroup = "process-exporter:{Cfgfile}"
matches = ["process-exporte"]
argv0 = ["/usr/local/bin/process-exporter"]
cmdline_all = ['-config\.path\s+(?P<Cfgfile>\S+)', '[a\&\&b]']
inherit = true
max_values = 1000
"#,
    );
    check(
        "- name: '{{.Comm}}'\n  cmdline: ['.*']\n",
        r#"# From line 2.
[[subgroups]]
group = "imported"
subgroup = "{comm}"
matches = ["*"]
inherit = true
max_values = 1000
"#,
    );
}

#[test]
fn all_selectors_must_match() {
    let java = "- name: shop\n  comm: [java]\n  cmdline: ['-Dapp=(shop|x)', 'app=[s-z]', '^/']\n";
    for (cmdline, expected) in [
        (&["/usr/bin/java", "-Dapp=shop"][..], "shop"),
        (&["java", "-Dapp=shop"], ""),
        (&["/usr/bin/java", "-Dapp=y"], ""),
        (&[], ""),
    ] {
        assert_eq!(subgroup(java, "java", cmdline), expected, "{cmdline:?}");
    }
    assert_eq!(
        subgroup(java, "javac", &["/usr/bin/java", "-Dapp=shop"]),
        ""
    );
    assert_eq!(remarks(java), []);
}

#[test]
fn names_are_made_of_the_same_values() {
    for (name, comm, cmdline, expected) in [
        ("{{.Comm}}", "b", &["/x/c"][..], "b"),
        ("{{.ExeBase}}", "b", &["/x/c", "d"], "c"),
        ("", "b", &["/x/c", "d"], "c"),
        ("{{.ExeFull}}", "b", &["/x/c", "d"], "/x/c"),
        ("{{.ExeBase}}", "b", &[], "b"),
        ("u-{{- .Username -}} x", "b", &[], "u-www-datax"),
        ("{{/* why */}}a{{ \"b\" }}", "b", &[], "ab"),
    ] {
        let items = format!("- name: '{name}'\n  comm: [a, b]\n");
        assert_eq!(subgroup(&items, comm, cmdline), expected, "{name}");
    }
    // Names that would be taken for variables of ours, or are none.
    let colliding = "- name: '{{ index .Matches \"user\" }}-{{index .Matches \"1\"}}'\n  \
                     cmdline: ['--user=(?P<user>[a-z]+) (?P<1>.)(?P<user_>.)']\n";
    assert_eq!(
        subgroup(colliding, "x", &["x", "--user=eva", "yz"]),
        "eva-y"
    );
    // The last group of a name counts.
    let twice = "- name: '{{.Matches.a}}'\n  cmdline: ['-x(?P<a>.)', '-y(?P<a>.)']\n";
    assert_eq!(subgroup(twice, "x", &["x", "-x1", "-y2"]), "2");
}

#[test]
fn what_is_not_the_same_is_said_beside_the_rule_and_to_the_program() {
    for (items, kind, note) in [
        (
            "- name: '{{.Comm}}-{{.PID}}'\n  comm: [a, b]\n",
            RemarkKind::Differs,
            "{{.PID}} is dropped",
        ),
        (
            "- name: '{{.StartTime}}'\n  comm: [a, b]\n",
            RemarkKind::Differs,
            "{{.StartTime}} is dropped",
        ),
        (
            "- name: '{{.Cgroups}}'\n  comm: [a]\n",
            RemarkKind::Differs,
            "becomes {unit}",
        ),
        (
            "- name: '{{.ExeFull}}'\n  comm: [a]\n",
            RemarkKind::Differs,
            "up to its first blank",
        ),
        (
            "- name: 'a{b}'\n  comm: [a]\n",
            RemarkKind::Differs,
            "the braces in its name become _",
        ),
        (
            "- name: '{{.Matches.a}}'\n  comm: [a]\n",
            RemarkKind::Differs,
            "no expression has the group a",
        ),
        (
            "- name: '{{.Matches.a}}'\n  cmdline: ['x(?P<a>y)?']\n",
            RemarkKind::Differs,
            "empty there, and unknown here",
        ),
        (
            "- name: a\n  comm: [kube-controller-manager]\n",
            RemarkKind::Differs,
            "longer than 15 bytes",
        ),
        (
            "- name: a\n  exe: [/a/x, /b/x]\n",
            RemarkKind::Differs,
            "only the last counts there",
        ),
        (
            "- name: '{{if .Comm}}b{{end}}'\n  comm: [a]\n",
            RemarkKind::LeftOut,
            "{{if .Comm}} is dropped",
        ),
        (
            "- name: a\n  comm: [a]\n  exes: [b]\n",
            RemarkKind::Ignored,
            "\"exes\" means nothing",
        ),
    ] {
        let import = import(items);
        let remark = import.remarks.first().unwrap_or_else(|| panic!("{items}"));
        assert_eq!(remark.kind, kind, "{items}");
        assert!(remark.to_string().starts_with("pe.yml:2: "), "{remark}");
        assert!(remark.message.contains(note), "{remark}");
        let is_in_text = import
            .text
            .lines()
            .any(|line| line.starts_with("# Note: ") && line.contains(note));
        assert!(is_in_text || kind == RemarkKind::Ignored, "{}", import.text);
    }
    assert_eq!(
        remarks("- name: '{{.Comm}}-{{.PID}}'\n  comm: [a, b]\n"),
        [(
            RemarkKind::Differs,
            "pe.yml:2: \"{{.Comm}}-{{.PID}}\": {{.PID}} is dropped: herakles_process_* have every \
             process by its pid"
                .to_owned()
        )]
    );
}

#[test]
fn what_cannot_be_said_is_left_out_with_its_reason_and_the_rest_stays() {
    check(
        "- name: b\n  cmdline: ['y', 'x(?=y)']\n- name: c\n  comm: [c]\n",
        "# Line 2 is left out: its expression 2 has no equal here: Go knows nothing that begins with \
         (?=y\n#   name: \"b\"\n#   cmdline: [\"y\", \"x(?=y)\"]\n\n\
         # From line 4.\n[[subgroups]]\ngroup = \"imported\"\nsubgroup = \"c\"\nmatches = [\"c\"]\n\
         inherit = true\n",
    );
    for (items, reason) in [
        (
            "- name: b\n  comm: []\n",
            "a list without names matches nothing",
        ),
        ("- name: '{{.Comm'\n  comm: [a]\n", "no closing }}"),
        (
            "- name: b\n  cmdline: ['(a{1000}){1000}']\n",
            "it compiles to more than 1 MiB",
        ),
    ] {
        let remarks = remarks(items);
        let [(RemarkKind::LeftOut, remark)] = remarks.as_slice() else {
            panic!("{remarks:?}")
        };
        assert!(
            remark.contains("is left out: ") && remark.contains(reason),
            "{remark}"
        );
    }
}

#[test]
fn a_key_that_means_nothing_is_no_mistake() {
    let yaml = "global:\n  x: [1, {y: z}]\nprocess_names:\n- comm: [a]\nother: 3\n";
    let import = Import::process_exporter(yaml, "pe.yml").unwrap();
    let remarks: Vec<String> = import.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(
        remarks,
        [
            "pe.yml:1: \"global\" means nothing to process-exporter, nor here",
            "pe.yml:5: \"other\" means nothing to process-exporter, nor here",
        ]
    );
    assert!(
        import
            .remarks
            .iter()
            .all(|it| it.kind == RemarkKind::Ignored)
    );
}

#[test]
fn what_is_no_configuration_is_refused_with_its_place() {
    for (yaml, expected) in [
        (
            "process_names:\n- name: x\n",
            "pe.yml:2:3: the entry selects nothing: give it comm, exe or cmdline",
        ),
        (
            "process_names:\n- name: x\n  com: [a]\n",
            "pe.yml:2:3: the entry selects nothing: give it comm, exe or cmdline; it knows no \"com\"",
        ),
        (
            "process_names:\n- comm: [a]\n  comm: [b]\n",
            "pe.yml:3:3: \"comm\" stands twice in one mapping; keep the one that is meant",
        ),
        (
            "process_names: []\nprocess_names: []\n",
            "pe.yml:2:1: \"process_names\" stands twice",
        ),
        ("process_names:\n- comm: a\n", "pe.yml:2:9: "),
        ("process_names: [\n", "pe.yml:1:16: unclosed bracket '['"),
        (
            "scrape_configs: []\n",
            "pe.yml:1:1: there is no process_names",
        ),
        ("", "pe.yml:1:1: "),
    ] {
        let error = Import::process_exporter(yaml, "pe.yml")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{yaml}: {error}");
        assert!(
            !error.contains('\n') && !error.contains(" at line"),
            "{error}"
        );
    }
}

#[test]
fn nothing_foreign_becomes_a_rule() {
    let attack = "\\n[[subgroups]]\\ngroup='x'\\nsubgroup='y'\\nmatches=['*']\\n";
    for items in [
        format!("- name: \"{{{{.{attack}}}}}\"\n  comm: [a]\n"),
        format!("- name: \"{attack}\"\n  comm: [a]\n"),
        format!("- name: \"a{{{{.Matches.{attack}}}}}\"\n  comm: [\"{attack}\"]\n"),
        format!("- name: \"{attack}\"\n  cmdline: [\"(?={attack}\"]\n"),
        format!("- name: a\n  comm: [a]\n  \"{attack}\": [b]\n"),
        format!("- name: a\n  comm: [a]\n  exe: [\"/x{attack}\"]\n"),
        format!("- name: a\n  comm: [\"a\\r{attack}\", \"\\u2028\\u0085{attack}\"]\n"),
    ] {
        let yaml = format!("process_names:\n{items}");
        let import =
            Import::process_exporter(&yaml, &format!("pe.yml{}", attack.replace("\\n", "\n")))
                .unwrap();
        let rules = Rules::parse(&import.text, "f").unwrap();
        assert!(rules.len() <= 1, "{}", import.text);
        assert!(
            rules.iter().all(|rule| rule.group() == "imported"),
            "{}",
            import.text
        );
        for remark in &import.remarks {
            assert!(!remark.message.contains('\n'), "{remark:?}");
        }
    }
}
