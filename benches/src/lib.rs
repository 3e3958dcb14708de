//! Benchmarks live in `benches/`; this crate has no code of its own.

/// Compiles and runs the examples of the README, which use more crates than any one library may.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
