//! An explanation for those who may not see what it was held against.

use super::{Explanation, Fact, PatternKind, RuleMatch};

impl Explanation {
    /// Which rule decided and by which pattern, in sentences, each on a line. Unlike the whole
    /// explanation they quote nothing of the process: its command line may hold secrets.
    pub fn reason(&self) -> String {
        let decided = match &self.matched {
            Some(matched) => {
                format!(
                    "The {} puts it into {}/{}.",
                    rule(matched),
                    matched.group,
                    matched.subgroup
                )
            }
            None => format!(
                "None of {} rules matches it; it is in other/other, or where an ancestor's rule with \
                 inherit puts it.",
                self.rules
            ),
        };
        let mut lines = vec![decided];
        if let Some(next) = &self.next {
            lines.push(format!("Otherwise the {} would.", rule(next)));
        }
        lines.extend(self.refused.iter().map(|refusal| {
            format!(
                "The {} does not apply, as a constraint does not hold.",
                rule(&refusal.rule)
            )
        }));
        if !self.absent.is_empty() {
            let absent: Vec<&str> = self.absent.iter().map(name).collect();
            lines.push(format!(
                "Not readable, so that rules on it cannot match: {}.",
                absent.join(", ")
            ));
        }
        lines.join("\n")
    }
}

fn rule(matched: &RuleMatch) -> String {
    let on = match matched.by {
        PatternKind::Name => "its name",
        PatternKind::FullName => "its name in full",
        PatternKind::Exe => "its executable",
        PatternKind::Cmdline => "its command line",
    };
    format!(
        "rule at {} with the pattern {} on {on}",
        matched.origin, matched.pattern
    )
}

fn name(fact: &Fact) -> &'static str {
    match fact {
        Fact::Cmdline => "command line",
        Fact::Exe => "executable",
        Fact::Cgroup => "cgroup",
        Fact::User => "user",
        Fact::ParentComm => "name of the parent",
    }
}

#[cfg(test)]
mod tests {
    use crate::{Classifier, Facts, Rules};

    #[test]
    fn it_names_rule_and_pattern_and_nothing_of_the_process() {
        let text = "[[subgroups]]\ngroup = 'a'\nsubgroup = 'b'\ncmdline_matches = ['--key']\n";
        let classifier = Classifier::new(Rules::parse(text, "own.toml").unwrap());
        let facts = Facts {
            comm: b"x",
            cmdline: Some(b"x\0--key\0hunter2\0"),
            ..Facts::default()
        };
        assert_eq!(
            classifier.explain(&facts).reason(),
            "The rule at own.toml:1 with the pattern --key on its command line puts it into a/b."
        );
        let none = classifier
            .explain(&Facts {
                cmdline: None,
                ..facts
            })
            .reason();
        assert!(none.starts_with("None of 1 rules matches it;"), "{none}");
        assert!(
            none.ends_with("rules on it cannot match: command line."),
            "{none}"
        );
    }
}
