//! How many processes each rule has.

use std::collections::HashMap;
use std::sync::Arc;

use herakles_classify::Rule;

use crate::process_table::{ProcessTable, TrackedProcess};

/// The processes of one scan, by the rule that matched them.
#[derive(Clone, Debug, Default)]
pub struct RuleCounts {
    /// By the address of the rule, which lives as long as the count.
    rules: HashMap<usize, (Arc<Rule>, RuleCount)>,
    /// Processes that are in the subgroup of an ancestor, as no rule that counts before the
    /// ancestor's matches them.
    pub inherited: u64,
}

/// The processes of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCount {
    /// How many there are.
    pub processes: u64,
    /// Those of them that are in `other`, because the rule had `max_values` subgroups already.
    pub overflowed: u64,
}

impl RuleCounts {
    /// Counts the processes of a scan.
    pub(crate) fn of_table(table: &ProcessTable) -> Self {
        let mut counts = Self::default();
        table.iter().for_each(|process| counts.count(process));
        counts
    }

    fn count(&mut self, member: &TrackedProcess) {
        let Some(rule) = &member.rule else {
            self.inherited += u64::from(member.is_heir());
            return;
        };
        let new = || (Arc::clone(rule), RuleCount::default());
        let (_, count) = self.rules.entry(address(rule)).or_insert_with(new);
        count.processes += 1;
        count.overflowed += u64::from(member.overflowed);
    }

    /// The count of a rule of the scan: this very one, not another with the same content.
    pub fn of(&self, rule: &Arc<Rule>) -> RuleCount {
        let known = self.rules.get(&address(rule));
        known.map(|(_, count)| *count).unwrap_or_default()
    }
}

fn address(rule: &Arc<Rule>) -> usize {
    Arc::as_ptr(rule).addr()
}

#[cfg(test)]
mod tests {
    use herakles_scan::testing::MemProc;

    use super::*;
    use crate::Collector;
    use crate::tests::{host_facts, options};

    const RULES: &str = "
        subgroups = [
            { group = 'ci', subgroup = 'builds', matches = ['buildd'], inherit = true },
            { group = 'ci', subgroup = 'builds', matches = ['queue'] },
            { group = 'ci', subgroup = '{comm}', matches = ['job-*'], max_values = 2 },
            { group = 'ci', subgroup = 'idle', matches = ['nobody'] },
        ]";

    /// Processes and overflow of each rule in order, and how many have inherited.
    fn counts(populate: impl Fn(&MemProc)) -> (Vec<(u64, u64)>, u64) {
        let proc = MemProc::new();
        populate(&proc);
        let options = options(RULES, &[]);
        let classifier = Arc::clone(&options.classifier);
        let collector = Collector::with_source(proc, host_facts(), options);
        let scan = collector.unwrap().scan().unwrap();
        let of = |rule: &Arc<Rule>| {
            let count = scan.rule_counts.of(rule);
            (count.processes, count.overflowed)
        };
        let counts = classifier.rules().iter().map(of).collect();
        (counts, scan.rule_counts.inherited)
    }

    #[test]
    fn a_process_counts_for_the_rule_that_matched_it() {
        let (counts, inherited) = counts(|proc| {
            let names = [
                "buildd", "queue", "queue", "job-a", "job-b", "job-c", "job-d",
            ];
            for (pid, name) in (10..).zip(names) {
                drop(proc.process(pid).name(name));
            }
            drop(proc.process(20).name("step").parent(10));
            drop(proc.process(21).name("substep").parent(20));
            drop(proc.process(22).name("queue").parent(20));
            drop(proc.process(23).name("unknown"));
        });
        assert_eq!(counts, [(1, 0), (3, 0), (4, 2), (0, 0)]);
        assert_eq!(inherited, 2);
    }
}
