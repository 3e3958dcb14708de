//! Whatever the items are: the same processes match, and what is written loads.

use herakles_classify::{Import, Rules};
use proptest::prelude::*;

use super::subgroup;

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

/// A list with its key; nothing for an empty one, which would match nothing.
fn list(key: &str, items: &[&str]) -> String {
    let quoted: Vec<String> = items.iter().map(|it| format!("'{it}'")).collect();
    if items.is_empty() {
        String::new()
    } else {
        format!("  {key}: [{}]\n", quoted.join(", "))
    }
}

proptest! {
    // Each case compiles expressions.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_converted_rule_matches_what_all_selectors_match(
        exe in prop::sample::subsequence(vec!["java", "/opt/x/run", "node"], 0..=3),
        cmdline in prop::sample::subsequence(WORDS.to_vec(), 0..=6).prop_shuffle(),
        first in prop::sample::select(vec!["java", "/usr/bin/java", "/opt/x/run", "run", "nodes"]),
        rest in prop::sample::subsequence(WORDS.to_vec(), 0..=6).prop_shuffle(),
    ) {
        prop_assume!(!exe.is_empty() || !cmdline.is_empty());
        let items = format!("- name: hit\n{}{}", list("exe", &exe), list("cmdline", &cmdline));
        let arguments: Vec<&str> = [first].into_iter().chain(rest).collect();
        let expected = if reference(&exe, &cmdline, &arguments) { "hit" } else { "" };
        prop_assert_eq!(subgroup(&items, "any", &arguments), expected, "{}", items);
    }

    #[test]
    fn any_item_becomes_rules_that_load(
        name in "[a-z{}. \"'\\n\\r#-]{0,12}|\\PC{0,8}|\\{\\{\\.(Comm|PID|Matches\\.a)\\}\\}|\\{\\{[\\x00-\\x7f]{0,8}\\}\\}",
        comm in prop::collection::vec("[\\x00-\\x7f]{0,6}|\\PC{0,6}", 0..3),
        exe in prop::collection::vec("[a-z/*({\\\\\\n]{0,6}", 0..3),
        cmdline in prop::collection::vec("[a-z()|^$*+?\\\\\\[\\]{<>P&:\\- \\n]{0,12}|\\(\\?P<a>x\\)", 0..4),
    ) {
        // JSON is YAML too.
        let item = serde_json::json!({ "name": name, "comm": comm, "exe": exe, "cmdline": cmdline });
        let yaml = format!("process_names:\n- {item}\n");
        if let Ok(import) = Import::process_exporter(&yaml, "pe.yml") {
            let rules = Rules::parse(&import.text, "imported");
            prop_assert!(rules.as_ref().is_ok_and(|rules| rules.len() <= 1), "{:?}\n{}", rules, import.text);
        }
    }

    #[test]
    fn any_text_is_converted_or_refused(text in "(process_names:)?[ \n\\-a-z:\\[\\]{}&*'\"]{0,60}") {
        let _ = Import::process_exporter(&text, "pe.yml");
    }
}
