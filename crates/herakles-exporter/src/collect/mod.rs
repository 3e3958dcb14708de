//! One pass over /proc into a [`Snapshot`](herakles_metrics::Snapshot), generic over where the
//! processes come from.

mod accounts;
mod adaptive;
mod collector;
mod crew;
mod exact;
mod exits;
mod facts;
mod gate;
mod host;
mod memory_pass;
mod roster;
mod rule_counts;
mod survey;
mod tally;
#[cfg(test)]
pub(crate) mod tests;
mod users;

pub(crate) use collector::{Collector, Machine, Scan};
pub(crate) use rule_counts::RuleCounts;
pub(crate) use tally::EXITS_LOST;
pub(crate) use users::Users;
