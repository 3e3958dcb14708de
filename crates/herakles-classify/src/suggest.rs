//! Rules for processes that no rule knows yet.

mod template;

use std::fmt::Write;

use crate::classifier::Classifier;
use crate::facts::FactSource;
use crate::glob::Glob;
use crate::name::{self, display_name};
use crate::rule::Rules;
use crate::script;

pub use template::{Suggestion, suggest_templates};

/// A rule as TOML, ready to be edited, that catches this process and its like: by the script,
/// module or main class where an interpreter runs one, else by the name.
///
/// The subgroup is named after what the process is; only `group` is left to the caller. `None` for
/// a process without a name, which a pattern could catch only together with all others.
///
/// ```
/// use herakles_classify::{Facts, suggest};
///
/// let worker = Facts {
///     comm: b"python3",
///     cmdline: Some(b"python3\0/srv/app/worker.py\0--queue\0mail\0"),
///     ..Facts::default()
/// };
/// assert_eq!(
///     suggest(&worker, "app").unwrap(),
///     r#"[[subgroups]]
/// group = "app"
/// subgroup = "worker"
/// cmdline_matches = ['(?:^|[ /])worker\.py(?: |$)']
/// "#
/// );
/// ```
pub fn suggest<F: FactSource + ?Sized>(facts: &F, group: &str) -> Option<String> {
    let cmdline = facts.cmdline().and_then(name::visible_cmdline);
    let by_script = cmdline.and_then(script::script).map(|script| {
        let expression = format!("(?:^|[ /]){}(?: |$)", exact_regex(script));
        rule(group, stem(script), "cmdline_matches", &expression)
    });
    // Some ways to start a script leave no bare name behind, as `-mcelery`.
    let by_script = by_script.filter(|rule| alone(rule).is_some_and(|rule| catches(&rule, facts)));
    by_script.or_else(|| {
        let comm = facts.comm();
        (!comm.is_empty()).then(|| rule(group, comm, "matches", &Glob::exactly(comm)))
    })
}

fn rule(group: &str, subject: &[u8], key: &str, pattern: &str) -> String {
    let subgroup = without_braces(&display_name(subject));
    rule_text(&without_braces(group), &subgroup, &[(key, &[pattern])])
}

/// A rule as TOML with these lists.
fn rule_text(group: &str, subgroup: &str, lists: &[(&str, &[&str])]) -> String {
    let mut text = format!(
        "[[subgroups]]\ngroup = {}\nsubgroup = {}\n",
        toml::Value::from(group),
        toml::Value::from(subgroup)
    );
    for (key, items) in lists {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{key} = {}", toml::Value::from(items.to_vec()));
    }
    text
}

/// What has this rule alone; `None` if it is no rule.
fn alone(rule: &str) -> Option<Classifier> {
    Rules::parse(rule, "suggestion").ok().map(Classifier::new)
}

fn catches<F: FactSource + ?Sized>(rule: &Classifier, facts: &F) -> bool {
    rule.classify(facts).rule().is_some()
}

/// A name in which no variable is seen.
fn without_braces(name: &str) -> String {
    name.replace(['{', '}'], "_")
}

/// A script's name without its extension; names of classes keep their dots.
fn stem(script: &[u8]) -> &[u8] {
    const EXTENSIONS: [&[u8]; 9] = [
        b".py", b".js", b".mjs", b".rb", b".pl", b".php", b".sh", b".jar", b".war",
    ];
    let stem = EXTENSIONS
        .iter()
        .find_map(|extension| script.strip_suffix(*extension));
    stem.filter(|stem| !stem.is_empty()).unwrap_or(script)
}

/// A regular expression that matches these bytes.
fn exact_regex(text: &[u8]) -> String {
    let mut expression = String::new();
    for chunk in text.utf8_chunks() {
        expression.push_str(&regex_syntax::escape(chunk.valid()));
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(expression, r"\x{byte:02x}");
        }
    }
    expression
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use proptest::prelude::*;

    fn suggested(comm: &str, cmdline: &str) -> String {
        let cmdline = cmdline.replace(' ', "\0");
        let facts = Facts {
            comm: comm.as_bytes(),
            cmdline: Some(cmdline.as_bytes()),
            ..Facts::default()
        };
        let text = suggest(&facts, "g").unwrap();
        text.lines().skip(2).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_runs_names_the_rule() {
        assert_eq!(
            suggested("java", "java -cp x com.example.Main"),
            r#"subgroup = "com.example.Main"; cmdline_matches = ['(?:^|[ /])com\.example\.Main(?: |$)']"#
        );
        assert_eq!(
            suggested("python3", "python3 -mcelery worker"),
            r#"subgroup = "python3"; matches = ["python3"]"#
        );
        assert_eq!(
            suggested("[odd] *", "/opt/odd --secret=x"),
            r#"subgroup = "[odd] *"; matches = ["[[]odd] [*]"]"#
        );
        assert_eq!(
            suggested("a{b}", ""),
            r#"subgroup = "a_b_"; matches = ["a[{]b[}]"]"#
        );
    }

    proptest! {
        #[test]
        fn the_rule_catches_the_process(
            comm in prop::collection::vec(any::<u8>(), 0..16),
            script in "[ -~]{0,12}|\\PC{0,4}",
            bytes in prop::collection::vec(any::<u8>(), 0..8),
            language in prop::sample::select(vec!["python3", "java", "node", "sh", "nginx"]),
        ) {
            let cmdline = [language.as_bytes(), b"\0", script.as_bytes(), &bytes].concat();
            let facts = Facts { comm: &comm, cmdline: Some(&cmdline), ..Facts::default() };
            let suggestion = suggest(&facts, "g");
            prop_assert!(suggestion.is_some() || comm.is_empty());
            if let Some(rule) = suggestion {
                let alone = alone(&rule).expect("it is a rule");
                prop_assert!(catches(&alone, &facts), "{}", rule);
            }
        }
    }
}
