//! One pass over /proc into a [`Snapshot`](herakles_metrics::Snapshot), generic over where the
//! processes come from.

mod accounts;
mod adaptive;
mod collector;
mod exact;
mod exits;
mod facts;
mod host;
mod idle;
mod machine;
mod memory_pass;
mod outcome;
mod process_sample;
mod process_table;
mod rule_counts;
mod stats;
mod survey;
#[cfg(test)]
pub(crate) mod tests;
mod users;
mod worker_pool;

pub(crate) use collector::Collector;
pub(crate) use machine::Machine;
pub(crate) use outcome::Scan;
pub(crate) use rule_counts::RuleCounts;
pub(crate) use stats::EXITS_LOST;
pub(crate) use users::Users;
