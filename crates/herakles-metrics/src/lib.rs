//! Snapshot of all processes and its Prometheus exposition.
