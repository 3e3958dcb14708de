//! The outcome as a table in Markdown.

use super::round::{Attributed, Outcome};
use crate::storm::Storm;

/// Prints the head of the table.
pub(super) fn head() {
    println!(
        "| storm | processes per minute | window, s | host: user + nice + system, s \
         | the same by the scheduler's clock, s | Herakles: of the host \
         | of the scheduler's clock | process-exporter: of the host | storm's own account, s \
         | Herakles: of the storm | process-exporter: of the storm | counters fallen (scrapes) |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
}

/// Prints one storm.
pub(super) fn line(storm: Storm, outcome: &Outcome) {
    let account = outcome.account;
    let minutes = outcome.wall.as_secs_f64() / 60.0;
    let rival = |share: fn(&Attributed) -> f64| {
        or_dash(
            outcome
                .process_exporter
                .as_ref()
                .map(|it| per_cent(share(it))),
        )
    };
    println!(
        "| {} | {:.0} | {:.0} | {:.1} | {} | {} | {} | {} | {:.2} | {} | {} | {} ({}) |",
        storm.name(),
        account.processes as f64 / minutes,
        outcome.wall.as_secs_f64(),
        outcome.host,
        or_dash(outcome.host_by_scheduler.map(|it| format!("{it:.1}"))),
        per_cent(outcome.herakles.of_host),
        or_dash(outcome.of_scheduler().map(per_cent)),
        rival(|it| it.of_host),
        (account.waited + account.unwaited).as_secs_f64(),
        per_cent(outcome.herakles.of_storm),
        rival(|it| it.of_storm),
        outcome.fallen.len(),
        outcome.compared,
    );
}

fn per_cent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}
