//! One pass over /proc into a [`Snapshot`](herakles_metrics::Snapshot), generic over where the
//! processes come from.

mod accounts;
mod collector;
mod crew;
mod facts;
mod host;
mod memory_pass;
mod roster;
mod survey;
mod tally;
mod users;

pub(crate) use collector::{Collector, Machine, Scan};
pub(crate) use users::Users;
