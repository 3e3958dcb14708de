//! How many processes each rule has.

use std::collections::HashMap;
use std::sync::Arc;

use herakles_classify::Rule;

use super::roster::Member;

/// The processes of one scan, by the rule that matched them.
#[derive(Debug, Default)]
pub(crate) struct RuleCounts {
    /// By the address of the rule, which lives as long as the count.
    rules: HashMap<usize, (Arc<Rule>, RuleCount)>,
    /// Processes that no rule matches, and that are in the subgroup of an ancestor.
    pub(crate) inherited: u64,
}

/// The processes of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RuleCount {
    pub(crate) processes: u64,
    /// Those of them that are in `other`, because the rule had `max_values` subgroups already.
    pub(crate) overflowed: u64,
}

impl RuleCounts {
    pub(super) fn count(&mut self, member: &Member) {
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
    pub(crate) fn of(&self, rule: &Arc<Rule>) -> RuleCount {
        let known = self.rules.get(&address(rule));
        known.map(|(_, count)| *count).unwrap_or_default()
    }
}

fn address(rule: &Arc<Rule>) -> usize {
    Arc::as_ptr(rule).addr()
}
