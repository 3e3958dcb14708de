//! An [`Explanation`] as people read it.

use std::fmt;

use super::{Explanation, Fact, PatternKind, RuleMatch};
use crate::quote::quoted;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.class)?;
        match &self.matched {
            Some(rule) => writeln!(f, "  by the rule at {rule}")?,
            None => writeln!(f, "  because none of the {} rules matches", self.rules)?,
        }
        for variable in &self.variables {
            writeln!(f, "  with {{{}}} = {:?}", variable.name, variable.value)?;
        }
        for refusal in &self.refused {
            writeln!(
                f,
                "  not by {}, whose constraint {} does not hold",
                refusal.rule, refusal.constraint
            )?;
        }
        if let Some(next) = &self.next {
            writeln!(
                f,
                "  next would be {}/{} at {next}",
                next.group, next.subgroup
            )?;
        }
        if !self.absent.is_empty() {
            let names: Vec<_> = self.absent.iter().map(ToString::to_string).collect();
            writeln!(
                f,
                "  unknown: {}; rules that look there cannot match",
                names.join(", ")
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for RuleMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.origin, self.by, quoted(&self.pattern))?;
        if self.pattern_line != self.origin.line {
            write!(f, " (line {})", self.pattern_line)?;
        }
        write!(f, " matches {}", quoted(&self.part))?;
        if self.part != self.text {
            write!(f, " in {}", quoted(&self.text))?;
        }
        Ok(())
    }
}

impl fmt::Display for PatternKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::FullName => "full name",
            Self::Exe => "executable",
            Self::Cmdline => "command line",
        })
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cmdline => "command line",
            Self::Exe => "executable",
            Self::Cgroup => "control group",
            Self::User => "user",
            Self::ParentComm => "parent's name",
        })
    }
}
