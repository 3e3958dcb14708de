//! `/subgroups`: the rules in use, what none of them knows, and on request all of them.

use std::fmt::Write as _;
use std::sync::Arc;

use herakles_classify::{Rule, Rules};
use herakles_dashboard::{NamedProcesses, human};
use herakles_metrics::Snapshot;
use herakles_web::Body;
use herakles_web::hyper::{Request, Response};

use super::kept;
use crate::app::App;
use crate::cache::CachedRefresh;

/// So many names are shown.
const NAMES: usize = 20;

/// `/subgroups`: the rules that have processes, in the order in which they are tried;
/// `?rules=all` shows the others too.
pub(super) fn subgroups(app: &App, request: &Request<()>) -> Response<Body> {
    let running_config = app.running_config.load();
    let rules = running_config.options.classifier.rules();
    let cached = app.cache.load();
    let all = request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|it| it == "rules=all"));
    let text = match cached.as_deref() {
        Some(cached) if all => listed(rules, Some(cached), |_| true),
        Some(cached) => page(rules, cached),
        None => listed(rules, None, |_| true),
    };
    kept(text)
}

fn page(rules: &Rules, cached: &CachedRefresh) -> String {
    let is_used = |rule: &Arc<Rule>| cached.rule_counts.of(rule).processes > 0;
    let mut out = listed(rules, Some(cached), is_used);
    let unused = rules.iter().filter(|rule| !is_used(rule)).count();
    let _ = writeln!(
        out,
        "       {unused} more rules have no process now; /subgroups?rules=all shows all of them"
    );
    without_rule(cached, &mut out);
    names(&cached.snapshot, &mut out);
    out
}

fn listed(
    rules: &Rules,
    cached: Option<&CachedRefresh>,
    shows: impl Fn(&Arc<Rule>) -> bool,
) -> String {
    let mut out = String::from(
        "# Rules in the order in which they are tried; the first that matches decides.\n\
         # processes  group/subgroup  rule  patterns\n",
    );
    for rule in rules.iter().filter(|rule| shows(rule)) {
        let count = cached.map(|it| it.rule_counts.of(rule));
        let processes = count.map_or_else(|| "-".to_owned(), |it| it.processes.to_string());
        let (group, subgroup, origin) = (rule.group(), rule.subgroup(), rule.origin());
        let conditions = rule.conditions();
        let _ = writeln!(
            out,
            "{processes:>6}  {group}/{subgroup}  {origin}  {conditions}"
        );
        let overflowed = count.map_or(0, |it| it.overflowed);
        if let (1.., Some(most)) = (overflowed, rule.max_values()) {
            let _ = writeln!(
                out,
                "        {overflowed} of them are in other, as max_values = {most} is reached"
            );
        }
    }
    out
}

/// The processes that no rule matches.
fn without_rule(cached: &CachedRefresh, out: &mut String) {
    let members = |group: &str, subgroup: &str| {
        let mut all = cached.snapshot.subgroups().iter();
        let found = all.find(|it| (&*it.class.group, &*it.class.subgroup) == (group, subgroup));
        found.map_or(0, |it| it.processes)
    };
    for (processes, what) in [
        (
            cached.rule_counts.inherited,
            "no rule matches; they are in the subgroup of an ancestor whose rule has inherit",
        ),
        (members("system", "kernel"), "system/kernel  kernel threads"),
        (members("other", "other"), "other/other  no rule matches"),
    ] {
        let _ = writeln!(out, "{processes:>6}  {what}");
    }
}

/// The names in subgroups that say little of their members, the biggest first.
fn names(snapshot: &Snapshot, out: &mut String) {
    let subgroups = snapshot.processes().chunk_by(|a, b| a.class == b.class);
    let mut named: Vec<_> = subgroups
        .filter_map(|members| Some((&members.first()?.class, members)))
        .filter(|(class, _)| class.is_generic())
        .flat_map(|(class, members)| {
            let named = NamedProcesses::among(snapshot, members).into_iter();
            named.map(move |named| (class, named))
        })
        .collect();
    if named.is_empty() {
        return;
    }
    named.sort_by_key(|(_, named)| std::cmp::Reverse(named.held().1));
    out.push_str(
        "\n# The largest names, by USS, of which no more than their language is known, if that; \
         `herakles-exporter rules suggest` prints rules for them.\n\
         # processes  memory  name, and what it runs\n",
    );
    for (class, named) in named.iter().take(NAMES) {
        let (kind, bytes) = named.held();
        let size = human::bytes(bytes);
        let place = if &*class.group == "other" {
            String::new()
        } else {
            format!("  ({class})")
        };
        let _ = writeln!(
            out,
            "{:>6}  {size:>8} {kind}  {}{place}",
            named.processes, named.name
        );
    }
}
