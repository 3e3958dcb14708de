//! A web configuration file as its users meet it: every table case of exporter-toolkit's own tests,
//! with certificates made here, and what those leave out.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod behaviour;
mod certificates;
mod clients;
mod configuration;
mod harness;
mod hostile;
mod http2;
mod reload;
mod users;
