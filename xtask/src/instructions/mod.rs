//! Counts the instructions of fixed work, and compares them with the counts in the repository.
//!
//! Unlike times they are the same on a busy machine, to a few in ten thousand, so that the gate can
//! hold them to a narrow limit. What they depend on besides the code is in [`Conditions`]; under
//! other conditions nothing is compared.

mod baseline;
mod comparison;
mod conditions;
mod count;

use std::{path::PathBuf, process::Command};

pub(crate) use self::count::build;
use self::{baseline::Baseline, comparison::Comparison, conditions::Conditions};
use crate::{command, failure::Failure, workspace};

/// What the repository says.
fn baseline_file() -> PathBuf {
    workspace::root().join("benches/instructions/baseline.json")
}

/// Builds, counts and shows; with `renew` the counts become the baseline.
///
/// # Errors
/// When something cannot be counted, or needs more instructions than the baseline allows.
pub(crate) fn run(valgrind: Option<impl Fn() -> Command>, renew: bool) -> Result<(), Failure> {
    let valgrind = valgrind.ok_or_else(|| {
        Failure::new("there is no valgrind; `cargo xtask ci tools` brings it, or install it")
    })?;
    command::run(&mut build())?;
    if renew {
        let baseline = Baseline {
            conditions: Conditions::here(valgrind())?,
            instructions: count::all(valgrind)?,
        };
        return baseline.write(&baseline_file());
    }
    let difference = difference(valgrind())?;
    let comparison = counted(valgrind)?;
    println!("{comparison}");
    if let Some(difference) = difference {
        println!("no verdict: {difference}");
        return Ok(());
    }
    judge(&comparison)
}

/// As [`run`], after [`build`], for the gate.
///
/// # Errors
/// As [`run`].
pub(crate) fn check(valgrind: impl Fn() -> Command) -> Result<(), Failure> {
    let comparison = counted(valgrind)?;
    println!("{comparison}");
    judge(&comparison)
}

fn counted(valgrind: impl Fn() -> Command) -> Result<Comparison, Failure> {
    let baseline = Baseline::read(&baseline_file())?;
    let now = count::all(valgrind)?;
    Ok(Comparison::new(&baseline.instructions, &now))
}

/// What is not as it was when the baseline was made, for those who wonder why nothing is compared.
///
/// # Errors
/// When the baseline cannot be read, or a tool does not say its version.
pub(crate) fn difference(valgrind: Command) -> Result<Option<String>, Failure> {
    let baseline = Baseline::read(&baseline_file())?;
    Ok(baseline.conditions.difference(&Conditions::here(valgrind)?))
}

fn judge(comparison: &Comparison) -> Result<(), Failure> {
    for hint in comparison.hints() {
        println!("hint: {hint}");
    }
    let findings = comparison.findings();
    if findings.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{}; if that is the price of something better, `cargo xtask instructions --renew`",
        findings.join("; ")
    )))
}
