//! The gate: every step a change must pass, cheapest first.
//!
//! One development build serves the tests of all kinds; only the work whose instructions are counted
//! is built as for release. With
//! `CI=true` a tool that is missing and cannot be installed is a failure; otherwise the steps that
//! need it say that they were skipped.

mod apt;
mod command;
mod log;
mod outcome;
mod packed;
mod places;
mod programs;
mod steps;
mod targets;
mod tools;

pub(crate) use self::places::valgrind;

use std::{
    env,
    time::{Duration, Instant},
};

use self::{
    outcome::{Outcome, Strictness},
    steps::{Kind, Step},
};
use crate::failure::Failure;

/// The names of the steps, in their order.
pub(crate) fn step_names() -> Vec<&'static str> {
    steps::STEPS.iter().map(|step| step.name).collect()
}

/// What the steps have shown so far.
#[derive(Default)]
struct Report {
    took: Vec<(&'static str, Duration)>,
    /// Steps, tests and parts of tests that did not run, and why.
    left_out: Vec<String>,
    failed: Vec<String>,
}

/// Runs the steps, or only those named.
///
/// # Errors
/// The failing steps, with their commands; their output has been printed.
pub(crate) fn run(only: &[&str]) -> Result<(), Failure> {
    let started = Instant::now();
    let mut report = Report::default();
    let strictness = strictness();
    for step in &steps::STEPS {
        let is_asked_for = only.is_empty() || only.contains(&step.name);
        if !is_asked_for {
            continue;
        }
        let failed_before = report.failed.len();
        report.take(step, strictness);
        if step.kind == Kind::Preparation && report.failed.len() > failed_before {
            break;
        }
    }
    report.close(started.elapsed())
}

impl Report {
    fn take(&mut self, step: &Step, strictness: Strictness) {
        let name = step.name;
        println!("{name}: started");
        let started = Instant::now();
        let result = (step.run)(strictness);
        let took = started.elapsed();
        let seconds = took.as_secs_f64();
        self.took.push((name, took));
        match result {
            Ok(Outcome::Passed) => println!("{name}: ok in {seconds:.1} s"),
            Ok(Outcome::Without(reasons)) => {
                println!("{name}: ok in {seconds:.1} s, but");
                for reason in reasons {
                    println!("{name}: left out {reason}");
                    self.left_out.push(reason);
                }
            }
            Ok(Outcome::Skipped(reason)) if strictness == Strictness::Lenient => {
                println!("{name}: skipped, {reason}");
                self.left_out.push(format!("{name}, {reason}"));
            }
            Ok(Outcome::Skipped(reason)) => self.fail(name, seconds, &reason),
            Err(failure) => self.fail(name, seconds, &failure.to_string()),
        }
    }

    fn fail(&mut self, name: &str, seconds: f64, reason: &str) {
        println!("{name}: FAILED after {seconds:.1} s");
        self.failed.push(format!("{name}: {reason}"));
    }

    fn close(self, all: Duration) -> Result<(), Failure> {
        if !self.failed.is_empty() {
            let failed = self.failed.join("\n  ");
            return Err(Failure::new(format!("the gate is closed:\n  {failed}")));
        }
        if !self.left_out.is_empty() {
            println!("gate: left out\n  {}", self.left_out.join("\n  "));
        }
        let steps = self.took.iter();
        let steps: Vec<String> = steps
            .map(|(name, took)| format!("{name} {:.0}", took.as_secs_f64()))
            .collect();
        println!(
            "gate: ok in {:.0} s ({})",
            all.as_secs_f64(),
            steps.join(", ")
        );
        Ok(())
    }
}

fn strictness() -> Strictness {
    let ci = env::var("CI").unwrap_or_default();
    match ci.as_str() {
        "" | "0" | "false" => Strictness::Lenient,
        _ => Strictness::Strict,
    }
}
