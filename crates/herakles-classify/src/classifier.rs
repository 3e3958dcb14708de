//! The search for the first rule that matches.

use std::collections::HashSet;
use std::sync::Arc;

use crate::candidates::Candidates;
use crate::class::Class;
use crate::exact::ExactNames;
use crate::facts::{FactSource, Needs};
use crate::inheritance;
use crate::name::{self, CMDLINE_LEN};
use crate::pattern::{CmdlinePattern, GlobPattern};
use crate::rule::{Rule, Rules};
use crate::script;
use crate::template::Variable;

/// Decides which rule a process falls under.
///
/// Immutable and shared freely between threads; a classification allocates only where a rule's
/// names hold `{variables}`.
///
/// ```
/// use herakles_classify::{Classifier, Facts, Rules};
///
/// let rules = Rules::parse(
///     r#"
///     [[subgroups]]
///     group = "web"
///     subgroup = "tomcat"
///     cmdline_matches = ['org\.apache\.catalina\.startup\.Bootstrap']
///
///     [[subgroups]]
///     group = "runtime"
///     subgroup = "java"
///     matches = ["java"]
///     "#,
///     "my.toml",
/// )?;
/// let classifier = Classifier::new(rules);
/// let tomcat = Facts {
///     comm: b"java",
///     cmdline: Some(b"/usr/bin/java\0-Xmx1g\0org.apache.catalina.startup.Bootstrap\0start\0"),
///     ..Facts::default()
/// };
/// let classification = classifier.classify(&tomcat);
/// assert_eq!(classification.class().unwrap().to_string(), "web/tomcat");
/// # Ok::<_, herakles_classify::RuleError>(())
/// ```
#[derive(Debug)]
pub struct Classifier {
    rules: Rules,
    exact_names: ExactNames,
    name_globs: Candidates<GlobPattern>,
    cmdlines: Candidates<Arc<CmdlinePattern>>,
    exes: Candidates<GlobPattern>,
    /// The first rule with a pattern that can match a name longer than `comm`.
    first_full_name: usize,
    needs: Needs,
}

impl Classifier {
    /// Prepares the search over rules in the order given.
    pub fn new(rules: Rules) -> Self {
        let mut name_globs = Vec::new();
        let mut cmdlines = Vec::new();
        let mut exes = Vec::new();
        let mut first_full_name = usize::MAX;
        for (index, rule) in rules.iter().enumerate() {
            for pattern in &rule.names {
                if pattern.matcher.exact().is_none() {
                    name_globs.push((index, pattern.clone()));
                }
                if pattern.may_be_longer() {
                    first_full_name = first_full_name.min(index);
                }
            }
            cmdlines.extend(rule.cmdlines.iter().map(|pattern| (index, pattern.clone())));
            exes.extend(rule.exes.iter().map(|pattern| (index, pattern.clone())));
        }
        let needs = needs(&rules, first_full_name != usize::MAX);
        Self {
            exact_names: ExactNames::new(&rules),
            rules,
            name_globs: Candidates::new(name_globs),
            cmdlines: Candidates::new(cmdlines),
            exes: Candidates::new(exes),
            first_full_name,
            needs,
        }
    }

    /// The rules in the order in which they are tried.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Which facts any rule can use; the others are never asked for.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// The first rule that matches.
    ///
    /// Asks for no fact that could not change the answer: a process whose name decides is not
    /// asked for its command line, unless an earlier rule looks at command lines.
    pub fn classify<F: FactSource + ?Sized>(&self, facts: &F) -> Classification {
        let is_manager = inheritance::is_manager(facts.comm());
        let Some(rule) = self.rules.at(self.first_match(facts)) else {
            return Classification {
                rule: None,
                class: None,
                is_manager,
            };
        };
        Classification {
            rule: Some(rule.clone()),
            class: Some(rule.class_of(facts)),
            is_manager,
        }
    }

    /// The index of the first rule that matches, or one beyond all rules.
    fn first_match<F: FactSource + ?Sized>(&self, facts: &F) -> usize {
        let admits = |index| {
            self.rules
                .at(index)
                .is_some_and(|rule: &Arc<Rule>| rule.admits(facts))
        };
        let mut best = self.by_name(facts.comm(), usize::MAX, admits);
        if self.first_full_name < best {
            for full in name::full_names(facts) {
                best = self.by_name(full, best, admits);
            }
        }
        if self.exes.first_rule() < best
            && let Some(exe) = facts.exe()
        {
            best = self.exes.first_match(name::exe_path(exe), best, admits);
        }
        if self.cmdlines.first_rule() < best
            && let Some(cmdline) = facts.cmdline().and_then(name::visible_cmdline)
        {
            let mut buffer = [0; CMDLINE_LEN];
            let line = name::with_spaces(cmdline, &mut buffer);
            best = self.cmdlines.first_match(line, best, admits);
            if let Some(line) = script::program_line(cmdline, &mut buffer) {
                best = self.cmdlines.first_match(line, best, admits);
            }
        }
        best
    }

    /// The rules whose expressions may match the command line, both as it is and from the program
    /// on; no other's do.
    pub(crate) fn possible_by_cmdline(&self, cmdline: &[u8]) -> HashSet<usize> {
        let mut buffer = [0; CMDLINE_LEN];
        let line = name::with_spaces(cmdline, &mut buffer);
        let mut rules = self.cmdlines.possible_rules(line);
        if let Some(line) = script::program_line(cmdline, &mut buffer) {
            rules.extend(self.cmdlines.possible_rules(line));
        }
        rules
    }

    fn by_name(&self, name: &[u8], best: usize, admits: impl Fn(usize) -> bool) -> usize {
        let names = &self.exact_names;
        let best = names.first_match(&self.rules, name, best, &admits);
        if self.name_globs.first_rule() < best {
            self.name_globs.first_match(name, best, admits)
        } else {
            best
        }
    }
}

fn needs(rules: &Rules, full_names: bool) -> Needs {
    let mut needs = Needs {
        cmdline: full_names,
        exe: full_names,
        ..Needs::default()
    };
    for rule in rules.iter() {
        needs.cmdline |= !rule.cmdlines.is_empty();
        needs.exe |= !rule.exes.is_empty();
        let constraints = &rule.constraints;
        needs.user |= !constraints.users.is_empty();
        needs.cgroup |= !constraints.cgroups.is_empty();
        needs.parent_comm |= !constraints.parents.is_empty();
        needs.cmdline |= !(constraints.argv0.is_empty() && constraints.cmdline_all.is_empty());
        if constraints.names.iter().any(GlobPattern::may_be_longer) {
            needs.cmdline = true;
            needs.exe = true;
        }
        for variable in rule.variables() {
            match variable {
                Variable::Comm => {}
                Variable::Exe => needs.exe = true,
                Variable::User => needs.user = true,
                Variable::Unit | Variable::Slice | Variable::Container | Variable::Pod => {
                    needs.cgroup = true;
                }
                Variable::Argv0 | Variable::Script | Variable::Capture(_) => needs.cmdline = true,
            }
        }
    }
    needs
}

/// What the rules say of one process.
///
/// The class a process ends up in may still differ, by inheritance or because a template has no
/// value left: [`ClassTable::place`](crate::ClassTable::place) has the last word.
#[derive(Clone, Debug)]
pub struct Classification {
    pub(crate) rule: Option<Arc<Rule>>,
    pub(crate) class: Option<Class>,
    pub(crate) is_manager: bool,
}

impl Classification {
    /// The rule that matched, if one did.
    pub fn rule(&self) -> Option<&Arc<Rule>> {
        self.rule.as_ref()
    }

    /// The class it gives, variables filled in.
    pub fn class(&self) -> Option<&Class> {
        self.class.as_ref()
    }

    /// Whether it says little of what the process is: no rule matches, or the class of the one that
    /// does [is generic](Class::is_generic).
    pub fn is_generic(&self) -> bool {
        self.class.as_ref().is_none_or(Class::is_generic)
    }
}
