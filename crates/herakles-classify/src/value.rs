//! What a template variable stands for, for one process.

use crate::cgroup;
use crate::class::Class;
use crate::facts::FactSource;
use crate::name::{self, CMDLINE_LEN};
use crate::rule::Rule;
use crate::script;
use crate::template::Variable;

impl Rule {
    /// The class it gives a process with these facts.
    pub(crate) fn class_of<F: FactSource + ?Sized>(&self, facts: &F) -> Class {
        let value = |variable: &Variable| variable.value(self, facts);
        match self.class() {
            Some(class) => class.clone(),
            None => Class::new(self.group.render(value), self.subgroup.render(value)),
        }
    }
}

impl Variable {
    /// Its value, fit for a class name; `unknown` where the fact is absent.
    pub(crate) fn value<F: FactSource + ?Sized>(&self, rule: &Rule, facts: &F) -> String {
        let cmdline = || facts.cmdline().and_then(name::visible_cmdline);
        let bytes = match self {
            Self::Comm => Some(facts.comm()),
            Self::Exe => facts.exe().map(name::exe_path).map(name::basename),
            Self::Argv0 => {
                let argument = name::first_argument(facts).map(name::basename);
                Some(argument.unwrap_or_else(|| facts.comm()))
            }
            Self::User => facts.user().map(str::as_bytes),
            Self::Capture(capture) => {
                let mut buffer = [0; CMDLINE_LEN];
                let value = cmdline().and_then(|cmdline| {
                    let line = name::with_spaces(cmdline, &mut buffer);
                    let value = captured(rule, capture, line).map(name::template_value);
                    value.or_else(|| {
                        let line = script::program_line(cmdline, &mut buffer)?;
                        captured(rule, capture, line).map(name::template_value)
                    })
                });
                return value.unwrap_or_else(|| name::template_value(b""));
            }
            Self::Unit => facts.cgroup().and_then(cgroup::unit),
            Self::Slice => facts.cgroup().and_then(cgroup::slice),
            Self::Container => {
                let container = facts.cgroup().and_then(cgroup::container);
                return name::template_value(&container.unwrap_or_default());
            }
            Self::Pod => {
                let pod = facts.cgroup().and_then(cgroup::pod);
                return name::template_value(&pod.unwrap_or_default());
            }
            Self::Script => cmdline().and_then(script::script),
        };
        name::template_value(bytes.unwrap_or_default())
    }
}

/// The capture of that name in the first of the rule's expressions that has one.
fn captured<'l>(rule: &Rule, capture: &str, line: &'l [u8]) -> Option<&'l [u8]> {
    rule.expressions()
        .find_map(|pattern| pattern.matcher.regex()?.captures(line)?.name(capture))
        .map(|found| found.as_bytes())
}
