//! `/subgroups`: the rules, how many processes each has, and what none of them knows.

use std::fmt::Write as _;

use herakles_classify::Rules;
use herakles_metrics::Unclassified;
use herakles_web::hyper::{Response, StatusCode};
use herakles_web::{Body, respond};

use crate::app::App;
use crate::cache::CachedRefresh;
use crate::rule_text;
use herakles_dashboard::human;

/// So many unclassified names are shown.
const NAMES: usize = 20;

/// `/subgroups`: the effective rules in order, with how many processes each has now.
pub(super) fn subgroups(app: &App) -> Response<Body> {
    let running_config = app.running_config.load();
    let cached = app.cache.load();
    let text = page(running_config.options.classifier.rules(), cached.as_deref());
    respond::text(StatusCode::OK, text)
}

fn page(rules: &Rules, cached: Option<&CachedRefresh>) -> String {
    let mut out = String::from(
        "# Rules in the order in which they are tried; the first that matches decides.\n\
         # processes  group/subgroup  rule  patterns\n",
    );
    for rule in rules.iter() {
        let count = cached.map(|it| it.rule_counts.of(rule));
        let processes = count.map_or_else(|| "-".to_owned(), |it| it.processes.to_string());
        let _ = write!(
            out,
            "{processes:>6}  {}/{}  {}",
            rule.group(),
            rule.subgroup(),
            rule.origin()
        );
        rule_text::patterns(rule, &mut out);
        out.push('\n');
        let overflowed = count.map_or(0, |it| it.overflowed);
        if let (1.., Some(most)) = (overflowed, rule.max_values()) {
            let _ = writeln!(
                out,
                "        {overflowed} of them are in other, as max_values = {most} is reached"
            );
        }
    }
    if let Some(cached) = cached {
        without_rule(cached, &mut out);
    }
    out
}

/// The processes that no rule matches, and the largest names among those that stay unclassified.
fn without_rule(cached: &CachedRefresh, out: &mut String) {
    let snapshot = &cached.snapshot;
    let members = |group: &str, subgroup: &str| {
        let mut all = snapshot.subgroups().iter();
        let found = all.find(|it| (&*it.class.group, &*it.class.subgroup) == (group, subgroup));
        found.map_or(0, |it| it.processes)
    };
    let _ = writeln!(
        out,
        "{:>6}  no rule matches; they are in the subgroup of an ancestor whose rule has inherit",
        cached.rule_counts.inherited
    );
    let kernel = members("system", "kernel");
    let _ = writeln!(out, "{kernel:>6}  system/kernel  kernel threads");
    let unclassified = members("other", "other");
    let _ = writeln!(out, "{unclassified:>6}  other/other  no rule matches");
    let largest = Unclassified::largest(snapshot, NAMES);
    if largest.is_empty() {
        return;
    }
    out.push_str(
        "\n# The largest names that no rule matches; `herakles-exporter rules suggest` prints rules \
         for them.\n# processes  memory  name\n",
    );
    for it in largest {
        let (kind, bytes) = it.held();
        let size = human::bytes(bytes);
        let _ = writeln!(out, "{:>6}  {size:>8} {kind}  {}", it.processes, it.name());
    }
}
