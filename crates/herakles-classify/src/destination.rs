//! Where a rule may lead.

use crate::rule::Rule;

/// Names are at most this long, so nothing longer is looked at.
const LONGEST: usize = 1024;

impl Rule {
    /// Whether it may put a process into this group and subgroup: its variables stand for anything.
    pub fn may_lead_to(&self, group: &str, subgroup: &str) -> bool {
        let short = group.len() <= LONGEST && subgroup.len() <= LONGEST;
        short && may_become(self.group(), group) && may_become(self.subgroup(), subgroup)
    }
}

/// Whether a name as a rule writes it, with variables in braces, may become this one. Each text
/// between two variables is taken where it comes first, which leaves most to those behind it.
fn may_become(written: &str, name: &str) -> bool {
    let mut texts = Vec::new();
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('{') {
        texts.push(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    let Some((first, between)) = texts.split_first() else {
        return written == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    for text in between {
        let Some(at) = left.find(text) else {
            return false;
        };
        left = left.get(at + text.len()..).unwrap_or_default();
    }
    left.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_name_becomes_what_its_variables_allow() {
        assert!(may_become("db", "db") && !may_become("db", "dbx"));
        assert!(may_become("{user}", "postgres") && may_become("{user}", ""));
        assert!(may_become("app-{script}-{user}", "app-x-y-root"));
        assert!(!may_become("app-{script}-{user}", "app-x") && !may_become("a{x}b", "ac"));
        assert!(may_become("a{x}é", "aüé"));
        assert!(may_become("a{x}ba", "aba") && may_become("a{x}a", "aaa"));
        assert!(!may_become("ab{x}b", "ab"));
    }
}
